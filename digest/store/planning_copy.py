"""A copy of what planning reads, without addresses and names, in a file of its own (door)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, event, func, insert, select, text, update

from digest.scheduling.cadence import next_slot, parse_rule
from digest.store.engine import open_engine
from digest.store.get_or_create import chunks
from digest.store.tables import (
    article_keys,
    article_sources,
    articles,
    cadences,
    deliveries,
    digests,
    edition_notes,
    editions,
    event_windows,
    events,
    histories,
    metadata,
    newsletters,
    profiles,
    reader_rules,
    revisions,
    rulings,
    subscribers,
    subscriptions,
    to_micros,
    topics,
)

_WHOLE = (newsletters, topics, articles, article_sources, article_keys, rulings, editions, edition_notes)
_EARLIER = timedelta(days=62)  # of the log: an edition of a month, whatever is late in it
_SHOWN, _ON_ITS_WAY = ("sent", "in_doubt"), ("ready", "claimed", "deferred")
_ROWS = 5_000


def copy_for_planning(
    source: Connection, folder: Path, *, newsletter_id: int, since: datetime, address_key: str = ""
) -> Engine:
    """Return the engine of a copy in *folder* as planning would find the store at *since*.

    It has the readers of one newsletter (or the one with *address_key*) with all they subscribe to, what they had
    been shown by then, and cadences that wait for their first slot from *since* on. Mails that are on their way
    count as shown. Articles, newsletters, profiles, and windows of events that wait are those of now.
    """
    target = open_engine(f"sqlite:///{folder / 'simulation.db'}")
    event.listen(target, "connect", _carelessly)
    metadata.create_all(target)
    readers = select(subscriptions.c.subscriber_id).where(subscriptions.c.newsletter_id == newsletter_id)
    if address_key:
        readers = readers.where(
            subscriptions.c.subscriber_id.in_(select(subscribers.c.id).where(subscribers.c.address_key == address_key))
        )
    own = select(subscriptions).where(subscriptions.c.subscriber_id.in_(readers))
    waiting = select(event_windows).where(event_windows.c.subscriber_id.in_(readers), event_windows.c.state != "closed")
    queries: dict[Any, Select[Any]] = {table: select(table) for table in _WHOLE}
    queries |= {
        revisions: select(revisions).where(revisions.c.id.in_(select(articles.c.revision_id))),
        subscribers: _as_they_were(since).where(subscribers.c.id.in_(readers)),
        subscriptions: own,
        profiles: select(profiles).where(profiles.c.id.in_(own.with_only_columns(subscriptions.c.profile_id))),
        cadences: select(cadences).where(cadences.c.id.in_(own.with_only_columns(subscriptions.c.cadence_id))),
        reader_rules: select(reader_rules).where(reader_rules.c.subscriber_id.in_(readers)),
        event_windows: waiting,
        events: select(events).where(events.c.window_id.in_(waiting.with_only_columns(event_windows.c.id))),
        deliveries: select(deliveries).where(
            deliveries.c.subscriber_id.in_(readers),
            deliveries.c.slot_at < since,
            deliveries.c.slot_at > since - _EARLIER,
        ),
    }
    with target.begin() as copy:
        for table, query in queries.items():
            _copy(copy, table, (_without_person(table.name, row._mapping) for row in source.execute(query)))
        used = select(subscribers.c.history_id).distinct()
        for part in chunks(copy.execute(used).scalars().all()):
            found = source.execute(select(histories).where(histories.c.id.in_(part)))
            _copy(copy, histories, (row._mapping for row in found))
        _begin_at(copy, since)
    return target


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return the earliest slot that a cadence of a newsletter waits for, or instant at which a window closes.

    Or time *after* that until which a part of a mail waits.
    """
    letters = select(newsletters.c.id).where(newsletters.c.spec["stream"].as_string().is_(None))
    slot = select(func.min(cadences.c.next_slot_at)).where(cadences.c.newsletter_id.in_(letters))
    closing = select(func.min(event_windows.c.closes_at)).where(event_windows.c.state != "closed")
    part = select(func.min(deliveries.c.waits_until)).where(deliveries.c.waits_until > after)
    found = [at for query in (slot, closing, part) if (at := connection.execute(query).scalar_one()) is not None]
    return min(found, default=None)


def accept_all(connection: Connection, now: datetime) -> None:
    """Take every mail that waits as sent: its reader was shown what is in it."""
    after = (
        select(digests.c.history_after)
        .join(deliveries, deliveries.c.digest_id == digests.c.id)
        .where(deliveries.c.subscriber_id == subscribers.c.id, deliveries.c.state == "ready")
        .where(digests.c.history_after.is_not(None))
        .order_by(deliveries.c.planned_at.desc(), deliveries.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    on_its_way = (deliveries.c.state == "ready") & deliveries.c.waits_until.is_(None)
    ready = select(deliveries.c.subscriber_id).where(on_its_way)
    told = func.coalesce(after, subscribers.c.history_id)  # mail of events tells no stories
    connection.execute(update(subscribers).where(subscribers.c.id.in_(ready)).values(history_id=told))
    done = {"state": "sent", "next_attempt_at": None, "finished_at": now}
    connection.execute(update(deliveries).where(on_its_way).values(done))


def planned_since(connection: Connection, newsletter_id: int, after_id: int, now: datetime) -> list[Any]:
    """Return what was planned after the delivery *after_id*: slot, edition, digest or reason, and how many readers.

    Or *now*, of parts that were waiting; those that still wait are told when they no longer do.
    """
    return list(
        connection.execute(
            text(
                "SELECT d.slot_at, e.period, d.digest_id, d.reason, g.items AS articles, COUNT(*) AS readers"
                " FROM deliveries d JOIN editions e ON e.id = d.edition_id LEFT JOIN digests g ON g.id = d.digest_id"
                " WHERE (d.id > :after OR d.planned_at = :now) AND d.waits_until IS NULL AND e.newsletter_id = :n"
                " GROUP BY d.slot_at, e.period, d.digest_id, d.reason"
                " ORDER BY d.slot_at, e.period, COUNT(*) DESC, d.digest_id, d.reason"
            ),
            {"after": after_id, "n": newsletter_id, "now": to_micros(now)},
        )
    )


def subjects_since(connection: Connection, newsletter_id: int, after_id: int) -> list[Any]:
    """Return what was planned after the delivery *after_id*: edition, subject (None: no mail), reason, readers."""
    return list(
        connection.execute(
            text(
                "SELECT e.period, g.subject, d.reason, COUNT(*)"
                " FROM deliveries d JOIN editions e ON e.id = d.edition_id LEFT JOIN digests g ON g.id = d.digest_id"
                " WHERE d.id > :after AND e.newsletter_id = :n"
                " GROUP BY e.period, g.subject, d.reason ORDER BY e.period, g.subject, d.reason"
            ),
            {"after": after_id, "n": newsletter_id},
        )
    )


def last_delivery(connection: Connection) -> int:
    """Return the highest id of a delivery, 0 without any."""
    return int(connection.execute(select(func.coalesce(func.max(deliveries.c.id), 0))).scalar_one())


def _as_they_were(since: datetime) -> Select[Any]:
    """Return the query of subscribers with the history that they had at *since*, as far as the log still knows."""
    own = select(digests).join(deliveries, deliveries.c.digest_id == digests.c.id)
    own = own.where(deliveries.c.subscriber_id == subscribers.c.id, digests.c.history_after.is_not(None))
    first_since = (
        own.with_only_columns(digests.c.history_before)
        .where(deliveries.c.slot_at >= since, deliveries.c.state.in_(_SHOWN))
        .order_by(deliveries.c.slot_at, deliveries.c.id)
    )
    under_way = (
        own.with_only_columns(digests.c.history_after)
        .where(deliveries.c.slot_at < since, deliveries.c.state.in_(_ON_ITS_WAY))
        .order_by(deliveries.c.planned_at.desc(), deliveries.c.id.desc())
    )
    then = func.coalesce(
        first_since.limit(1).scalar_subquery(), under_way.limit(1).scalar_subquery(), subscribers.c.history_id
    )
    others = [column for column in subscribers.c if column.name != "history_id"]
    return select(*others, then.label("history_id"))


def _without_person(table: str, row: Mapping[Any, Any]) -> dict[str, Any]:
    values = dict(row)
    if table == "subscribers":
        values |= {"address": "", "name": "", "address_key": str(values["id"])}
    if table == "deliveries":
        is_waiting = values["waits_until"] is not None  # to be a part
        shown = "sent" if values["state"] in _ON_ITS_WAY and not is_waiting else values["state"]
        values |= {"address": "", "name": "", "state": shown, "next_attempt_at": None, "lease_until": None}
    return values


def _copy(target: Connection, table: Any, rows: Iterable[Mapping[Any, Any]]) -> None:
    for part in chunks(rows, _ROWS):
        target.execute(insert(table), [dict(row) for row in part])


def _begin_at(copy: Connection, since: datetime) -> None:
    rows = copy.execute(select(cadences.c.id, cadences.c.rule, cadences.c.zone)).all()
    for row in rows:
        due = next_slot(parse_rule(row.rule), row.zone, since - timedelta(microseconds=1))
        copy.execute(update(cadences).where(cadences.c.id == row.id).values(next_slot_at=due))
    copy.execute(update(subscriptions).where(subscriptions.c.moved_at > since).values(moved_at=None))


def _carelessly(connection: Any, _record: object) -> None:
    # It is thrown away at the end. Digests that were made before are not in it, though rows name them.
    for pragma in ("foreign_keys = off", "synchronous = off"):
        connection.execute(f"PRAGMA {pragma}")
