"""Statements of the hot path: compiled once for a database, then handed to its driver (PEP 249) as they are.

The sender runs four statements for every few messages; SQLAlchemy's work for each of them and each of their
rows was most of the ledger's time. They run inside the connection's own transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text


class Prepared:
    """One SQL text with `:named` parameters."""

    def __init__(self, sql: str) -> None:
        self._text = text(sql)
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Execute once; return the rows as tuples of the driver's values."""
        sql, order = self._for(connection)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(sql, _ordered(values, order))
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once for each of *rows*; nothing happens for none."""
        if not rows:
            return
        sql, order = self._for(connection)
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(sql, [_ordered(row, order) for row in rows])
        finally:
            cursor.close()

    def _for(self, connection: Connection) -> tuple[str, tuple[str, ...] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            compiled = self._text.compile(dialect=connection.dialect)
            order = getattr(compiled, "positiontup", None)
            self._compiled[name] = (str(compiled), tuple(order) if order is not None else None)
        return self._compiled[name]


def _ordered(values: Mapping[str, Any], order: tuple[str, ...] | None) -> Any:
    return values if order is None else tuple([values[name] for name in order])
