"""Saved segments: filters of readers with a name."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from digest.store.tables import segments


class Segment(NamedTuple):
    """A filter with a name: pairs of claim and values, as they are written in the address of the page."""

    segment_id: int
    name: str
    conditions: list[list[str]]
    made_by: str
    made_at: datetime


def list_segments(connection: Connection) -> list[Segment]:
    """Return all of them by name."""
    return [Segment(*row) for row in connection.execute(select(segments).order_by(segments.c.name))]


def save_segment(connection: Connection, name: str, conditions: list[list[str]], made_by: str, now: datetime) -> None:
    """Keep *conditions* under *name*, in the place of what was kept under it before."""
    values = {"conditions": conditions, "made_by": made_by, "made_at": now}
    if not connection.execute(update(segments).where(segments.c.name == name).values(values)).rowcount:
        connection.execute(insert(segments).values(name=name, **values))


def drop_segment(connection: Connection, segment_id: int) -> str:
    """Forget a segment and return its name, "" when there is none."""
    found = connection.execute(select(segments.c.name).where(segments.c.id == segment_id)).scalar()
    connection.execute(delete(segments).where(segments.c.id == segment_id))
    return found or ""
