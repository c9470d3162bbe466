"""Sources: where articles come from, when each is visited next, and how the last visit went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from digest.model.newsletter import Source
from digest.store.specs import source_from_json
from digest.store.tables import sources


@dataclass(frozen=True, slots=True)
class DueSource:
    """A source whose visit is due, when it was last seen, and what its server said then (RFC 9110 §8.8)."""

    source: Source
    etag: str
    last_modified: str
    last_visit_at: datetime | None
    last_error: str


def due_sources(connection: Connection, now: datetime) -> list[DueSource]:
    """Return the sources to visit now, longest waiting first."""
    rows = connection.execute(select(sources).where(sources.c.next_visit_at <= now).order_by(sources.c.next_visit_at))
    return [
        DueSource(source_from_json(row.slug, row.spec), row.etag, row.last_modified, row.last_visit_at, row.last_error)
        for row in rows
    ]


def record_visit(
    connection: Connection,
    due: DueSource,
    *,
    now: datetime,
    error: str,
    etag: str,
    last_modified: str,
    failed: bool = False,
    rest: timedelta = timedelta(),
) -> None:
    """Write how the visit went and when the next one is due.

    One that *failed* saw nothing: what changed since the visit before is still to be read. *rest* is how long the
    source asked to be left alone; a visit is never due sooner than that.
    """
    connection.execute(
        update(sources)
        .where(sources.c.slug == due.source.slug)
        .values(
            next_visit_at=now + max(due.source.every, rest),
            last_visit_at=due.last_visit_at if failed else now,
            last_error=error[:2000],
            failures=sources.c.failures + 1 if failed else 0,
            etag=etag,
            last_modified=last_modified,
        )
    )
