"""Approvals of editions: given, withdrawn by whatever changes the pool, and lapsed when they come too late.

An edition that waits for one is `awaiting`, and no claim looks at it. With one it has the approved pool's id, and only
digests of just that pool are claimed. Whoever changes something that may be in a pool says so here, in the same
transaction; a change that nobody says (a template's file) is found when the next slot is planned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text

from digest.log import get_logger
from digest.model.approval import Approval
from digest.model.digest import SkipReason
from digest.model.newsletter import ApprovalRule
from digest.store.replan import replan_edition
from digest.store.standing import APPROVED, NEVER, STANDING, make_due
from digest.store.tables import approvals, article_sources, articles, editions, from_micros, newsletters, to_micros

_UNSETTLED = "approval <> '' AND state NOT IN ('finished', 'cancelled')"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be approved: the edition's rule and state, the hash that is approved now, and its count of changes."""

    rule: ApprovalRule
    state: str
    approved: str
    changes: int


def asked_of(connection: Connection, edition_id: int) -> Asked:
    """Return how an edition that is there stands with its approval."""
    row = connection.execute(
        text(
            "SELECT e.approval, e.state, COALESCE(p.hash, '') AS hash, e.changes FROM editions e"
            " LEFT JOIN pools p ON p.id = e.pool_id WHERE e.id = :e"
        ),
        {"e": edition_id},
    ).one()
    return Asked(ApprovalRule(row.approval), row.state, row.hash, row.changes)


def approve(
    connection: Connection,
    edition_id: int,
    pool: tuple[int, str],
    window: tuple[datetime, datetime],
    *,
    changes: int,
    by: str,
    now: datetime,
    urgent: bool,
) -> bool:
    """Approve *pool* (id and hash) of an edition; False when it is approved, or something changed since *changes*."""
    # Whoever is writing its rows just now is done first; SQLite has one writer.
    connection.execute(select(editions.c.id).where(editions.c.id == edition_id).with_for_update())
    done = connection.execute(
        text(
            f"UPDATE editions SET pool_id = :p, state = CASE WHEN state = 'awaiting' THEN {APPROVED} ELSE state END"  # noqa: S608
            " WHERE id = :e AND approval <> '' AND pool_id IS NULL AND changes = :c AND state <> 'cancelled'"
        ),
        {"p": pool[0], "e": edition_id, "c": changes},
    )
    if not done.rowcount:
        return False
    values = {"edition_id": edition_id, "pool_hash": pool[1], "window_start": window[0], "window_end": window[1]}
    connection.execute(insert(approvals).values(**values, approved_by=by, approved_at=now))
    make_due(connection, edition_id, urgent=urgent)
    return True


def withdraw(connection: Connection, edition_id: int, because: str, *, by: str = "", now: datetime) -> int | None:
    """Take an edition's approval back; return how many waiting mails are planned anew, None when it had none."""
    taken = connection.execute(
        text(
            "UPDATE editions SET pool_id = NULL, changes = changes + 1,"
            " state = CASE state WHEN 'open' THEN 'awaiting' ELSE state END WHERE id = :e AND pool_id IS NOT NULL"
        ),
        {"e": edition_id},
    )
    if not taken.rowcount:
        return None
    connection.execute(
        text(
            "UPDATE approvals SET withdrawn_by = :by, withdrawn_at = :now, withdrawn_because = :why"
            " WHERE edition_id = :e AND withdrawn_at IS NULL"
        ),
        {"by": by, "now": to_micros(now), "why": because, "e": edition_id},
    )
    replanned = replan_edition(connection, edition_id, now=from_micros(NEVER))
    get_logger().warning("approval_withdrawn", edition=edition_id, why=because, by=by, planned_anew=replanned)
    return replanned


def approvals_of(connection: Connection, edition_id: int) -> list[Approval]:
    """Return the approvals of an edition, earliest first."""
    columns = (
        approvals.c.pool_hash,
        approvals.c.approved_by,
        approvals.c.approved_at,
        approvals.c.withdrawn_by,
        approvals.c.withdrawn_at,
        approvals.c.withdrawn_because,
    )
    query = select(*columns).where(approvals.c.edition_id == edition_id).order_by(approvals.c.id)
    return [Approval(*row) for row in connection.execute(query)]


def last_hand(connection: Connection, edition_id: int, window: tuple[datetime, datetime]) -> str:
    """Return who last wrote a note for an edition, or edited or decided on an article of its window, "" for nobody."""
    row = connection.execute(
        text(
            "SELECT who FROM (SELECT written_by AS who, written_at AS at FROM edition_notes WHERE edition_id = :e"
            " UNION ALL SELECT r.ruled_by, r.ruled_at FROM rulings r JOIN articles a ON a.id = r.article_id"
            "  WHERE a.collected_at >= :start AND a.collected_at < :end AND r.newsletter IN ('', (SELECT n.slug"
            "   FROM editions e JOIN newsletters n ON n.id = e.newsletter_id WHERE e.id = :e))"
            " UNION ALL SELECT v.made_by, v.made_at FROM revisions v JOIN articles a ON a.id = v.article_id"
            "  WHERE v.made_by <> '' AND a.collected_at >= :start AND a.collected_at < :end) AS hands"
            " ORDER BY at DESC LIMIT 1"
        ),
        {"e": edition_id, "start": to_micros(window[0]), "end": to_micros(window[1])},
    )
    return row.scalar() or ""


# What changes a pool


def article_changed(
    connection: Connection, article_id: int, because: str, *, now: datetime, by: str = "", newsletter: str = ""
) -> None:
    """Say that an article was edited, taken back, brought back or decided on, in *newsletter* ("" is all).

    Whoever names the newsletter may bring in an article from a source that it does not draw from.
    """
    unsettled = _unsettled(connection, newsletter)
    if not unsettled:
        return
    collected = connection.execute(select(articles.c.collected_at).where(articles.c.id == article_id)).scalar_one()
    for row in unsettled:
        _count_change(connection, row.id)
        draws = row.spec.get("sources") or ()
        within = row.window_start is not None and row.window_start <= to_micros(collected) < row.window_end
        if within and (newsletter or not draws or _brought(connection, article_id, draws)):
            withdraw(connection, row.id, because, by=by, now=now)


def newsletter_changed(connection: Connection, slug: str, because: str, *, now: datetime) -> None:
    """Say that what a newsletter, or ("") the vocabulary of all of them, says of its mails was changed."""
    for row in _unsettled(connection, slug):
        _count_change(connection, row.id)
        withdraw(connection, row.id, because, now=now)


def edition_changed(connection: Connection, edition_id: int, because: str, *, now: datetime, by: str = "") -> None:
    """Say that something was written for an edition."""
    _count_change(connection, edition_id)
    withdraw(connection, edition_id, because, by=by, now=now)


def _unsettled(connection: Connection, newsletter: str) -> list[Row[Any]]:
    """Return the editions that wait for an approval or go out with one, its window if there is one, and the spec."""
    query = (
        select(editions.c.id, newsletters.c.spec, text("a.window_start"), text("a.window_end"))
        .select_from(editions.join(newsletters, newsletters.c.id == editions.c.newsletter_id))
        .join(text("approvals a"), text("a.edition_id = editions.id AND a.withdrawn_at IS NULL"), isouter=True)
        .where(text(_UNSETTLED.replace("approval", "editions.approval")))
        .order_by(editions.c.id)
    )
    return list(connection.execute(query.where(newsletters.c.slug == newsletter) if newsletter else query))


def _count_change(connection: Connection, edition_id: int) -> None:
    connection.execute(text("UPDATE editions SET changes = changes + 1 WHERE id = :e"), {"e": edition_id})


def _brought(connection: Connection, article_id: int, sources: list[str]) -> bool:
    by = article_sources.c.source.in_(["", *sources])
    found = select(article_sources.c.source).where(article_sources.c.article_id == article_id, by)
    return connection.execute(found.limit(1)).first() is not None


# Who is too late


def slots_of(connection: Connection, edition_id: int) -> list[tuple[int, int]]:
    """Return when the slots of an edition are, and when each was planned first (or a person asked for it again)."""
    rows = connection.execute(text("SELECT slot_at, planned_at FROM slots WHERE edition_id = :e"), {"e": edition_id})
    return [(row.slot_at, row.planned_at) for row in rows]


def asked_again(connection: Connection, edition_id: int, slot_at: datetime, now: datetime) -> None:
    """Count a slot as planned now: a person asks for it, however late it is."""
    values = {"e": edition_id, "at": to_micros(slot_at), "now": to_micros(now)}
    connection.execute(text("UPDATE slots SET planned_at = :now WHERE edition_id = :e AND slot_at = :at"), values)


def lapse(connection: Connection, edition_id: int, slot_at: int, now: datetime) -> int:
    """Skip what waits in a slot for which the approval comes too late; return how many. What may have left stays."""
    return connection.execute(
        text(
            "UPDATE deliveries SET state = 'skipped', reason = :why, next_attempt_at = NULL, waits_until = NULL,"
            " finished_at = :now"
            " WHERE edition_id = :e AND slot_at = :at AND state IN ('ready', 'deferred') AND doubt_count = 0"
        ),
        {"why": SkipReason.NOT_APPROVED, "now": to_micros(now), "e": edition_id, "at": slot_at},
    ).rowcount


def end_empty(connection: Connection, edition_id: int) -> None:
    """End an edition that waits for an approval and has no rows."""
    ended = "UPDATE editions SET state = 'finished' WHERE id = :e AND state = 'awaiting'"
    none = "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.edition_id = editions.id)"
    connection.execute(text(f"{ended} {none}"), {"e": edition_id})


def awaiting(connection: Connection) -> list[tuple[int, str, str]]:
    """Return the editions that wait for an approval, each with its newsletter and period."""
    rows = connection.execute(
        text(
            "SELECT e.id, n.slug, e.period FROM editions e JOIN newsletters n ON n.id = e.newsletter_id"  # noqa: S608
            f" WHERE {_UNSETTLED.replace('approval', 'e.approval')} AND e.state = 'awaiting' ORDER BY e.id"
        )
    )
    return [(row.id, row.slug, row.period) for row in rows]


def replan_others(connection: Connection, now: datetime) -> int:
    """Ask for a new plan for what was made of another pool than the approved one; return how many mails."""
    return connection.execute(
        text(
            "UPDATE deliveries SET digest_id = NULL, plan_no = plan_no + 1, state = 'ready', attempt_no = 0,"
            " next_attempt_at = :now WHERE state IN ('ready', 'deferred') AND doubt_count = 0 AND digest_id IS NOT NULL"
            " AND edition_id IN (SELECT id FROM editions WHERE state = 'open' AND pool_id IS NOT NULL)"
            " AND (SELECT g.pool_id FROM digests g WHERE g.id = deliveries.digest_id)"
            "  <> (SELECT e.pool_id FROM editions e WHERE e.id = deliveries.edition_id)"
        ),
        {"now": to_micros(now)},
    ).rowcount


def follow_rule(connection: Connection, newsletter: str, rule: ApprovalRule, *, urgent: bool) -> None:
    """Let what a newsletter has not sent yet wait for the approvals that its *rule* asks for from now on."""
    number = connection.execute(select(newsletters.c.id).where(newsletters.c.slug == newsletter)).scalar_one()
    values = {"n": number, "rule": rule.value}
    connection.execute(
        text(
            "UPDATE editions SET approval = :rule, pool_id = CASE WHEN :rule = '' THEN NULL ELSE pool_id END"
            " WHERE newsletter_id = :n AND approval <> :rule AND period NOT LIKE '%+%'"
            " AND state IN ('open', 'awaiting', 'paused')"
        ),
        values,
    )
    moved = connection.execute(
        text(
            f"UPDATE editions SET state = {STANDING} WHERE newsletter_id = :n"  # noqa: S608  # a constant
            " AND (state = 'awaiting' AND approval = '' OR state = 'open' AND approval <> '' AND pool_id IS NULL)"
            " RETURNING id"
        ),
        values,
    )
    for edition_id in [] if rule else list(moved.scalars()):
        make_due(connection, edition_id, urgent=urgent)
    connection.execute(text("UPDATE newsletters SET approval = :rule WHERE id = :n"), values)
