"""The work list: claiming rows, writing what became of them, taking back what a dead worker held.

`sent` is sticky: a late 250 always moves a row to `sent`, whoever owns it by then. Every other change is
fenced by the token that the claim gave out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text

from digest.model.delivery import Attempt, DeliveryState
from digest.store.get_or_create import values_by
from digest.store.parts import LACKING, end_doubtful, part_ways
from digest.store.prepared import Ledger, Prepared
from digest.store.standing import STANDING
from digest.store.tables import deliveries, from_micros, to_micros
from digest.store.wishes import fulfil


class Claim(NamedTuple):
    """One row that is ours until the lease ends, with what its message needs."""

    delivery_id: int
    token: int
    attempt_no: int
    digest_id: int
    edition_id: int
    subscriber_id: int
    subscription_id: int
    plan_no: int
    doubt_count: int
    address: str
    name: str
    newsletter: str
    worker: str
    dated_at: datetime


class Result(NamedTuple):
    """What one attempt makes of its row."""

    claim: Claim
    attempt: Attempt
    state: DeliveryState
    reason: str = ""
    next_attempt_at: datetime | None = None


def _claim(row: Row[Any]) -> Claim:
    return Claim(**{**row._mapping, "dated_at": from_micros(row.dated_at)})


# A letter asks whether a subscription shall be, so it goes out whatever that is now.
_LETTER = "REPLACE(e.period, '+letter-', '') <> e.period"
_CLAIMABLE = f"""d.next_attempt_at <= :now AND d.digest_id IS NOT NULL AND e.state = 'open'
  AND (s.state = 'active' OR {_LETTER})
  AND (u.history_id = g.history_before OR g.history_before IS NULL OR d.doubt_count > 0)
  AND (e.pool_id IS NULL OR e.pool_id = g.pool_id OR d.doubt_count > 0)
  AND (d.part_of IS NULL OR NOT EXISTS ({LACKING}))"""
_JOINED = """deliveries d JOIN digests g ON g.id = d.digest_id JOIN editions e ON e.id = d.edition_id
  JOIN subscribers u ON u.id = d.subscriber_id JOIN subscriptions s ON s.id = d.subscription_id"""


def claim(
    ledger: Ledger,
    *,
    worker: str,
    newsletter_id: int | None,
    limit: int,
    now: datetime,
    lease_until: datetime,
) -> list[Claim]:
    """Take at most *limit* rows that are due, whose reader still wants them, and whose history still fits.

    Consent, edition state and history are read in the same statement. With *newsletter_id* only its rows.
    A mailbox has at most one message under way: two that were planned on one history may tell one story.
    """
    at = to_micros(now)
    only = () if newsletter_id is None else (newsletter_id, newsletter_id)
    some = newsletter_id is not None
    if ledger.dialect.name == "sqlite":
        rows = _CLAIM[some].rows(ledger, (worker, to_micros(lease_until), at, at, *only, limit))
    else:
        held = [row[0] for row in _HOLD[some].rows(ledger, (at, *only, limit))]
        rows = _CLAIM_HELD.rows(ledger, (worker, to_micros(lease_until), at, at, held)) if held else []
    # Nearly all are dated now.
    return [
        Claim(*row[:-1], now if row[-1] == at else from_micros(row[-1]))  # type: ignore[call-arg]  # mypy cannot count them
        for row in rows
    ]


_FREE = "d.subscriber_id NOT IN (SELECT o.subscriber_id FROM deliveries o WHERE o.lease_until IS NOT NULL)"


def _claim_statement(chosen: str, within: str = "IN ({})") -> Prepared:
    """Return the statement, whose columns are the fields of a claim in their order."""
    first_of_each = f"SELECT MIN(c.id) FROM ({chosen}) c GROUP BY c.subscriber_id"  # noqa: S608  # constants
    return Prepared(
        "UPDATE deliveries SET state = 'claimed', claimed_by = ?, token = token + 1, lease_until = ?,"  # noqa: S608
        " attempt_no = attempt_no + 1, dated_at = COALESCE(dated_at, ?), next_attempt_at = NULL"
        f" WHERE id {within.format(first_of_each)}"
        " RETURNING id, token, attempt_no, digest_id, edition_id, subscriber_id, subscription_id,"
        " plan_no, doubt_count, address, name,"
        " (SELECT n.slug FROM editions x JOIN newsletters n ON n.id = x.newsletter_id"
        "  WHERE x.id = deliveries.edition_id), claimed_by, dated_at"
    )


_DUE = f"SELECT d.id, d.subscriber_id FROM {_JOINED} WHERE {_CLAIMABLE.replace(':now', '?')}"  # noqa: S608
# The plus keeps SQLite from starting at the newsletter and sorting all its rows: the work index is in order.
# What is a part of another newsletter's mail goes with it.
_ONLY = {
    True: "AND (+e.newsletter_id = ? OR d.part_of IS NOT NULL AND EXISTS (SELECT 1 FROM deliveries p"
    " JOIN editions pe ON pe.id = p.edition_id WHERE p.part_of = d.id AND pe.newsletter_id = ?))",
    False: "",
}
_IN_ORDER = f"AND {_FREE} ORDER BY d.next_attempt_at, d.id LIMIT ?"
_CLAIM = {some: _claim_statement(f"{_DUE} {only} {_IN_ORDER}") for some, only in _ONLY.items()}
# Where several workers claim at once, each first holds rows and mailboxes that no other one holds, and then looks
# again: what a statement sees is as old as its beginning, and the mailbox may have been claimed for since.
_HOLD = {
    some: Prepared(f"{_DUE} {only} {_IN_ORDER} FOR NO KEY UPDATE OF d, u SKIP LOCKED") for some, only in _ONLY.items()
}
# An array is made once. IN is a join, and as long as PostgreSQL has not counted the rows of a large edition it may
# look for the chosen ones anew with each row of the table.
_CLAIM_HELD = _claim_statement(f"{_DUE} AND d.id = ANY(?) AND {_FREE}", "= ANY (ARRAY({}))")
_SENT = Prepared(
    "UPDATE deliveries SET state = 'sent', reason = '', finished_at = ?, lease_until = NULL, next_attempt_at = NULL"
    " WHERE id = ? AND state <> 'sent'"
)
_OTHER = Prepared(
    "UPDATE deliveries SET state = ?, reason = ?, next_attempt_at = ?, lease_until = NULL,"
    " finished_at = ?, doubt_count = doubt_count + ?"
    " WHERE id = ? AND token = ? AND state = 'claimed'"
)
_ATTEMPT = Prepared(
    "INSERT INTO attempts (delivery_id, attempt_no, outcome, phase, reply_code, enhanced, text, server, started_at,"
    " finished_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# A message in doubt moved its mailbox already, which may have gone on since: its second try must not bring it back.
_MOVE = Prepared(
    "UPDATE subscribers SET history_id = (SELECT g.history_after FROM digests g WHERE g.id = ?)"
    " WHERE id = ? AND history_id = (SELECT g.history_before FROM digests g WHERE g.id = ?)"
)
_FINAL = frozenset({DeliveryState.REFUSED, DeliveryState.IN_DOUBT, DeliveryState.EXPIRED, DeliveryState.POISON})


def record(ledger: Ledger, results: Sequence[Result]) -> None:
    """Write attempts and new states; `sent` and `in_doubt` move the mailbox to the history after the digest."""
    sent = [
        (to_micros(each.attempt.finished_at), each.claim.delivery_id)
        for each in results
        if each.state is DeliveryState.SENT
    ]
    other = [_other_values(each) for each in results if each.state is not DeliveryState.SENT]
    shown = [each.claim for each in results if each.state in (DeliveryState.SENT, DeliveryState.IN_DOUBT)]
    _SENT.run_many(ledger, sent)
    _OTHER.run_many(ledger, other)
    _ATTEMPT.run_many(ledger, [_attempt_values(each) for each in results])
    fulfil(ledger, [each.claim.delivery_id for each in results if each.state is DeliveryState.DEFERRED])
    _MOVE.run_many(ledger, [(each.digest_id, each.subscriber_id, each.digest_id) for each in shown])


def _other_values(result: Result) -> tuple[object, ...]:
    final = result.state in _FINAL
    return (
        result.state,
        result.reason,
        to_micros(result.next_attempt_at) if result.next_attempt_at else None,
        to_micros(result.attempt.finished_at) if final else None,
        int(result.state is DeliveryState.IN_DOUBT),
        result.claim.delivery_id,
        result.claim.token,
    )


def _attempt_values(result: Result) -> tuple[object, ...]:
    attempt = result.attempt
    return (
        result.claim.delivery_id,
        result.claim.attempt_no,
        attempt.outcome,
        attempt.phase,
        attempt.reply.code,
        attempt.reply.enhanced,
        attempt.reply.text,
        attempt.server,
        to_micros(attempt.started_at),
        to_micros(attempt.finished_at),
    )


_RELEASE = Prepared(
    "UPDATE deliveries SET state = CASE WHEN doubt_count > 0 THEN 'in_doubt' ELSE 'ready' END,"
    " lease_until = NULL, next_attempt_at = ?, attempt_no = attempt_no - 1"
    " WHERE id = ? AND token = ? AND state = 'claimed'"
)


def release(ledger: Ledger, claims: Sequence[tuple[Claim, datetime]]) -> None:
    """Give rows back untried, to be claimed again at the time beside each; what was in doubt before is so still."""
    _RELEASE.run_many(ledger, [(to_micros(at), each.delivery_id, each.token) for each, at in claims])
    fulfil(ledger, [each.delivery_id for each, _ in claims])


_CRASHED = Prepared("UPDATE deliveries SET crash_count = crash_count + 1 WHERE id = ?")
_POISON = Prepared(
    "UPDATE deliveries SET state = 'poison', reason = 'crashed', next_attempt_at = NULL, finished_at = ?"
    " WHERE id = ? AND crash_count >= 2 AND state IN ('ready', 'deferred')"
)


def count_crashes(ledger: Ledger, delivery_ids: Sequence[int], *, now: datetime) -> None:
    """Count that making these messages went wrong; at the second time they wait no more: a person must look."""
    _CRASHED.run_many(ledger, [(each,) for each in delivery_ids])
    _POISON.run_many(ledger, [(to_micros(now), each) for each in delivery_ids])


_ROW = (
    "SELECT d.id AS delivery_id, d.token, d.attempt_no, d.digest_id, d.edition_id, d.subscriber_id,"
    " d.subscription_id, d.plan_no, d.doubt_count, d.address, d.name, n.slug AS newsletter, d.claimed_by AS worker,"
    " COALESCE(d.dated_at, d.planned_at) AS dated_at"
    " FROM deliveries d JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
)


def claimed_rows(connection: Connection) -> list[Claim]:
    """Return every claim that is held now, whoever holds it."""
    rows = connection.execute(text(_ROW + " WHERE d.lease_until IS NOT NULL ORDER BY d.id"))
    return [_claim(row) for row in rows]


def lapsed_rows(connection: Connection, now: datetime) -> list[Claim]:
    """Return the claims whose lease ended before *now*, but those that another process is taking back just then."""
    lapsed = " WHERE d.lease_until < :now ORDER BY d.id"
    if connection.dialect.name == "postgresql":
        lapsed += " FOR UPDATE OF d SKIP LOCKED"
    return [_claim(row) for row in connection.execute(text(_ROW + lapsed), {"now": to_micros(now)})]


def unsent_rows(connection: Connection, delivery_ids: Collection[int]) -> list[Claim]:
    """Return those of these rows that are not `sent`, whoever holds them."""
    states = values_by(connection, deliveries.c.id, deliveries.c.state, delivery_ids)
    rows = (find_row(connection, each) for each, state in states.items() if state != DeliveryState.SENT)
    return [row for row in rows if row is not None]


def renew(connection: Connection, worker: str, lease_until: datetime) -> frozenset[int]:
    """Hold what *worker* claimed until *lease_until*; return the ids of these rows."""
    held = text(
        "UPDATE deliveries SET lease_until = :until WHERE lease_until IS NOT NULL AND claimed_by = :worker RETURNING id"
    )
    return frozenset(connection.execute(held, {"until": to_micros(lease_until), "worker": worker}).scalars())


def lapse_ended(connection: Connection, now: datetime) -> int:
    """Skip waiting rows whose reader has left or paused meanwhile; return how many.

    A message that may have arrived stays in doubt, and is not sent again. Joined mails part from who has left.
    """
    part_ways(connection, now)
    end_doubtful(connection, now)
    return connection.execute(
        text(
            "UPDATE deliveries SET next_attempt_at = NULL, finished_at = :now,"  # noqa: S608
            " state = CASE WHEN doubt_count > 0 THEN 'in_doubt' ELSE 'skipped' END,"
            " reason = (SELECT CASE WHEN doubt_count > 0 THEN 'reply_lost' WHEN s.state = 'paused' THEN 'paused'"
            "  WHEN s.ended_reason = 'suppressed' THEN 'suppressed' ELSE 'unsubscribed' END"
            "  FROM subscriptions s WHERE s.id = deliveries.subscription_id)"
            " WHERE next_attempt_at IS NOT NULL AND state IN ('ready', 'deferred', 'in_doubt')"
            " AND (SELECT s.state FROM subscriptions s WHERE s.id = deliveries.subscription_id) <> 'active'"
            f" AND NOT EXISTS (SELECT 1 FROM editions e WHERE e.id = deliveries.edition_id AND {_LETTER})"
        ),
        {"now": to_micros(now)},
    ).rowcount


def unfit(connection: Connection, *, now: datetime, newsletter_id: int | None) -> int:
    """Ask for a new plan for due rows whose mailbox has moved on; return how many.

    A row whose mailbox is about to move (another row of it is claimed, or can be claimed now) waits instead.
    """
    only = "AND e.newsletter_id = :newsletter" if newsletter_id is not None else ""
    return connection.execute(
        text(
            "UPDATE deliveries SET digest_id = NULL, plan_no = plan_no + 1, state = 'ready', attempt_no = 0"  # noqa: S608
            # Said twice: of a row that another worker claims meanwhile PostgreSQL looks only at the outer claims again.
            " WHERE state IN ('ready', 'deferred') AND doubt_count = 0"
            f" AND id IN (SELECT d.id FROM {_JOINED}"
            "  WHERE d.next_attempt_at <= :now AND d.state IN ('ready', 'deferred') AND e.state = 'open'"
            f"  {only} AND u.history_id <> g.history_before AND d.doubt_count = 0"
            "  AND NOT EXISTS (SELECT 1 FROM deliveries o JOIN digests og ON og.id = o.digest_id"
            "   JOIN editions oe ON oe.id = o.edition_id"
            "   WHERE o.subscriber_id = d.subscriber_id AND o.id <> d.id AND (o.state = 'claimed'"
            "    OR (o.state = 'ready' AND oe.state = 'open' AND og.history_before = u.history_id"
            f"     {only.replace('e.', 'oe.')}))))"
        ),
        {"now": to_micros(now), "newsletter": newsletter_id},
    ).rowcount


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A slot with rows that wait for a new plan."""

    newsletter: str
    edition_id: int
    period: str
    slot_at: datetime


def unplanned(connection: Connection, newsletter_id: int | None, *, paused: bool = False) -> list[Unplanned]:
    """Return the slots (of one newsletter, or of all) with rows that wait for a new plan; of *paused* editions too."""
    only = "AND e.newsletter_id = :newsletter" if newsletter_id is not None else ""
    states = "('open', 'awaiting', 'paused')" if paused else "('open')"
    rows = connection.execute(
        text(
            "SELECT DISTINCT n.slug, e.id, e.period, d.slot_at FROM deliveries d"  # noqa: S608
            " JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
            " WHERE d.next_attempt_at IS NOT NULL AND d.digest_id IS NULL AND d.state = 'ready'"
            f" AND e.state IN {states} {only} ORDER BY 1, 2, 4"
        ),
        {"newsletter": newsletter_id},
    )
    return [Unplanned(row[0], row[1], row[2], from_micros(row[3])) for row in rows]


def stopped(connection: Connection, worker: str) -> set[int]:
    """Return the rows *worker* holds whose reader has left, or whose edition was paused or approved anew since."""
    rows = connection.execute(
        text(
            "SELECT d.id FROM deliveries d JOIN editions e ON e.id = d.edition_id"  # noqa: S608
            " JOIN subscriptions s ON s.id = d.subscription_id"
            " WHERE d.lease_until IS NOT NULL AND d.claimed_by = :worker"
            f" AND (e.state <> 'open' OR s.state <> 'active' AND NOT {_LETTER}"
            f"  OR d.part_of IS NOT NULL AND EXISTS ({LACKING})"
            "  OR d.doubt_count = 0 AND e.pool_id <> (SELECT g.pool_id FROM digests g WHERE g.id = d.digest_id))"
        ),
        {"worker": worker},
    )
    return {row[0] for row in rows}


def needs_sender(connection: Connection, now: datetime) -> bool:
    """Whether a row is due whose edition is not held back, or was left claimed by a sender that died."""
    found = connection.execute(
        text(
            "SELECT 1 FROM deliveries d JOIN editions e ON e.id = d.edition_id"
            " WHERE (d.next_attempt_at <= :now AND e.state IN ('open', 'finished'))"
            " OR d.lease_until IS NOT NULL LIMIT 1"
        ),
        {"now": to_micros(now)},
    )
    return found.first() is not None


def reopen_editions(connection: Connection) -> None:
    """Open each finished edition that has waiting rows: it was finished while its next slot was being planned."""
    connection.execute(
        text(
            f"UPDATE editions SET state = {STANDING} WHERE state = 'finished'"  # noqa: S608  # a constant
            " AND id IN (SELECT edition_id FROM deliveries WHERE next_attempt_at IS NOT NULL)"
        )
    )


def finish_editions(connection: Connection) -> None:
    """Close each edition, open or awaiting approval, all of whose rows are terminal: counted from rows, never inferred.

    A row in doubt that will be sent once more is not, nor is a part of a mail that waits.
    """
    connection.execute(
        text(
            "UPDATE editions SET state = 'finished' WHERE state IN ('open', 'awaiting')"
            " AND EXISTS (SELECT 1 FROM deliveries d WHERE d.edition_id = editions.id)"
            " AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.edition_id = editions.id"
            "  AND (d.state IN ('ready', 'claimed', 'deferred') OR d.next_attempt_at IS NOT NULL))"
            # From the few joined mails that wait to their parts, not from the rows of the edition.
            " AND NOT EXISTS (SELECT 1 FROM deliveries m CROSS JOIN deliveries p WHERE m.part_of IS NOT NULL"
            "  AND m.next_attempt_at IS NOT NULL AND p.part_of = m.id AND p.edition_id = editions.id)"
            " AND NOT EXISTS (SELECT 1 FROM deliveries m CROSS JOIN deliveries p WHERE m.part_of IS NOT NULL"
            "  AND m.lease_until IS NOT NULL AND p.part_of = m.id AND p.edition_id = editions.id)"
        )
    )


def find_row(connection: Connection, delivery_id: int) -> Claim | None:
    """Return one planned delivery as its message needs it, whatever its state; None when there is none.

    Of a part of a joined mail it is that mail's.
    """
    itself = " WHERE d.id = COALESCE((SELECT part_of FROM deliveries WHERE id = :id), :id) AND d.digest_id IS NOT NULL"
    row = connection.execute(text(_ROW + itself), {"id": delivery_id}).first()
    return _claim(row) if row else None
