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
    if conn.dialect.name == "postgresql":
        _copy(conn, table, columns, rows)
        return
    statement = str(table.insert().compile(dialect=conn.dialect, column_keys=list(columns)))
    # The compiled statement names the columns in the table's order, whatever order they were given in.
    order = [columns.index(column.name) for column in table.columns if column.name in columns]
    if order != list(range(len(columns))):
        rows = [tuple(row[at] for at in order) for row in rows]
    conn.exec_driver_sql(statement, rows)


def _copy(conn: Connection, table: Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Hand *rows* to COPY, in the connection's own transaction: several times faster than INSERT."""
    driver: Any = conn.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
