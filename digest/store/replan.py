"""Plan anew what waits: rows that a sender has claimed, or that may have left once, stay as they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from digest.store.tables import to_micros

_WAITING = (
    "UPDATE deliveries SET state = 'ready', digest_id = NULL, plan_no = plan_no + 1, attempt_no = 0,"
    " next_attempt_at = :now WHERE state IN ('ready', 'deferred') AND doubt_count = 0 AND digest_id IS NOT NULL AND"
)
_EDITIONS = (
    "SELECT e.id FROM editions e JOIN newsletters n ON n.id = e.newsletter_id"
    " WHERE (:slug = '' OR n.slug = :slug) AND e.period NOT LIKE '%+%'"
)
# Joined mails that have a part in these editions.
_JOINED = "id IN (SELECT p.part_of FROM deliveries p WHERE p.part_of IS NOT NULL AND p.edition_id {})"


def replan_with(connection: Connection, article_id: int, *, now: datetime) -> int:
    """Ask for a new plan for every waiting mail that has the article; return how many."""
    having = text(f"{_WAITING} digest_id IN (SELECT g.id FROM digests g WHERE g.items LIKE :item)")  # noqa: S608  # a constant
    return connection.execute(having, {"now": to_micros(now), "item": _item(article_id)}).rowcount


def replan_ruled(connection: Connection, article_id: int, newsletter: str, *, now: datetime) -> int:
    """Do so in the editions of *newsletter* ("" is all); corrections show what was sent, and stay."""
    having = text(
        f"{_WAITING} digest_id IN (SELECT g.id FROM digests g WHERE g.items LIKE :item)"  # noqa: S608
        f" AND (edition_id IN ({_EDITIONS}) OR {_JOINED.format(f'IN ({_EDITIONS})')})"
    )
    values = {"now": to_micros(now), "item": _item(article_id), "slug": newsletter}
    return connection.execute(having, values).rowcount


def replan_edition(connection: Connection, edition_id: int, *, now: datetime) -> int:
    """Ask for a new plan for every mail of an edition that waits; return how many."""
    asked = text(f"{_WAITING} (edition_id = :e OR {_JOINED.format('= :e')})")
    return connection.execute(asked, {"now": to_micros(now), "e": edition_id}).rowcount


def _item(article_id: int) -> str:
    return f'%{{"article_id":{article_id},%'
