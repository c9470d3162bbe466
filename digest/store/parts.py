"""Parts of joined mails: rows of a reader who wants several newsletters as one mail, and what becomes of them.

At its slot such a row is lined up: `ready`, with `waits_until` and nothing else to do. When it is joined it is the
mail itself (`part_of` is its own id), or `skipped` as a part of another row's mail (`together`, `part_of` is that
one's id, and its digest says what was in it). So each edition has its row for each reader, and a mail is one row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from digest.model.delivery import DeliveryState
from digest.model.digest import SkipReason
from digest.store.get_or_create import among, chunks, values_by
from digest.store.planning import FIRST, HISTORY_TO_COME, UNPLANNED, Twice, fill_scope, twice_values
from digest.store.standing import NEVER, STANDING
from digest.store.tables import deliveries, from_micros, to_micros
from digest.store.windows import reopen

# Why a joined mail must not go out as it is: a part whose reader left or paused it, or whose edition is held.
LACKING = (
    "SELECT 1 FROM deliveries p JOIN subscriptions ps ON ps.id = p.subscription_id"
    " JOIN editions pe ON pe.id = p.edition_id"
    " WHERE p.part_of = d.id AND (ps.state <> 'active' OR pe.state NOT IN ('open', 'finished'))"
)
_ANY_DUE = (
    "EXISTS (SELECT 1 FROM deliveries WHERE waits_until <= :now AND state = 'ready')"
    " OR EXISTS (SELECT 1 FROM deliveries WHERE part_of IS NOT NULL AND next_attempt_at IS NOT NULL)"
)
GAVE_WAY = "gave_way"  #: the reason of a part that waits since it found no room in a mail
_PENDING = "d.waits_until IS NOT NULL AND d.state = 'ready' AND d.digest_id IS NULL"
# What takes the place of a part that found no room stands for it.
_AS_BEFORE = (
    f"COALESCE((SELECT CASE o.reason WHEN '{GAVE_WAY}' THEN o.reason END FROM deliveries o"  # noqa: S608  # constants
    "  WHERE o.subscriber_id = u.id AND o.subscription_id = s.id AND o.slot_at < :slot"
    "  ORDER BY o.slot_at DESC LIMIT 1), :together)"
)


class Part(NamedTuple):
    """A row that waits to be joined, with its reader as they are now; instants of `since` in microseconds."""

    delivery_id: int
    edition_id: int
    newsletter: str
    period: str
    edition_state: str
    slot_at: datetime
    reason: str
    plan_no: int
    planned_at: datetime
    subscription_id: int
    state: str
    ended_reason: str
    profile_id: int
    since: int
    is_new: bool
    subscriber_id: int
    locale: str
    zone: str
    joins: int
    history_id: int
    history_to_come: int


def line_up(
    connection: Connection,
    edition_id: int,
    slot_at: datetime,
    now: datetime,
    *,
    cadence_ids: Collection[int],
    twice: Twice | None = None,
) -> int:
    """Give each reader under these cadences whose mails are joined a row that waits; return how many.

    Nobody gets a second one.
    """
    if connection.execute(text("SELECT 1 FROM subscribers WHERE joins <> 0 LIMIT 1")).first() is None:
        return 0
    fill_scope(connection, cadence_ids)
    return connection.execute(
        text(
            "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, state, reason, address,"  # noqa: S608
            " name, planned_at, waits_until)"
            f" SELECT :e, u.id, s.id, :slot, 'ready', {_AS_BEFORE}, u.address, u.name, :now, :slot"
            " FROM subscribers u JOIN subscriptions s ON s.subscriber_id = u.id"
            " JOIN scope c ON c.cadence_id = s.cadence_id"
            f" WHERE u.joins <> 0 AND s.state = 'active' AND {UNPLANNED}"
            " ORDER BY s.id ON CONFLICT (edition_id, subscriber_id) DO NOTHING"
        ),
        {
            "e": edition_id,
            "slot": to_micros(slot_at),
            "now": to_micros(now),
            "together": SkipReason.TOGETHER,
            **twice_values(twice),
        },
    ).rowcount


def ask_again(connection: Connection, edition_id: int, now: datetime) -> None:
    """Let rows of the edition wait to be joined that were to be planned anew, for readers whose mails are joined."""
    connection.execute(
        text(
            "UPDATE deliveries SET waits_until = :now, next_attempt_at = NULL, reason = :together"
            " WHERE edition_id = :e AND state = 'ready' AND digest_id IS NULL AND part_of IS NULL"
            " AND next_attempt_at IS NOT NULL AND subscriber_id IN (SELECT id FROM subscribers WHERE joins <> 0)"
        ),
        {"e": edition_id, "now": to_micros(now), "together": SkipReason.TOGETHER},
    )


def is_any_due(connection: Connection, now: datetime | None) -> bool:
    """Whether a part has waited long enough (None: waits at all), or a joined mail may have to part from one."""
    return bool(
        connection.execute(text(f"SELECT {_ANY_DUE}"), {"now": NEVER if now is None else to_micros(now)}).scalar_one()
    )


def what_is_joined(connection: Connection, now: datetime) -> tuple[bool, bool]:
    """Return what `is_any_due` does, and whether anybody wants events with a newsletter."""
    query = text(f"SELECT ({_ANY_DUE}), EXISTS (SELECT 1 FROM subscribers WHERE joins <> 0 AND joins >= 2)")  # noqa: S608  # a constant
    any_due, with_events = connection.execute(query, {"now": to_micros(now)}).one()
    return bool(any_due), bool(with_events)


def readers_due(
    connection: Connection, now: datetime, *, newsletter_id: int | None = None, again: bool = False
) -> list[int]:
    """Return the readers with a part that has waited long enough; with *newsletter_id*, with any part of it.

    *again*: only those of whom a part was planned before.
    """
    which = "d.waits_until <= :now" if newsletter_id is None else "e.newsletter_id = :n"
    which += " AND d.plan_no > 1" if again else ""
    query = text(
        "SELECT DISTINCT d.subscriber_id FROM deliveries d JOIN editions e ON e.id = d.edition_id"  # noqa: S608
        f" WHERE {_PENDING} AND {which} ORDER BY 1"
    )
    return list(connection.execute(query, {"now": to_micros(now), "n": newsletter_id}).scalars())


def waiting_parts(connection: Connection, subscriber_ids: Collection[int]) -> list[Part]:
    """Return all that waits for these readers, by reader and then in the order of the newsletters' names."""
    condition = among(connection, deliveries.c.subscriber_id, subscriber_ids)
    ids = connection.execute(select(deliveries.c.id).where(condition, deliveries.c.waits_until.is_not(None))).scalars()
    rows: list[Any] = []
    for part in chunks(sorted(ids), 500):
        rows += connection.execute(
            text(
                "SELECT d.id, d.edition_id, n.slug, e.period, e.state, d.slot_at, d.reason, d.plan_no, d.planned_at,"  # noqa: S608
                f" s.id, s.state, s.ended_reason, s.profile_id, s.since, ({FIRST}), u.id, u.locale, u.zone, u.joins,"
                f" u.history_id, {HISTORY_TO_COME}"
                " FROM deliveries d JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
                " JOIN subscriptions s ON s.id = d.subscription_id JOIN subscribers u ON u.id = d.subscriber_id"
                f" WHERE {_PENDING} AND d.id IN ({','.join(map(str, part))})"
            ),
            {"welcome": 1},
        ).all()
    parts = [
        Part._make(
            (*row[:5], from_micros(row[5]), *row[6:8], from_micros(row[8]), *row[9:14], bool(row[14]), *row[15:])
        )
        for row in rows
    ]
    return sorted(parts, key=lambda each: (each.subscriber_id, each.newsletter, each.slot_at, each.delivery_id))


def latest_mails(connection: Connection, subscriber_ids: Collection[int]) -> dict[int, datetime]:
    """Return when the latest joined mail of each reader was planned that was sent, or is to be."""
    rows = connection.execute(
        text(
            "SELECT subscriber_id, MAX(planned_at) FROM deliveries WHERE part_of = id AND digest_id IS NOT NULL"  # noqa: S608
            " AND state IN ('ready', 'claimed', 'deferred', 'sent', 'in_doubt')"
            f" AND subscriber_id IN ({','.join(map(str, sorted(subscriber_ids)))}) GROUP BY subscriber_id"
        )
    )
    return {row[0]: from_micros(row[1]) for row in rows}


def hold_rows(connection: Connection, parts: Sequence[Part]) -> set[int]:
    """Return those of *parts* that still wait and whose reader is as they were read, until the transaction ends."""
    c = deliveries.c
    same: set[int] = set()
    for some in chunks(parts, 500):
        read = {each.delivery_id: each for each in some}
        query = select(c.id).where(among(connection, c.id, read), c.waits_until.is_not(None), c.state == "ready")
        stand = set(connection.execute(query.order_by(c.id).with_for_update()).scalars())
        now = {
            each.delivery_id: each
            for each in waiting_parts(connection, {read[one].subscriber_id for one in stand})
            if each.delivery_id in stand
        }
        same |= {number for number, each in now.items() if each == read[number]}
    return same


def put_off(connection: Connection, rows: Iterable[tuple[int, datetime]]) -> None:
    """Let parts wait until the time beside each."""
    values = [{"id": number, "until": to_micros(until)} for number, until in rows]
    if values:
        connection.execute(text("UPDATE deliveries SET waits_until = :until WHERE id = :id"), values)


def give_way(connection: Connection, rows: Iterable[tuple[int, datetime]]) -> None:
    """Let parts that found no room wait until the time beside each; a second time they do not."""
    rows = list(rows)
    put_off(connection, rows)
    inherit_way(connection, [number for number, _ in rows])


def inherit_way(connection: Connection, delivery_ids: Iterable[int]) -> None:
    """Note of parts that they stand for one that found no room."""
    values = [{"id": number, "why": GAVE_WAY} for number in delivery_ids]
    if values:
        connection.execute(text("UPDATE deliveries SET reason = :why WHERE id = :id"), values)


def let_alone(connection: Connection, delivery_ids: Iterable[int], now: datetime) -> None:
    """Let parts be planned as mails of their own."""
    values = [{"id": number, "now": to_micros(now)} for number in delivery_ids]
    if values:
        connection.execute(
            text("UPDATE deliveries SET waits_until = NULL, reason = '', next_attempt_at = :now WHERE id = :id"), values
        )


def carry(connection: Connection, rows: Iterable[tuple[int, int]], *, due: int, now: datetime) -> None:
    """Make rows joined mails: (row, its digest), due at *due* (microseconds)."""
    values = [{"id": number, "digest": digest, "due": due, "now": to_micros(now)} for number, digest in rows]
    if values:
        connection.execute(
            text(
                "UPDATE deliveries SET digest_id = :digest, part_of = id, waits_until = NULL, reason = '',"
                " next_attempt_at = :due, planned_at = :now, attempt_no = 0, dated_at = NULL, finished_at = NULL,"
                " address = (SELECT u.address FROM subscribers u WHERE u.id = deliveries.subscriber_id),"
                " name = (SELECT u.name FROM subscribers u WHERE u.id = deliveries.subscriber_id) WHERE id = :id"
            ),
            values,
        )


def reopen_edition(connection: Connection, edition_id: int) -> None:
    """Open an edition that was finished while its rows were waiting to be parts of other mails."""
    connection.execute(
        text(f"UPDATE editions SET state = {STANDING} WHERE id = :e AND state = 'finished'"),  # noqa: S608  # a constant
        {"e": edition_id},
    )


def settle_parts(
    connection: Connection, rows: Iterable[tuple[int, int | None, int | None, str]], *, now: datetime
) -> None:
    """End rows that are no mail: (row, the mail that it is a part of, what is in it, the reason)."""
    values = [
        {"id": number, "mail": mail, "digest": digest, "reason": reason, "now": to_micros(now)}
        for number, mail, digest, reason in rows
    ]
    if values:
        connection.execute(
            text(
                "UPDATE deliveries SET state = 'skipped', reason = :reason, part_of = :mail, digest_id = :digest,"
                " waits_until = NULL, next_attempt_at = NULL, planned_at = :now, finished_at = :now WHERE id = :id"
            ),
            values,
        )


def part_ways(connection: Connection, now: datetime) -> int:
    """Take apart the joined mails that must not go out as they are, or want a new plan; return how many.

    What may have left once stays as it is.
    """
    # On PostgreSQL a worker may be about to claim one of them: whoever is later sees what the other one did.
    held = " ORDER BY d.id FOR UPDATE OF d" if connection.dialect.name == "postgresql" else ""
    found = connection.execute(
        text(
            "SELECT d.id FROM deliveries d WHERE d.part_of IS NOT NULL AND d.next_attempt_at IS NOT NULL"  # noqa: S608
            " AND d.state IN ('ready', 'deferred') AND d.doubt_count = 0"
            f" AND (d.digest_id IS NULL OR EXISTS ({LACKING})){held}"
        )
    )
    return take_apart(connection, list(found.scalars()), now)


def end_doubtful(connection: Connection, now: datetime) -> int:
    """Let joined mails that may have arrived stay in doubt when a part's reader left, or a part was cancelled.

    Repeated as they were they would bring what must not come any more; return how many there were.
    """
    return connection.execute(
        text(
            "UPDATE deliveries SET state = 'in_doubt', reason = 'reply_lost', next_attempt_at = NULL,"
            " finished_at = :now WHERE part_of IS NOT NULL AND next_attempt_at IS NOT NULL AND doubt_count > 0"
            " AND state IN ('ready', 'deferred', 'in_doubt') AND EXISTS (SELECT 1 FROM deliveries p"
            "  JOIN subscriptions ps ON ps.id = p.subscription_id JOIN editions pe ON pe.id = p.edition_id"
            "  WHERE p.part_of = deliveries.id AND (ps.state <> 'active' OR pe.state = 'cancelled'))"
        ),
        {"now": to_micros(now)},
    ).rowcount


def take_apart(connection: Connection, mail_ids: Sequence[int], now: datetime) -> int:
    """Let every part of these mails wait again, as what it was; return how many mails there were."""
    for some in chunks(sorted(mail_ids), 500):
        listed = ",".join(map(str, some))
        reopen(connection, some, now)
        connection.execute(
            text(
                "UPDATE deliveries SET state = 'ready', reason = :together, digest_id = NULL, attempt_no = 0,"  # noqa: S608
                " plan_no = plan_no + CASE WHEN id = part_of AND digest_id IS NULL THEN 0 ELSE 1 END,"
                " next_attempt_at = NULL, waits_until = :now, finished_at = NULL, part_of = NULL"
                f" WHERE part_of IN ({listed}) AND state IN ('ready', 'deferred', 'skipped')"
            ),
            {"now": to_micros(now), "together": SkipReason.TOGETHER},
        )
    return len(mail_ids)


@contextmanager
def parting_superseded(connection: Connection, now: datetime) -> Iterator[None]:
    """Let the parts and events of each joined mail wait again whose place something takes within the block."""
    waiting = connection.execute(
        text("SELECT id FROM deliveries WHERE part_of IS NOT NULL AND next_attempt_at IS NOT NULL")
    ).scalars()
    ids = list(waiting)
    yield
    states = values_by(connection, deliveries.c.id, deliveries.c.state, ids)
    take_apart(connection, [each for each, state in states.items() if state == DeliveryState.SUPERSEDED], now)


def release_waiting(connection: Connection, subscriber_id: int, now: datetime) -> None:
    """Let what waits for a reader's next mail go with the next planning."""
    connection.execute(
        text("UPDATE deliveries SET waits_until = :now WHERE subscriber_id = :u AND waits_until > :now"),
        {"u": subscriber_id, "now": to_micros(now)},
    )


def subscriptions_in(connection: Connection, delivery_id: int) -> Mapping[int, int]:
    """Return newsletter id -> subscription of the parts of a joined mail."""
    rows = connection.execute(
        text(
            "SELECT e.newsletter_id, p.subscription_id FROM deliveries p JOIN editions e ON e.id = p.edition_id"
            " WHERE p.part_of = :id"
        ),
        {"id": delivery_id},
    )
    return {row[0]: row[1] for row in rows}
