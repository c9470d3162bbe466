"""Taking out of the delivery log what is older than it is kept for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from digest.model.delivery import TERMINAL
from digest.store.event_erasure import part_from_deliveries
from digest.store.get_or_create import among
from digest.store.tables import attempts, deliveries, reports


def old_deliveries(connection: Connection, before: datetime, *, after: int, most: int) -> tuple[list[int], int]:
    """Look at *most* deliveries beyond the id *after*; return those that ended before that, and where to go on.

    It goes on at 0 when there are no more. Those that may still move are none of them; nor is the last delivery, nor
    that of the last attempt: a number that is given again would be that of old links.
    """
    columns = (deliveries.c.id, deliveries.c.state, deliveries.c.planned_at, deliveries.c.finished_at)
    asked = select(*columns).where(deliveries.c.id > after).order_by(deliveries.c.id).limit(most)
    rows = [row for row in connection.execute(asked) if row.planned_at < before]  # planned in the order of their ids
    if not rows:
        return [], 0
    last = connection.scalar(select(func.max(deliveries.c.id)))
    last_tried = connection.scalar(select(attempts.c.delivery_id).order_by(attempts.c.id.desc()).limit(1))
    ids = [
        row.id
        for row in rows
        if row.state in TERMINAL and (row.finished_at or row.planned_at) < before and row.id not in (last, last_tried)
    ]
    return ids, rows[-1].id if len(rows) == most else 0


def delete_deliveries(connection: Connection, ids: Sequence[int]) -> None:
    """Delete these deliveries with their attempts and what came back about them."""
    part_from_deliveries(connection, ids)
    for table in (attempts, reports):
        connection.execute(delete(table).where(among(connection, table.c.delivery_id, ids)))
    connection.execute(delete(deliveries).where(among(connection, deliveries.c.id, ids)))
