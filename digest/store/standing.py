"""The state of an edition that no person holds: open, unless it waits for an approval or its newsletter is paused."""

from __future__ import annotations

from sqlalchemy import Connection, text

# When the rows of an edition that waits for an approval are due: never. Before it they would stand in front of all
# others in the index of what is due, and each claim would pass over them.
NEVER = 253_402_300_799_000_000  # microseconds: the end of the year 9999

# An edition by itself; SQL over `editions`.
UNHELD = "CASE WHEN editions.approval <> '' AND editions.pool_id IS NULL THEN 'awaiting' ELSE 'open' END"
_OF_ITS_NEWSLETTER = (
    "(SELECT CASE WHEN n.paused_because <> '' THEN 'paused' ELSE {} END"
    " FROM newsletters n WHERE n.id = editions.newsletter_id)"
)
# The same when its newsletter may be paused; and that of an edition that is being approved.
STANDING = _OF_ITS_NEWSLETTER.format(UNHELD)
APPROVED = _OF_ITS_NEWSLETTER.format("'open'")
# Whose word an edition of a period waits for; letters and corrections are asked for by whoever confirms them.
NEEDED = "CASE WHEN :p LIKE '%+%' THEN '' ELSE n.approval END"


def make_edition(connection: Connection, newsletter_id: int, period: str, now: int) -> None:
    """Add the edition of *period* unless it is there, in the state of one that nobody holds; *now* in microseconds."""
    connection.execute(
        text(
            "INSERT INTO editions (newsletter_id, period, approval, state, created_at)"  # noqa: S608
            f" SELECT n.id, :p, {NEEDED}, CASE WHEN n.paused_because <> '' THEN 'paused'"
            f" WHEN {NEEDED} <> '' THEN 'awaiting' ELSE 'open' END, :at FROM newsletters n WHERE n.id = :n"
            " ON CONFLICT (newsletter_id, period) DO NOTHING"
        ),
        {"n": newsletter_id, "p": period, "at": now},
    )


def make_due(connection: Connection, edition_id: int, *, urgent: bool) -> None:
    """Make the rows due that waited for an approval, as planning would have."""
    due = text(
        "UPDATE deliveries SET next_attempt_at = CASE WHEN :urgent = 1 THEN 1 ELSE planned_at END"
        " WHERE edition_id = :e AND next_attempt_at = :never"
    )
    connection.execute(due, {"e": edition_id, "urgent": int(urgent), "never": NEVER})


def is_awaiting(connection: Connection, edition_id: int) -> bool:
    """Whether an edition waits for an approval."""
    state = connection.execute(text("SELECT state FROM editions WHERE id = :e"), {"e": edition_id})
    return bool(state.scalar() == "awaiting")


def let_go(connection: Connection, edition_id: int) -> str:
    """Let a paused edition be what it would be if nobody held it; return that, "" when it was not paused."""
    freed = text(f"UPDATE editions SET state = {UNHELD} WHERE id = :e AND state = 'paused' RETURNING state")  # noqa: S608
    return connection.execute(freed, {"e": edition_id}).scalar() or ""
