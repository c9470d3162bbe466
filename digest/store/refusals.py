"""Attempts that ended a delivery: refused for good, or given up after the last temporary reply."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server said when it refused a mail, or when it was tried for the last time."""

    attempt_id: int
    delivery_id: int
    subscription_id: int
    phase: str
    reply_code: int
    enhanced: str
    text: str


def latest_attempt(connection: Connection) -> int:
    """Return the id of the latest attempt, 0 when there is none."""
    return int(connection.execute(text("SELECT COALESCE(MAX(id), 0) FROM attempts")).scalar_one())


def refusals_between(connection: Connection, after: int, up_to: int, *, limit: int) -> list[Refusal]:
    """Return at most *limit* refusals by servers among the attempts past *after* that are on no record, in order.

    Those of ours have no code. What was told of an address that was corrected since is left out.
    """
    rows = connection.execute(
        text(
            "SELECT a.id, a.delivery_id, d.subscription_id, a.phase, a.reply_code, a.enhanced, a.text"
            " FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
            " WHERE a.id > :after AND a.id <= :up_to AND a.reply_code > 0 AND a.recipient IN ('', d.address)"
            "  AND (a.outcome = 'refused'"
            "  OR (a.outcome = 'deferred' AND d.state = 'expired' AND a.attempt_no = d.attempt_no))"
            "  AND NOT EXISTS (SELECT 1 FROM reports r WHERE r.source_key = 'attempt:' || a.id)"
            " ORDER BY a.id LIMIT :limit"
        ),
        {"after": after, "up_to": up_to, "limit": limit},
    )
    return [Refusal(*row) for row in rows]
