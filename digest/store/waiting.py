"""Waiting: the mails of a newsletter that an earlier planning made and that have not left yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from digest.store.tables import to_micros


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many mails of one edition with one subject.

    `later` when they wait for another try at a later time, `awaiting` when they wait for an approval.
    """

    period: str
    subject: str
    later: bool
    awaiting: bool
    readers: int


def waiting_mails(connection: Connection, newsletter_id: int, now: datetime) -> list[Waiting]:
    """Return what is planned for readers who still want it, and neither over nor stopped, at *now*.

    Mails in the hands of a sender count: it sends them, or the next one does.
    """
    rows = connection.execute(
        text(
            "SELECT e.period, g.subject, d.lease_until IS NULL AND d.next_attempt_at > :now AS later,"
            " e.state = 'awaiting' AS awaiting, COUNT(*)"
            " FROM deliveries d JOIN editions e ON e.id = d.edition_id JOIN digests g ON g.id = d.digest_id"
            " JOIN subscriptions s ON s.id = d.subscription_id"
            " WHERE e.newsletter_id = :n AND e.state <> 'paused' AND s.state = 'active'"
            " AND (d.next_attempt_at IS NOT NULL OR d.lease_until IS NOT NULL)"
            " GROUP BY e.period, g.subject, later, awaiting ORDER BY e.period, g.subject, later"
        ),
        {"n": newsletter_id, "now": to_micros(now)},
    )
    return [Waiting(row[0], row[1], bool(row[2]) and not row[3], bool(row[3]), row[4]) for row in rows]
