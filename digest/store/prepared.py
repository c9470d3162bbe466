"""Statements of the hot path, handed to the database's driver (PEP 249) as they are.

The sender runs four statements for every few messages; SQLAlchemy's work for each of them and each of their
rows was most of the ledger's time. They run inside the connection's own transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Dialect


class _Driver(Protocol):
    def cursor(self) -> Any: ...


class Ledger(Protocol):
    """A connection to the database: SQLAlchemy's own, or the sender's."""

    @property
    def dialect(self) -> Dialect:
        """What kind of database it is."""
        ...

    @property
    def connection(self) -> _Driver:
        """The driver's connection."""
        ...


class Prepared:
    """One SQL text with a question mark for each parameter."""

    def __init__(self, sql: str) -> None:
        self._texts = {"qmark": sql, "format": sql.replace("?", "%s")}

    def rows(self, ledger: Ledger, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Execute once; return the rows as tuples of the driver's values."""
        cursor = ledger.connection.cursor()
        try:
            cursor.execute(self._for(ledger), values)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def run_many(self, ledger: Ledger, rows: Sequence[Sequence[Any]]) -> None:
        """Execute once for each of *rows*; nothing happens for none."""
        if not rows:
            return
        cursor = ledger.connection.cursor()
        try:
            cursor.executemany(self._for(ledger), rows)
        finally:
            cursor.close()

    def _for(self, ledger: Ledger) -> str:
        return self._texts["qmark" if ledger.dialect.name == "sqlite" else "format"]
