"""Looking through all attempts, a stretch of ids at a time, so that no search reads millions at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from digest.store.browsing import PAGE, Page
from digest.store.log import LoggedAttempt
from digest.store.tables import from_micros

READ = 50_000  #: attempts that one page looks at


def browse_attempts(
    connection: Connection, *, outcome: str = "", server: str = "", after: Sequence[int] = ()
) -> Page[LoggedAttempt]:
    """Return one page of attempts, newest first; it may be short, or empty, and others follow all the same."""
    latest = connection.execute(text("SELECT COALESCE(MAX(id), 0) FROM attempts")).scalar_one()
    top = min(after[0] - 1, latest) if after else latest
    bottom = max(0, top - READ)
    wheres = ["a.id <= :top", "a.id > :bottom"]
    values: dict[str, Any] = {"top": top, "bottom": bottom, "most": PAGE + 1}
    for name, value in (("outcome", outcome), ("server", server)):
        if value:
            wheres.append(f"a.{name} = :{name}")
            values[name] = value
    rows = connection.execute(
        text(
            "SELECT a.id AS number, a.delivery_id, a.attempt_no, a.outcome, a.phase, a.reply_code, a.enhanced, a.text,"  # noqa: S608
            " a.server, COALESCE(NULLIF(a.recipient, ''), d.address) AS recipient, a.started_at, a.finished_at"
            f" FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE {' AND '.join(wheres)}"
            " ORDER BY a.id DESC LIMIT :most"
        ),
        values,
    ).all()
    found = tuple(_attempt(row) for row in rows[:PAGE])
    if len(rows) > PAGE:
        return Page(found, (int(rows[PAGE - 1].number),))
    return Page(found, (bottom + 1,) if bottom else ())


def _attempt(row: Row[Any]) -> LoggedAttempt:
    told = {name: value for name, value in row._mapping.items() if name != "number"}
    return LoggedAttempt(
        **{**told, "started_at": from_micros(row.started_at), "finished_at": from_micros(row.finished_at)}
    )
