"""Setbacks: rows of an edition that was paused for a fault of ours; it does not count against the reader."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from digest.store.tables import to_micros


def ready_again(connection: Connection, edition_id: int, *, reason: str, now: datetime) -> int:
    """Make rows of an edition that wait because of *reason* due now; return how many."""
    return connection.execute(
        text(
            "UPDATE deliveries SET state = CASE WHEN doubt_count > 0 THEN 'in_doubt' ELSE 'ready' END, reason = '',"
            " next_attempt_at = :now WHERE edition_id = :edition AND state = 'deferred' AND reason = :reason"
        ),
        {"edition": edition_id, "reason": reason, "now": to_micros(now)},
    ).rowcount
