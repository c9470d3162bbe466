"""What an edition met with, counted; and newsletters that pause themselves for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from digest.errors import NotFound
from digest.store.editions import Edition
from digest.store.standing import UNHELD
from digest.store.tables import to_micros


@dataclass(frozen=True, slots=True)
class Met:
    """How many readers an edition has reached or been refused by, and how many of them are dead or complained."""

    newsletter_id: int
    edition: Edition
    reached: int
    hard: int
    complaints: int


def met_by(connection: Connection, edition_id: int, harmless: frozenset[str]) -> Met | None:
    """Return what the edition met with; None while its newsletter is paused, or when a person let it go on since."""
    row = connection.execute(
        text(
            "SELECT n.id, e.id, n.slug, e.period, e.state,"
            " (SELECT COUNT(*) FROM deliveries d WHERE d.edition_id = e.id AND d.state IN ('sent', 'refused'))"
            " FROM editions e JOIN newsletters n ON n.id = e.newsletter_id WHERE e.id = :e"
            " AND n.paused_because = '' AND (n.resumed_at IS NULL OR n.resumed_at < e.created_at)"
        ),
        {"e": edition_id},
    ).first()
    if row is None:
        return None
    told = connection.execute(
        text(
            "SELECT DISTINCT r.delivery_id, r.kind, r.feedback_type FROM deliveries d"
            " JOIN reports r ON r.delivery_id = d.id WHERE d.edition_id = :e AND (r.kind = 'complaint'"
            "  OR (r.kind = 'bounce' AND r.class = 'hard' AND r.sender_fault = 0))"
        ),
        {"e": edition_id},
    ).all()
    hard = {each.delivery_id for each in told if each.kind == "bounce"}
    complaints = {each.delivery_id for each in told if each.kind == "complaint" and each.feedback_type not in harmless}
    return Met(row[0], Edition(*row[1:5]), row[5], len(hard), len(complaints))


def pause_newsletter(connection: Connection, newsletter_id: int, because: str) -> None:
    """Let nothing of a newsletter go out any more: what is open waits, and so does what will be planned."""
    connection.execute(
        text("UPDATE newsletters SET paused_because = :why WHERE id = :n"), {"n": newsletter_id, "why": because}
    )
    connection.execute(
        text("UPDATE editions SET state = 'paused' WHERE newsletter_id = :n AND state = 'open'"), {"n": newsletter_id}
    )


def resume_newsletter(connection: Connection, slug: str, now: datetime) -> tuple[str, int]:
    """Let a newsletter go on; return why it was paused, "" when it was not, and how many mails wait in its editions.

    Raises NotFound.
    """
    row = connection.execute(text("SELECT id, paused_because FROM newsletters WHERE slug = :s"), {"s": slug}).first()
    if row is None:
        raise NotFound(f"there is no newsletter {slug!r}; see: digest newsletters list")
    if not row.paused_because:
        return "", 0
    connection.execute(
        text("UPDATE newsletters SET paused_because = '', resumed_at = :now WHERE id = :n"),
        {"n": row.id, "now": to_micros(now)},
    )
    waiting = connection.execute(
        text(
            "SELECT COUNT(*) FROM deliveries WHERE next_attempt_at IS NOT NULL"
            " AND edition_id IN (SELECT id FROM editions WHERE newsletter_id = :n AND state = 'paused')"
        ),
        {"n": row.id},
    ).scalar_one()
    connection.execute(
        text(f"UPDATE editions SET state = {UNHELD} WHERE newsletter_id = :n AND state = 'paused'"),  # noqa: S608
        {"n": row.id},
    )
    return row.paused_because, int(waiting)


def paused_newsletters(connection: Connection) -> dict[str, str]:
    """Return slug -> why, of the newsletters that are paused."""
    rows = connection.execute(text("SELECT slug, paused_because FROM newsletters WHERE paused_because <> ''"))
    return {row.slug: row.paused_because for row in rows}
