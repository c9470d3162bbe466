"""Planning in sets: who is due, in which cohorts, and who gets nothing and why; no query per reader.

A row to be planned is either a due subscription without a delivery in the edition, or a delivery whose
`digest_id` is NULL and whose state is `ready` ("plan me anew", with the next `plan_no`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from digest.model.delivery import DeliveryState
from digest.model.digest import SkipReason
from digest.store.standing import STANDING, make_edition
from digest.store.tables import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class CadenceRow:
    """One distinct (rule, zone) of a newsletter, and the next slot it waits for."""

    cadence_id: int
    rule: str
    zone: str
    next_slot_at: datetime


@dataclass(frozen=True, slots=True)
class Twice:
    """Of readers who moved: those who had the edition at a slot that is not after `early`, and live its date again."""

    edition_id: int
    early: datetime


def twice_values(twice: Twice | None) -> dict[str, int]:
    """Return what UNPLANNED asks for besides edition and slot."""
    return {"had": twice.edition_id, "early": to_micros(twice.early)} if twice else {"had": 0, "early": 0}


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Readers who share profile, history, locale and (while it matters) the day they joined."""

    profile_id: int
    history_id: int
    locale: str
    since: int | None
    readers: int = 0


def cadences_of(connection: Connection, newsletter_id: int, due_by: datetime | None = None) -> list[CadenceRow]:
    """Return the newsletter's cadences; with *due_by* only those whose next slot is not after it."""
    query = "SELECT id, rule, zone, next_slot_at FROM cadences WHERE newsletter_id = :newsletter"
    if due_by is not None:
        query += " AND next_slot_at <= :due"
    rows = connection.execute(
        text(query + " ORDER BY id"), {"newsletter": newsletter_id, "due": to_micros(due_by) if due_by else 0}
    )
    return [CadenceRow(row.id, row.rule, row.zone, from_micros(row.next_slot_at)) for row in rows]


def is_any_due(connection: Connection, by: datetime) -> bool:
    """Whether the next slot of any newsletter is not after *by*."""
    query = text("SELECT EXISTS (SELECT 1 FROM cadences WHERE next_slot_at <= :by)")
    return bool(connection.execute(query, {"by": to_micros(by)}).scalar_one())


def advance_cadences(connection: Connection, nexts: Iterable[tuple[int, datetime]]) -> None:
    """Set the next slot of each cadence: (cadence id, instant)."""
    rows = [{"id": cadence_id, "at": to_micros(at)} for cadence_id, at in nexts]
    if rows:
        connection.execute(text("UPDATE cadences SET next_slot_at = :at WHERE id = :id"), rows)


def open_edition(connection: Connection, newsletter_id: int, period: str, now: datetime) -> tuple[int, str]:
    """Return id and state of the edition of *period*, made when missing; asking twice gives the same row.

    A finished edition is open again: readers in another zone, or with a later hour, are still to come. Those of a
    newsletter that is paused wait, and those of one that needs an approval it has not.
    """
    make_edition(connection, newsletter_id, period, to_micros(now))
    connection.execute(
        text(
            f"UPDATE editions SET state = {STANDING}"  # noqa: S608  # a constant
            " WHERE newsletter_id = :n AND period = :p AND state = 'finished'"
        ),
        {"n": newsletter_id, "p": period},
    )
    row = connection.execute(
        text("SELECT id, state FROM editions WHERE newsletter_id = :n AND period = :p"),
        {"n": newsletter_id, "p": period},
    ).one()
    return int(row.id), str(row.state)


def edition_passed(connection: Connection, newsletter_id: int, period: str, now: datetime) -> tuple[int, str]:
    """Return id and state of the edition of a slot that nobody plans any more; made finished when it is missing."""
    values = {"n": newsletter_id, "p": period, "now": to_micros(now)}
    connection.execute(
        text(
            "INSERT INTO editions (newsletter_id, period, state, created_at) VALUES (:n, :p, 'finished', :now)"
            " ON CONFLICT (newsletter_id, period) DO NOTHING"
        ),
        values,
    )
    row = connection.execute(text("SELECT id, state FROM editions WHERE newsletter_id = :n AND period = :p"), values)
    edition_id, state = row.one()
    return edition_id, state


def fill_scope(connection: Connection, cadence_ids: Collection[int]) -> None:
    """Put the cadences of one slot into the connection's temporary table `scope`."""
    connection.execute(text("CREATE TEMP TABLE IF NOT EXISTS scope (cadence_id BIGINT PRIMARY KEY)"))
    connection.execute(text("DELETE FROM scope"))
    if cadence_ids:
        connection.execute(text("INSERT INTO scope VALUES (:id)"), [{"id": each} for each in cadence_ids])


def resume_paused(connection: Connection, newsletter_id: int, now: datetime) -> None:
    """Make those subscriptions active again whose pause is over at *now*, which is what the real clock shows."""
    connection.execute(
        text(
            "UPDATE subscriptions SET state = 'active', paused_until = NULL"
            " WHERE newsletter_id = :n AND state = 'paused' AND paused_until <= :now"
        ),
        {"n": newsletter_id, "now": to_micros(now)},
    )


def replan_skipped(connection: Connection, edition_id: int, now: datetime) -> None:
    """Ask again for active readers of the edition (in scope) who were skipped, whatever the reason was.

    A plan that made no message keeps its number: no Message-ID was made of it. What came as a part of another mail
    is not asked for again.
    """
    connection.execute(
        text(
            "UPDATE deliveries SET state = 'ready', reason = '',"
            " plan_no = plan_no + CASE WHEN digest_id IS NULL THEN 0 ELSE 1 END,"
            " digest_id = NULL, next_attempt_at = :now, finished_at = NULL"
            " WHERE edition_id = :e AND state = 'skipped' AND part_of IS NULL"
            " AND EXISTS (SELECT 1 FROM subscriptions s JOIN scope c ON c.cadence_id = s.cadence_id"
            "  WHERE s.id = deliveries.subscription_id AND s.state = 'active')"
        ),
        {"e": edition_id, "now": to_micros(now)},
    )


def supersede_older(
    connection: Connection, newsletter_id: int, edition_id: int, slot_at: datetime, now: datetime
) -> int:
    """End rows of earlier editions that have not left yet, for readers who are to be planned for this one.

    What may have left already stays: in doubt it was counted as shown, so no later edition would tell it. So does
    a correction, which no later edition tells either.
    """
    done = connection.execute(
        text(
            "UPDATE deliveries SET state = 'superseded', next_attempt_at = NULL, waits_until = NULL, finished_at = :now"
            " WHERE state IN ('ready', 'deferred') AND doubt_count = 0 AND edition_id <> :e AND slot_at < :slot"
            " AND edition_id IN (SELECT id FROM editions WHERE newsletter_id = :n)"
            " AND subscription_id IN (SELECT s.id FROM subscriptions s JOIN scope c ON c.cadence_id = s.cadence_id"
            "  WHERE s.state = 'active')"
            " AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.edition_id = :e"
            "  AND d.subscriber_id = deliveries.subscriber_id AND (d.state <> 'ready' OR d.digest_id IS NOT NULL))"
            " AND edition_id NOT IN (SELECT id FROM editions WHERE newsletter_id = :n AND period LIKE '%+%')"
        ),
        {"n": newsletter_id, "e": edition_id, "slot": to_micros(slot_at), "now": to_micros(now)},
    )
    return done.rowcount


# The history a mailbox will have when what is planned for it has left: newsletters due at one instant
# follow each other, so the second must not tell what the first is about to. A correction leaves it as it is.
_WAITING = """FROM deliveries l JOIN digests g ON g.id = l.digest_id JOIN editions le ON le.id = l.edition_id
      WHERE l.subscriber_id = u.id AND le.state = 'open' AND l.state IN ('ready', 'claimed')
       AND g.history_after IS NOT NULL"""
_LAST = "ORDER BY l.planned_at DESC, l.id DESC LIMIT 1"
_HISTORY = f"COALESCE((SELECT g.history_after {_WAITING} AND l.edition_id <> :e {_LAST}), u.history_id)"
HISTORY_TO_COME = f"COALESCE((SELECT g.history_after {_WAITING} {_LAST}), u.history_id)"

# Nothing of this edition yet, and nothing of a later slot: yesterday's edition never comes after today's.
UNPLANNED = """NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.edition_id = :e AND d.subscriber_id = u.id)
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.subscriber_id = u.id AND d.slot_at > :slot AND d.edition_id IN
     (SELECT t.edition_id FROM slots t JOIN editions te ON te.id = t.edition_id WHERE t.slot_at > :slot
       AND te.newsletter_id = (SELECT newsletter_id FROM editions WHERE id = :e)))
    AND (:had = 0 OR s.moved_at IS NOT NULL AND EXISTS
     (SELECT 1 FROM deliveries m WHERE m.edition_id = :had AND m.subscriber_id = u.id AND m.slot_at <= :early))"""
# Whose mails are joined is planned by `digest.store.parts`, unless the newsletter never is a part.
UNJOINED = "(:alone = 1 OR u.joins = 0)"
# A row that waits for a new plan, and is no part of a joined mail.
UNMADE = "d.state = 'ready' AND d.digest_id IS NULL AND d.part_of IS NULL AND d.waits_until IS NULL"
# A reader's first mail is another digest where the newsletter welcomes; days are whole, so a microsecond can say so.
FIRST = """:welcome = 1 AND NOT EXISTS (SELECT 1 FROM deliveries f WHERE f.subscription_id = s.id
    AND f.subscriber_id = u.id AND (f.state IN ('sent', 'in_doubt') OR f.doubt_count > 0 OR EXISTS
     (SELECT 1 FROM deliveries j WHERE j.id = f.part_of AND (j.state IN ('sent', 'in_doubt') OR j.doubt_count > 0))))"""
SINCE = f"CASE WHEN s.since > :since_cut THEN s.since + CASE WHEN {FIRST} THEN 1 ELSE 0 END END"


def history_sql(connection: Connection, *, fresh: bool) -> str:
    """Return the SQL for a reader's history; the plain column when nothing is on its way to anybody.

    A row that is planned anew (*fresh* False) had waited for others in vain: it builds on what is, so that it
    can leave at once. Whoever else waits for that mailbox is then planned anew in turn.
    """
    if not fresh:
        return "u.history_id"
    waiting = connection.execute(
        text("SELECT 1 FROM deliveries WHERE next_attempt_at IS NOT NULL OR lease_until IS NOT NULL LIMIT 1")
    ).first()
    return _HISTORY if waiting else "u.history_id"


def groups_due(
    connection: Connection,
    edition_id: int,
    slot_at: datetime,
    since_cut: datetime,
    *,
    welcome: bool = False,
    fresh: bool = True,
    twice: Twice | None = None,
    alone: bool = True,
) -> list[Group]:
    """Return the cohorts-to-be of the readers in scope who have no plan in the edition yet, nor in a later slot.

    *since_cut*: a reader who joined before it has nothing to look back to any more. *welcome*: who has had no
    mail of the newsletter yet is a cohort apart. *fresh* False: only rows that wait for a new plan. *twice*: only
    those readers. *alone* False: without those whose mails are joined.
    """
    history = history_sql(connection, fresh=fresh)
    rows = connection.execute(
        text(
            f"SELECT p, h, l, f, COUNT(*) FROM ("  # noqa: S608  # the parts are constants of this module
            f" SELECT s.profile_id p, {history} h, u.locale l, {SINCE} f"
            " FROM scope c JOIN subscriptions s ON s.cadence_id = c.cadence_id"
            " JOIN subscribers u ON u.id = s.subscriber_id"
            f" WHERE :fresh = 1 AND s.state = 'active' AND {UNJOINED} AND {UNPLANNED}"
            " UNION ALL"
            f" SELECT s.profile_id, {history}, u.locale, {SINCE}"
            " FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id"
            " JOIN subscribers u ON u.id = d.subscriber_id"
            f" WHERE d.edition_id = :e AND {UNMADE}"
            "  AND s.cadence_id IN (SELECT cadence_id FROM scope) AND s.state = 'active'"
            ") due GROUP BY p, h, l, f ORDER BY p, h, l, f"
        ),
        {
            "e": edition_id,
            "slot": to_micros(slot_at),
            "since_cut": to_micros(since_cut),
            "welcome": int(welcome),
            "fresh": int(fresh),
            "alone": int(alone),
            **twice_values(twice),
        },
    )
    return [Group(*row) for row in rows]


def planned_by(connection: Connection, edition_id: int, slot_at: datetime) -> datetime:
    """Return when the last of the slot's rows that wait for a new plan was planned before; *slot_at* without any."""
    last = connection.execute(
        text(
            "SELECT MAX(planned_at) FROM deliveries"
            " WHERE edition_id = :e AND slot_at = :slot AND state = 'ready' AND digest_id IS NULL"
        ),
        {"e": edition_id, "slot": to_micros(slot_at)},
    ).scalar_one()
    return slot_at if last is None else from_micros(last)


# Nobody can have missed a slot before they joined, or came back.
_THERE_THEN = (
    "s.since <= :slot AND u.joined_at <= :slot AND NOT EXISTS"
    " (SELECT 1 FROM consents k WHERE k.subscriber_id = u.id AND k.newsletter_id = s.newsletter_id"
    "  AND k.at > :slot AND k.event IN ('given', 'resumed', 'confirmed'))"
)


def skip_others(
    connection: Connection,
    edition_id: int,
    slot_at: datetime,
    *,
    state: str,
    reason: SkipReason,
    now: datetime,
) -> int:
    """Log readers in scope whose subscription is in *state* (paused…) as skipped for *reason*.

    Nobody can have missed a slot before they joined, or came back: such readers get no line for it.
    """
    there_then = f"AND {_THERE_THEN}" if reason is SkipReason.MISSED else ""
    return connection.execute(
        text(
            "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, state, reason,"  # noqa: S608
            " address, name, planned_at, finished_at)"
            " SELECT :e, u.id, s.id, :slot, :skipped, :reason, u.address, u.name, :now, :now"
            " FROM scope c JOIN subscriptions s ON s.cadence_id = c.cadence_id"
            f" JOIN subscribers u ON u.id = s.subscriber_id WHERE s.state = :state {there_then}"
            " ON CONFLICT (edition_id, subscriber_id) DO NOTHING"
        ),
        {
            "e": edition_id,
            "slot": to_micros(slot_at),
            "skipped": DeliveryState.SKIPPED,
            "reason": reason,
            "state": state,
            "now": to_micros(now),
        },
    ).rowcount


_ON_A_BREAK = "s.state = 'paused' AND (s.paused_until IS NULL OR s.paused_until > :slot)"
_AT_WORK = "(s.state = 'active' OR s.state = 'paused' AND s.paused_until <= :slot)"


def pass_over(
    connection: Connection, newsletter_id: int, period: str, slot_at: datetime, now: datetime
) -> Counter[str]:
    """Log a slot that nobody planned in its time for the readers in scope; return the rows written, by reason.

    `coalesced`, or `paused` for who was on a break: ask before breaks that are over are ended. A later slot stands
    for this one, so the edition is left as it is, or made and finished. No row for who joined or came back since,
    nor in an edition that is paused or cancelled.
    """
    values = {"n": newsletter_id, "p": period, "slot": to_micros(slot_at), "now": to_micros(now)}
    edition_passed(connection, newsletter_id, period, now)
    written: Counter[str] = Counter()
    for reason, whose in ((SkipReason.COALESCED, _AT_WORK), (SkipReason.PAUSED, _ON_A_BREAK)):
        done = connection.execute(
            text(
                "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, state, reason,"  # noqa: S608
                " address, name, planned_at, finished_at)"
                " SELECT e.id, u.id, s.id, :slot, 'skipped', :reason, u.address, u.name, :now, :now"
                " FROM scope c JOIN subscriptions s ON s.cadence_id = c.cadence_id"
                " JOIN subscribers u ON u.id = s.subscriber_id"
                " JOIN editions e ON e.newsletter_id = s.newsletter_id AND e.period = :p"
                f" WHERE {whose} AND e.state NOT IN ('paused', 'cancelled') AND {_THERE_THEN}"
                " ON CONFLICT (edition_id, subscriber_id) DO NOTHING"
            ),
            {**values, "reason": reason},
        )
        if done.rowcount:
            written[reason] += done.rowcount
    return written


def since_of(group: Group) -> datetime | None:
    """Return the day the group joined, None when it no longer matters."""
    return None if group.since is None else from_micros(group.since).replace(microsecond=0)


def is_first(group: Group) -> bool:
    """Whether this is the first mail of who is welcomed."""
    return group.since is not None and group.since % 2 == 1


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader of one newsletter, as planning sees them."""

    subscriber_id: int
    subscription_id: int
    address: str
    name: str
    history_id: int
    since: datetime
    rule: str
    zone: str
    is_new: bool = False  #: no mail of the newsletter has reached them


def reader_of(connection: Connection, newsletter_id: int, address_key: str) -> Reader | None:
    """Return the reader with this address key whatever the state of the subscription, or None.

    Their history is the one that a planning of this newsletter would build on: when it is planned already,
    what that was built on; else what the waiting mail of another newsletter will leave.
    """
    row = connection.execute(
        text(
            "SELECT u.id AS subscriber_id, s.id AS subscription_id, u.address, u.name, s.since, c.rule, c.zone,"  # noqa: S608
            f" ({FIRST}) AS is_new,"
            f" COALESCE((SELECT g.history_before {_WAITING} AND le.newsletter_id = :n {_LAST}),"
            f" (SELECT g.history_after {_WAITING} AND le.newsletter_id <> :n {_LAST}), u.history_id) AS history_id"
            " FROM subscribers u JOIN subscriptions s ON s.subscriber_id = u.id"
            " JOIN cadences c ON c.id = s.cadence_id WHERE s.newsletter_id = :n AND u.address_key = :key"
        ),
        {"n": newsletter_id, "key": address_key, "welcome": 1},
    ).first()
    if row is None:
        return None
    return Reader(**{**row._mapping, "since": from_micros(row.since), "is_new": bool(row.is_new)})
