"""Events coming in: who they are for, which are known, the windows that are open, and writing them in sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger as Micros
from sqlalchemy import Connection, Select, Table, bindparam, delete, func, select, text, type_coerce, update

from digest.model.event import Outcome
from digest.store.bulk import insert_rows
from digest.store.get_or_create import among, chunks, insert_new
from digest.store.tables import (
    cadences,
    event_windows,
    events,
    from_micros,
    subscribers,
    subscriptions,
)
from digest.store.tables import follows as following
from digest.store.wishes import wish_out

_RACES = ("23505", "40")  # a key that is there since, a deadlock
_WHOSE = ("newsletter_id", "scope", "subscriber_id", "window_id", "dedupe_key", "object_key", "content")
_COLUMNS = (*_WHOSE, "occurred_at", "added_at", "expires_at", "outcome", "reason")


class ReaderOfStream(NamedTuple):
    """A subscriber, and their subscription to one stream (id 0: none)."""

    address_key: str
    subscriber_id: int
    subscription_id: int
    state: str
    ended_reason: str
    way: str
    rule: str
    zone: str


class OpenRow(NamedTuple):
    """A window that takes events, or would if it were not past its time; instants in microseconds, as they are kept."""

    window_id: int
    subscription_id: int
    group_key: str
    policy: str
    opened_at: int
    closes_at: int
    counts_from: int
    members: int


def readers_of(
    connection: Connection, newsletter_id: int, *, keys: Collection[str] = (), ids: Collection[int] = ()
) -> list[ReaderOfStream]:
    """Return the subscribers with these address *keys* or *ids*; nobody else adds events for them meanwhile."""
    who, what = subscribers.c, subscriptions.c
    agreed = (func.coalesce(each, "") for each in (what.state, what.ended_reason, what.way, cadences.c.rule))
    query = (
        select(who.address_key, who.id, func.coalesce(what.id, 0), *agreed, who.zone)
        .select_from(subscribers)
        .outerjoin(subscriptions, (what.subscriber_id == who.id) & (what.newsletter_id == newsletter_id))
        .outerjoin(cadences, cadences.c.id == what.cadence_id)
    )
    asked = [among(connection, who.address_key, part) for part in chunks(sorted(keys))]
    asked += [among(connection, who.id, part) for part in chunks(sorted(ids))]
    found = [
        ReaderOfStream._make(row) for condition in asked for row in connection.execute(query.where(condition)).all()
    ]
    hold(connection, [each.subscription_id for each in found if each.subscription_id])
    return found


def hold(connection: Connection, subscription_ids: list[int]) -> None:
    """Let others who add events for these subscriptions wait until the transaction ends; SQLite has one writer."""
    if connection.dialect.name == "postgresql" and subscription_ids:
        held = text("SELECT 1 FROM subscriptions WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
        connection.execute(held, {"ids": subscription_ids})


def followers(connection: Connection, newsletter_id: int, object_keys: Collection[str]) -> dict[str, list[int]]:
    """Return the subscribers who follow each object in this stream."""
    query = select(following.c.object_key, following.c.subscriber_id).where(following.c.newsletter_id == newsletter_id)
    found: dict[str, list[int]] = {}
    for part in chunks(sorted(object_keys)):
        for key, subscriber_id in connection.execute(query.where(among(connection, following.c.object_key, part))):
            found.setdefault(key, []).append(subscriber_id)
    return found


def known_keys(connection: Connection, scope: int, dedupe_keys: Collection[str]) -> set[tuple[str, int]]:
    """Return (dedupe key, subscriber) of the events of *scope* that have one of these keys."""
    query = select(events.c.dedupe_key, events.c.subscriber_id).where(events.c.scope == scope)
    return {
        (row[0], row[1])
        for part in chunks(sorted(dedupe_keys))
        for row in connection.execute(query.where(among(connection, events.c.dedupe_key, part)))
    }


def open_windows(connection: Connection, subscription_ids: Collection[int]) -> list[OpenRow]:
    """Return the open windows of these subscriptions; none of them is closed before the transaction ends."""
    c = event_windows.c
    times = (type_coerce(at, Micros) for at in (c.opened_at, c.closes_at, c.counts_from))
    query: Select[Any] = select(c.id, c.subscription_id, c.group_key, c.policy, *times, c.count)
    query = query.where(c.state == "open")
    return [
        OpenRow._make(row)
        for part in chunks(sorted(subscription_ids))
        for row in connection.execute(
            query.where(among(connection, c.subscription_id, part)).order_by(c.id).with_for_update(key_share=True)
        ).all()
    ]


def last_closings(connection: Connection, subscription_ids: Collection[int]) -> dict[tuple[int, str], datetime]:
    """Return when the latest window of each group of these subscriptions closed, or is to close."""
    c = event_windows.c
    query = select(c.subscription_id, c.group_key, type_coerce(func.max(c.closes_at), Micros)).where(c.critical == 0)
    return {
        (row[0], row[1]): from_micros(row[2])
        for part in chunks(sorted(subscription_ids))
        for row in connection.execute(
            query.where(among(connection, c.subscription_id, part)).group_by(c.subscription_id, c.group_key)
        )
    }


def new_ids(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Return *count* ids for rows to be inserted into *table* in this transaction."""
    if connection.dialect.name == "postgresql":
        numbers = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :n)")
        return list(connection.execute(numbers, {"name": table.name, "n": count}).scalars())
    last = int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())
    return range(last + 1, last + 1 + count)


def add_windows(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Insert windows: (id, newsletter, subscription, subscriber, group, state, policy, opened, closes, from, …)."""
    ids = ("id", "newsletter_id", "subscription_id", "subscriber_id", "group_key", "state", "policy")
    insert_rows(connection, event_windows, (*ids, "opened_at", "closes_at", "counts_from", "count", "critical"), rows)


def change_windows(connection: Connection, rows: Iterable[tuple[int, str, datetime, int]]) -> None:
    """Write (id, state, when it closes, number of events) of windows."""
    values = [{"row_id": row[0], "new_state": row[1], "new_at": row[2], "new_count": row[3]} for row in rows]
    if values:
        changed = update(event_windows).where(event_windows.c.id == bindparam("row_id"))
        new: dict[str, Any] = {
            "state": bindparam("new_state"),
            "closes_at": bindparam("new_at"),
            "count": bindparam("new_count"),
        }
        connection.execute(changed.values(new), values)


def add_rows(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Insert events: (newsletter, scope, subscriber, window, dedupe key, object, content, microseconds, outcome…)."""
    insert_rows(connection, events, _COLUMNS, rows)


def lost_a_race(error: BaseException) -> bool:
    """Whether PostgreSQL undid a transaction because another one did the same first: then it may be done again."""
    causes = (error, error.__cause__, getattr(error, "orig", None))
    return any(str(getattr(each, "sqlstate", "")).startswith(_RACES) for each in causes)


def take_out(
    connection: Connection, scope: int, dedupe_key: str, outcome: Outcome, *, reason: str = "", subscriber_id: int = 0
) -> int:
    """Take the events with this key, of one reader or of all, out of mail that has not left; return of how many.

    What waits in a window is out of it. What waits in a digest that nobody has tried to send is planned anew; what
    may have left stays as it is, unless it comes back (`wishes`). What was taken out for the same reason before counts
    again.
    """
    values = {"scope": scope, "key": dedupe_key, "u": subscriber_id}
    which = "e.scope = :scope AND e.dedupe_key = :key" + (" AND e.subscriber_id = :u" if subscriber_id else "")
    if connection.dialect.name == "postgresql":
        _hold_windows(connection, which, values)
    found = connection.execute(
        text(f"SELECT e.id, e.window_id, e.outcome, e.reason FROM events e WHERE {which} ORDER BY e.id"),  # noqa: S608
        values,
    ).all()
    before = sum((row.outcome, row.reason) == (outcome, reason) for row in found)
    pending = [row for row in found if row.outcome == Outcome.PENDING]
    ready = [row for row in found if row.outcome == Outcome.GATHERED and _make_again(connection, row.window_id)]
    for row in found:
        if row.outcome == Outcome.GATHERED and row not in ready:
            wish_out(connection, row.id, row.window_id, outcome)
    changed = text("UPDATE events SET outcome = :outcome, reason = :reason WHERE id = :id")
    for row in (*pending, *ready):
        connection.execute(changed, {"id": row.id, "outcome": outcome, "reason": reason})
        connection.execute(text("UPDATE event_windows SET changed = changed + 1 WHERE id = :id"), {"id": row.window_id})
    return len(pending) + len(ready) + (before if reason else 0)


def free_key(connection: Connection, scope: int, dedupe_key: str) -> None:
    """Let a key of events that were cancelled be that of another event."""
    freed = update(events).where(events.c.scope == scope, events.c.dedupe_key == dedupe_key)
    connection.execute(freed.where(events.c.outcome == Outcome.CANCELLED).values(dedupe_key=None))


def _hold_windows(connection: Connection, which: str, values: Mapping[str, Any]) -> None:
    """Let nobody close the windows of these events before the transaction ends; in the order in which they close."""
    windows = f"SELECT e.window_id FROM events e WHERE {which} AND e.window_id IS NOT NULL"  # noqa: S608
    held = text(f"SELECT DISTINCT subscription_id FROM event_windows WHERE id IN ({windows})")  # noqa: S608
    hold(connection, list(connection.execute(held, values).scalars()))
    connection.execute(
        text(f"SELECT 1 FROM event_windows WHERE id IN ({windows}) ORDER BY id FOR UPDATE"),  # noqa: S608
        values,
    )


def _make_again(connection: Connection, window_id: int) -> bool:
    """Ask for a new plan of the delivery of a closed window; False when it may have left, or has ended."""
    return bool(
        connection.execute(
            text(
                "UPDATE deliveries SET digest_id = NULL, plan_no = plan_no + CASE WHEN digest_id IS NULL THEN 0 ELSE 1"
                " END, state = 'ready', attempt_no = 0 WHERE state IN ('ready', 'deferred') AND doubt_count = 0"
                " AND id = (SELECT COALESCE(p.part_of, p.id) FROM event_windows w"
                "  JOIN deliveries p ON p.id = w.delivery_id WHERE w.id = :id)"
            ),
            {"id": window_id},
        ).rowcount
    )


def events_of(connection: Connection, subscriber_id: int, limit: int) -> list[tuple[Any, ...]]:
    """Return a reader's latest events, latest first: added, stream, key, fate, closing while it waits, delivery.

    Of a mail that is no longer in the log it is only known that the event was gathered.
    """
    rows = connection.execute(
        text(
            "SELECT e.added_at, n.slug, COALESCE(e.dedupe_key, ''), e.outcome, e.reason, w.state, w.closes_at, d.id,"
            " d.state AS delivery, d.reason AS why FROM events e JOIN newsletters n ON n.id = e.newsletter_id"
            " LEFT JOIN event_windows w ON w.id = e.window_id LEFT JOIN deliveries p ON p.id = w.delivery_id"
            " LEFT JOIN deliveries d ON d.id = COALESCE(p.part_of, p.id)"
            " WHERE e.subscriber_id = :u ORDER BY e.id DESC LIMIT :limit"
        ),
        {"u": subscriber_id, "limit": limit},
    )
    found: list[tuple[Any, ...]] = []
    for added, slug, key, outcome, reason, window, closes, delivery_id, delivery, why in rows:
        if outcome == Outcome.GATHERED:
            fate = (f"{delivery}({why})" if why else delivery) or Outcome.GATHERED.value
        elif outcome == Outcome.PENDING:
            fate = "waiting" if window == "open" else "due"
        else:
            fate = outcome if outcome == reason or not reason else f"{outcome}({reason})"
        waits = from_micros(closes) if outcome == Outcome.PENDING and closes is not None else None
        found.append((from_micros(added), slug, key, fate, waits, delivery_id))
    return found


def set_follow(
    connection: Connection, newsletter_id: int, object_key: str, subscriber_id: int, *, follows: bool, now: datetime
) -> None:
    """Let a reader follow an object in a stream, or no more."""
    row = {"newsletter_id": newsletter_id, "object_key": object_key, "subscriber_id": subscriber_id}
    if follows:
        insert_new(connection, following, [{**row, "since": now}])
        return
    c = following.c
    mine = (c.newsletter_id == newsletter_id) & (c.object_key == object_key) & (c.subscriber_id == subscriber_id)
    connection.execute(delete(following).where(mine))
