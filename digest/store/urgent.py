"""Urgent mail: rows that overtake whatever else is due, such as a confirmation that somebody waits for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text


def let_overtake(connection: Connection, delivery_ids: Sequence[int]) -> int:
    """Put rows that wait for their first try at the head of the work list; return how many.

    Claims go by the time a row is due, so these are next, behind only what is claimed already: two messages for each
    connection. A row that is deferred later waits like any other.
    """
    waiting = text("UPDATE deliveries SET next_attempt_at = 1 WHERE id = :id AND state = 'ready'")
    return sum(connection.execute(waiting, {"id": each}).rowcount for each in delivery_ids)
