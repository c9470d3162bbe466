"""Setbacks: rows whose turn has not come, and rows of an edition that was paused for a fault of ours.

Neither counts against the reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from digest.store.dispatching import Claim
from digest.store.prepared import Ledger, Prepared
from digest.store.tables import to_micros

_PUT_OFF = Prepared(
    "UPDATE deliveries SET state = CASE WHEN doubt_count > 0 THEN 'in_doubt' ELSE 'ready' END,"
    " lease_until = NULL, next_attempt_at = ?, attempt_no = attempt_no - 1"
    " WHERE id = ? AND token = ? AND state = 'claimed'"
)


def put_off(ledger: Ledger, claims: Sequence[tuple[Claim, datetime]]) -> None:
    """Give rows back untried, to be claimed again at the time beside each."""
    _PUT_OFF.run_many(ledger, [(to_micros(until), claim.delivery_id, claim.token) for claim, until in claims])


def ready_again(connection: Connection, edition_id: int, *, reason: str, now: datetime) -> int:
    """Make rows of an edition that wait because of *reason* due now; return how many."""
    return connection.execute(
        text(
            "UPDATE deliveries SET state = CASE WHEN doubt_count > 0 THEN 'in_doubt' ELSE 'ready' END, reason = '',"
            " next_attempt_at = :now WHERE edition_id = :edition AND state = 'deferred' AND reason = :reason"
        ),
        {"edition": edition_id, "reason": reason, "now": to_micros(now)},
    ).rowcount
