"""Rows that are named by the hash of their content: read the ids of those that exist, insert the others."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, any_, bindparam, column, func, select
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

KEYS_PER_QUERY = 5_000  # SQLite takes 32,766 parameters in one statement, PostgreSQL twice as many


def chunks(items: Iterable[T], size: int = KEYS_PER_QUERY) -> Iterator[list[T]]:
    """Yield *items* in lists of *size*, the last one shorter."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def among(conn: Connection, wanted: ColumnElement[Any], values: Collection[str | int]) -> ColumnElement[bool]:
    """Return the claim that the column *wanted* has one of *values*, as one bound value however many there are.

    An IN list has a bound value for each, and building thousands of those takes longer than the query.
    """
    if conn.dialect.name == "sqlite":
        listed = func.json_each(bindparam(None, json.dumps(list(values)))).table_valued(column("value"))
        return wanted.in_(select(listed.c.value))
    return wanted == any_(bindparam(None, list(values)))


def insert_new(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert *rows* but for those that another one with the same key keeps out."""
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    conn.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def values_by(
    conn: Connection, key: ColumnElement[Any], value: ColumnElement[Any], wanted: Iterable[Any]
) -> dict[Any, Any]:
    """Return *value* of each row whose *key* is among *wanted*, by key; what no row has is left out."""
    found: dict[Any, Any] = {}
    for part in chunks(wanted):
        rows = conn.execute(select(key, value).where(among(conn, key, part)))
        found |= {row[0]: row[1] for row in rows}
    return found


def ids_of(conn: Connection, table: Table, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return the id of each row of *rows* (content key to column values), inserting what *table* lacks.

    *table* has a unique column `key`. Another process may insert the same row at the same time.
    """
    found = values_by(conn, table.c.key, table.c.id, rows)
    missing = [{"key": key, **values} for key, values in rows.items() if key not in found]
    if missing:
        insert_new(conn, table, missing)
        found |= values_by(conn, table.c.key, table.c.id, [row["key"] for row in missing])
    return found
