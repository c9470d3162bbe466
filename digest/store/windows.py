"""Windows of events on their way out: which are due, who is in them, and what was made of them, in sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from digest.store.bulk import insert_rows
from digest.store.events import hold, new_ids
from digest.store.get_or_create import among, chunks
from digest.store.newsletters import load_newsletters
from digest.store.tables import deliveries, event_windows, events, from_micros, to_micros

HELD = "held"  #: the group of what waits for a reader's cap or pause, whatever its group was; no JSON


class DueWindow(NamedTuple):
    """A window that takes nothing more, with its reader as they are now."""

    window_id: int
    subscription_id: int
    subscriber_id: int
    group_key: str
    policy: str
    closes_at: datetime
    changed: int
    critical: bool
    state: str
    ended_reason: str
    paused_until: datetime | None
    address: str
    name: str
    locale: str
    zone: str
    rule: str
    way: str
    opened_at: datetime


class StoredEvent(NamedTuple):
    """An event in a window."""

    event_id: int
    window_id: int
    content: str
    occurred_at: datetime
    expires_at: datetime | None


_DUE = """SELECT w.id, w.subscription_id, w.subscriber_id, w.group_key, w.policy, w.closes_at, w.changed, w.critical,
    s.state, s.ended_reason, s.paused_until, u.address, u.name, u.locale, u.zone, c.rule, s.way, w.opened_at
    FROM event_windows w JOIN subscriptions s ON s.id = w.subscription_id JOIN subscribers u ON u.id = w.subscriber_id
    JOIN cadences c ON c.id = s.cadence_id"""
# Of a reader who wants the stream with the newsletter, and still does; what is critical waits for nobody.
_GOES_ALONG = "(s.way = 'newsletter' AND s.state = 'active' AND w.critical = 0)"
# As the index says it: SQLite uses a partial one only where it can see the very words.
_AT_WORK = "state <> 'closed'"
_IN_ORDER = "ORDER BY w.closes_at, w.opened_at, w.id"


def freeze(connection: Connection, newsletter_id: int, now: datetime) -> int:
    """Let no event into the windows of a stream that are past their time any more; return how many there were."""
    due = text(
        f"UPDATE event_windows SET state = 'due' WHERE newsletter_id = :n AND state = 'open' AND {_AT_WORK}"  # noqa: S608
        " AND closes_at <= :now"
    )
    return connection.execute(due, {"n": newsletter_id, "now": to_micros(now)}).rowcount


def due_windows(
    connection: Connection, newsletter_id: int, now: datetime, limit: int, *, whole: bool = True
) -> list[DueWindow]:
    """Return up to *limit* windows of a stream that are to be closed, those first that were due first.

    *whole* False: without those that may go with a newsletter.
    """
    where = (
        f"WHERE w.newsletter_id = :n AND w.state = 'due' AND w.{_AT_WORK} AND w.closes_at <= :now"
        f" AND (:whole = 1 OR NOT {_GOES_ALONG}) {_IN_ORDER} LIMIT :limit"
    )
    values = {"n": newsletter_id, "now": to_micros(now), "limit": limit, "whole": int(whole)}
    return _windows(connection, where, values)


def take_along(
    connection: Connection, subscriber_ids: Collection[int], period: str, now: datetime
) -> list[tuple[str, DueWindow]]:
    """Freeze what these readers want with a newsletter's mail; return each window with its stream.

    A stream that is paused, or whose edition of *period* is held, is left to its own mails.
    """
    free = (
        "n.paused_because = '' AND NOT EXISTS (SELECT 1 FROM editions e WHERE e.newsletter_id = n.id"
        " AND e.period = :period AND e.state NOT IN ('open', 'finished'))"
    )
    found: dict[int, str] = {}
    for part in chunks(sorted(subscriber_ids), 500):
        rows = connection.execute(
            text(
                "SELECT w.id, n.slug FROM event_windows w JOIN subscriptions s ON s.id = w.subscription_id"  # noqa: S608
                f" JOIN newsletters n ON n.id = w.newsletter_id WHERE w.subscriber_id IN ({','.join(map(str, part))})"
                f" AND w.state <> 'closed' AND {_GOES_ALONG} AND {free}"
            ),
            {"period": period},
        )
        found |= {row[0]: row[1] for row in rows}
    for part in chunks(sorted(found), 500):
        listed = ",".join(map(str, part))
        connection.execute(
            text(
                "UPDATE event_windows SET state = 'due',"  # noqa: S608
                " closes_at = CASE WHEN closes_at > :now THEN :now ELSE closes_at END"
                f" WHERE id IN ({listed}) AND state <> 'closed'"
            ),
            {"now": to_micros(now)},
        )
    return [
        (found[each.window_id], each)
        for part in chunks(sorted(found), 500)
        for each in _windows(
            connection, f"WHERE w.id IN ({','.join(map(str, part))}) AND w.state = 'due' {_IN_ORDER}", {}
        )
    ]


def open_windows_of(connection: Connection, newsletter_id: int, subscriber_id: int) -> list[DueWindow]:
    """Return a reader's windows that wait, first those that close first."""
    where = f"WHERE w.newsletter_id = :n AND w.subscriber_id = :u AND w.state <> 'closed' {_IN_ORDER}"
    return _windows(connection, where, {"n": newsletter_id, "u": subscriber_id})


def windows_to_remake(connection: Connection, edition_id: int) -> dict[int, list[DueWindow]]:
    """Return the windows of the edition's deliveries that wait for a new plan, by delivery."""
    rows = connection.execute(
        text(
            "SELECT w.delivery_id, w.id FROM deliveries d JOIN event_windows w ON w.delivery_id = d.id"
            " WHERE d.edition_id = :e AND d.state = 'ready' AND d.digest_id IS NULL ORDER BY d.id, w.id"
        ),
        {"e": edition_id},
    ).all()
    ids = [row[1] for row in rows]
    found = {
        each.window_id: each
        for part in chunks(ids, 500)
        for each in _windows(connection, f"WHERE w.id IN ({','.join(map(str, part))}) {_IN_ORDER}", {})
    }
    by_delivery: defaultdict[int, list[DueWindow]] = defaultdict(list)
    for delivery_id, window_id in rows:
        by_delivery[delivery_id].append(found[window_id])
    return dict(by_delivery)


def _windows(connection: Connection, where: str, values: Mapping[str, Any]) -> list[DueWindow]:
    return [
        DueWindow._make(
            (
                *row[:5],
                from_micros(row[5]),
                row[6],
                bool(row[7]),
                *row[8:10],
                None if row[10] is None else from_micros(row[10]),
                *row[11:17],
                from_micros(row[17]),
            )
        )
        for row in connection.execute(text(f"{_DUE} {where}"), values)
    ]


def members(connection: Connection, window_ids: Collection[int], outcome: str) -> dict[int, list[StoredEvent]]:
    """Return the events of windows that have this *outcome* so far, in the order of their arrival."""
    c = events.c
    query = select(c.id, c.window_id, c.content, c.occurred_at, c.expires_at).where(c.outcome == outcome)
    found: defaultdict[int, list[StoredEvent]] = defaultdict(list)
    for part in chunks(sorted(window_ids)):
        for row in connection.execute(query.where(among(connection, c.window_id, part)).order_by(c.id)):
            found[row[1]].append(StoredEvent(*row))
    return dict(found)


def still_due(connection: Connection, windows: Sequence[DueWindow]) -> set[int]:
    """Return those *windows* that are as they were read; nobody else changes them before the transaction ends."""
    hold(connection, [each.subscription_id for each in windows])
    read, c = {each.window_id: each.changed for each in windows}, event_windows.c
    query = select(c.id, c.changed).where(c.state == "due").order_by(c.id).with_for_update()
    return {
        row[0]
        for part in chunks(sorted(read))
        for row in connection.execute(query.where(among(connection, c.id, part)))
        if read[row[0]] == row[1]
    }


def put_off(connection: Connection, rows: Sequence[tuple[DueWindow, datetime]]) -> None:
    """Let each window wait until the time beside it, together with all that waits for its reader and stream."""
    c = event_windows.c
    held: dict[int, int] = {}
    for part in chunks({window.subscription_id for window, _ in rows}):
        query = select(c.subscription_id, c.id).where(c.group_key == HELD, c.state == "open")
        found = connection.execute(query.where(among(connection, c.subscription_id, part)))
        held |= {row[0]: row[1] for row in found}
    first: list[dict[str, Any]] = []
    more: list[dict[str, Any]] = []
    for window, until in rows:
        known = held.setdefault(window.subscription_id, window.window_id)
        values = {"id": window.window_id, "to": known, "held": HELD, "until": to_micros(until)}
        (first if known == window.window_id else more).append(values)
    if first:
        connection.execute(
            text("UPDATE event_windows SET state = 'open', group_key = :held, closes_at = :until WHERE id = :id"), first
        )
    if more:
        connection.execute(text("UPDATE events SET window_id = :to WHERE window_id = :id"), more)
        connection.execute(
            text(
                "UPDATE event_windows SET closes_at = CASE WHEN closes_at > :until THEN closes_at ELSE :until END,"
                " count = count + (SELECT count FROM event_windows WHERE id = :id) WHERE id = :to"
            ),
            more,
        )
        connection.execute(text("UPDATE event_windows SET state = 'closed' WHERE id = :id"), more)


def mails_of_day(
    connection: Connection, newsletter_id: int, period: str, subscriber_ids: Collection[int]
) -> dict[int, int]:
    """Return how many deliveries each reader has in the stream's editions of the day that *period* names."""
    counted: dict[int, int] = {}
    for part in chunks(sorted(subscriber_ids), 500):
        rows = connection.execute(
            text(
                "SELECT d.subscriber_id, COUNT(*) FROM deliveries d JOIN editions e ON e.id = d.edition_id"  # noqa: S608
                " WHERE e.newsletter_id = :n AND e.period LIKE :p"
                f" AND d.subscriber_id IN ({','.join(map(str, part))}) GROUP BY d.subscriber_id"
            ),
            {"n": newsletter_id, "p": f"{period}%"},
        )
        counted |= {row[0]: row[1] for row in rows}
    return counted


def add_deliveries(connection: Connection, rows: list[tuple[Any, ...]]) -> Sequence[int]:
    """Insert deliveries: (edition, subscriber, subscription, slot, digest, state, reason, address, name, next, …)."""
    ids = new_ids(connection, deliveries, len(rows))
    names = ("id", "edition_id", "subscriber_id", "subscription_id", "slot_at", "digest_id", "state", "reason")
    insert_rows(
        connection,
        deliveries,
        (*names, "address", "name", "next_attempt_at", "planned_at", "finished_at"),
        [(number, *row) for number, row in zip(ids, rows, strict=True)],
    )
    return ids


def close(connection: Connection, made: Iterable[tuple[int, int]]) -> None:
    """Close windows: (window, its delivery)."""
    rows = [{"w": window_id, "d": delivery_id} for window_id, delivery_id in made]
    if rows:
        connection.execute(text("UPDATE event_windows SET state = 'closed', delivery_id = :d WHERE id = :w"), rows)


def newsletter_cadences(connection: Connection, subscriber_ids: Collection[int]) -> dict[int, list[tuple[str, str]]]:
    """Return the rule and zone of each newsletter (not stream) that these readers get, by reader."""
    streams = {slug for slug, each in load_newsletters(connection).items() if each.stream is not None}
    found: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for part in chunks(sorted(subscriber_ids), 500):
        rows = connection.execute(
            text(
                "SELECT s.subscriber_id, c.rule, c.zone, n.slug FROM subscriptions s"  # noqa: S608
                " JOIN cadences c ON c.id = s.cadence_id JOIN newsletters n ON n.id = s.newsletter_id"
                f" WHERE s.state = 'active' AND s.subscriber_id IN ({','.join(map(str, part))}) ORDER BY n.slug"
            )
        )
        for reader, rule, zone, slug in rows:
            if slug not in streams:
                found[reader].append((rule, zone))
    return dict(found)


def reopen(connection: Connection, mail_ids: Collection[int], now: datetime) -> None:
    """Let the events that are a part of these mails be due again; the rows of those parts end."""
    mails = ",".join(map(str, sorted(mail_ids)))
    windows = list(
        connection.execute(
            text(
                "SELECT w.id FROM event_windows w JOIN deliveries p ON p.id = w.delivery_id"  # noqa: S608
                f" WHERE p.part_of IN ({mails}) AND p.id <> p.part_of ORDER BY w.id"
            )
        ).scalars()
    )
    if not windows:
        return
    values, listed = {"now": to_micros(now)}, ",".join(map(str, windows))
    connection.execute(
        text(
            "UPDATE deliveries SET state = 'superseded', reason = '', part_of = NULL, finished_at = :now"  # noqa: S608
            f" WHERE id IN (SELECT delivery_id FROM event_windows WHERE id IN ({listed}))"
        ),
        values,
    )
    connection.execute(
        text(f"UPDATE events SET outcome = '' WHERE outcome = 'gathered' AND window_id IN ({listed})")  # noqa: S608
    )
    connection.execute(
        text(
            "UPDATE event_windows SET state = 'due', delivery_id = NULL, changed = changed + 1"  # noqa: S608
            f" WHERE id IN ({listed})"
        )
    )


def settle(connection: Connection, window_ids: Collection[int], outcome: str, reason: str = "") -> None:
    """Say what became of the events of windows that nothing became of so far."""
    for part in chunks(sorted(window_ids), 500):
        connection.execute(
            text(
                "UPDATE events SET outcome = :outcome, reason = CASE WHEN :reason = '' THEN reason ELSE :reason END"  # noqa: S608
                " WHERE outcome = ''"
                f" AND window_id IN ({','.join(map(str, part))})"
            ),
            {"outcome": outcome, "reason": reason},
        )


def expire(connection: Connection, event_ids: Collection[int]) -> None:
    """Say that events came to their time before their mail left."""
    rows = [{"id": each} for each in event_ids]
    if rows:
        connection.execute(text("UPDATE events SET outcome = 'expired', reason = 'expired' WHERE id = :id"), rows)


def still_to_remake(connection: Connection, found: Mapping[int, Sequence[DueWindow]]) -> set[int]:
    """Return those deliveries that still wait for a new plan and whose windows are as they were read."""
    read, c = {each.window_id: each.changed for some in found.values() for each in some}, event_windows.c
    waiting = select(deliveries.c.id).where(deliveries.c.state == "ready", deliveries.c.digest_id.is_(None))
    same: set[int] = set()
    stand: set[int] = set()
    for part in chunks(sorted(found)):
        held = waiting.where(among(connection, deliveries.c.id, part)).order_by(deliveries.c.id)
        stand |= {*connection.execute(held.with_for_update(key_share=True)).scalars()}
    for part in chunks(sorted(read)):
        rows = connection.execute(select(c.id, c.changed).where(among(connection, c.id, part)))
        same |= {row[0] for row in rows if read[row[0]] == row[1]}
    return {number for number in stand if all(each.window_id in same for each in found[number])}


def replan(connection: Connection, delivery_id: int, digest_id: int | None, reason: str, now: datetime) -> None:
    """Give a delivery that waits for a new plan its digest, or the reason for none."""
    values = {"id": delivery_id, "digest": digest_id, "reason": reason, "now": to_micros(now)}
    state = "next_attempt_at = NULL, finished_at = :now, state = 'skipped'" if digest_id is None else "state = 'ready'"
    connection.execute(
        text(
            f"UPDATE deliveries SET digest_id = :digest, reason = :reason, dated_at = NULL, {state}"  # noqa: S608
            " WHERE id = :id AND state = 'ready' AND digest_id IS NULL"
        ),
        values,
    )
