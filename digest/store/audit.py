"""The audit log: what staff did, appended in the transaction that does it, and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from digest.store.browsing import PAGE, Page
from digest.store.tables import audit


class Act(NamedTuple):
    """One line: who did what to what, and what that was before and after (None where that says nothing)."""

    act_id: int
    at: datetime
    who: str
    action: str
    target: str
    before: Any
    after: Any


def record(
    connection: Connection,
    who: str,
    action: str,
    target: str,
    *,
    now: datetime,
    before: Any = None,
    after: Any = None,
) -> None:
    """Append a line; *before* and *after* are JSON values without addresses, names and secrets."""
    connection.execute(
        insert(audit).values(at=now, who=who[:80], action=action[:40], target=target[:200], before=before, after=after)
    )


def browse_acts(connection: Connection, *, who: str = "", target: str = "", after: Sequence[int] = ()) -> Page[Act]:
    """Return one page of the log, newest first."""
    query = select(audit)
    if who:
        query = query.where(audit.c.who == who)
    if target:
        query = query.where(audit.c.target == target)
    if after:
        query = query.where(audit.c.id < after[0])
    rows = [Act(*row) for row in connection.execute(query.order_by(audit.c.id.desc()).limit(PAGE + 1))]
    return Page(tuple(rows[:PAGE]), (rows[PAGE - 1].act_id,) if len(rows) > PAGE else ())
