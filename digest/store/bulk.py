"""Inserting many rows as plain tuples, past SQLAlchemy's work per row and value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_rows(conn: Connection, table: Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert *rows*, whose values stand in the order of *columns* and go to the driver as they are.

    Instants are microseconds already (`to_micros`). Columns that are not named take the table's defaults.
    """
    if not rows:
        return
    statement = str(table.insert().compile(dialect=conn.dialect, column_keys=list(columns)))
    if conn.dialect.positional:
        # The compiled statement names the columns in the table's order, whatever order they were given in.
        order = [columns.index(column.name) for column in table.columns if column.name in columns]
        if order != list(range(len(columns))):
            rows = [tuple(row[at] for at in order) for row in rows]
        conn.exec_driver_sql(statement, rows)
    else:
        conn.exec_driver_sql(statement, [dict(zip(columns, row, strict=True)) for row in rows])
