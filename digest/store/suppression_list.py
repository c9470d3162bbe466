"""Looking through the suppressions, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from digest.store.browsing import PAGE, Page
from digest.store.tables import suppressions


class ListedSuppression(NamedTuple):
    """A suppression as a list shows it; who it is, only the hash knows."""

    suppression_id: int
    address_hash: str
    reason: str
    at: datetime


def browse_suppressions(connection: Connection, *, after: Sequence[int] = ()) -> Page[ListedSuppression]:
    """Return one page of suppressions, the latest first."""
    query = select(suppressions.c.id, suppressions.c.address_hash, suppressions.c.reason, suppressions.c.at)
    if after:
        query = query.where(suppressions.c.id < after[0])
    rows = connection.execute(query.order_by(suppressions.c.id.desc()).limit(PAGE + 1)).all()
    found = tuple(ListedSuppression(*row) for row in rows[:PAGE])
    return Page(found, (found[-1].suppression_id,) if len(rows) > PAGE else ())
