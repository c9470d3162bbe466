"""Statements of the hot path: compiled once for a database, then handed to its driver as plain tuples.

The sender runs four statements for every few messages; SQLAlchemy's work for each of them and each of their
rows was half of the ledger's time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, text


class Prepared:
    """One SQL text with `:named` parameters."""

    def __init__(self, sql: str) -> None:
        self._text = text(sql)
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute once; the result's rows are plain tuples of the driver's values."""
        sql, order = self._for(connection)
        return connection.exec_driver_sql(sql, _ordered(values, order))

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once for each of *rows*; nothing happens for none."""
        if rows:
            sql, order = self._for(connection)
            connection.exec_driver_sql(sql, [_ordered(row, order) for row in rows])

    def _for(self, connection: Connection) -> tuple[str, tuple[str, ...] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            compiled = self._text.compile(dialect=connection.dialect)
            order = getattr(compiled, "positiontup", None)
            self._compiled[name] = (str(compiled), tuple(order) if order is not None else None)
        return self._compiled[name]


def _ordered(values: Mapping[str, Any], order: tuple[str, ...] | None) -> Any:
    return values if order is None else tuple([values[name] for name in order])
