"""A scratch table on disk for rows that are read before they are written (door).

An import must know the last row of each reader before it writes the first one, in memory that does not grow
with the file. The table is a private, unnamed SQLite database: the system unlinks it when it is opened, so
that even a killed import leaves no list of addresses behind.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

_ROWS_PER_WRITE = 2_000


class Staging:
    """Keeps the last row put under each key; a context manager. Row values are text, numbers or None."""

    def __init__(self, columns: int) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        for pragma in ("cache_size = -2048", "temp_store = file", "journal_mode = off", "synchronous = off"):
            self._connection.execute(f"PRAGMA {pragma}")
        names = ", ".join(f"c{number}" for number in range(columns))
        self._connection.execute(f"CREATE TABLE staged (line INTEGER PRIMARY KEY, key TEXT UNIQUE, {names})")
        self._connection.execute("CREATE TABLE gave_way (line INTEGER PRIMARY KEY, later INTEGER)")
        self._connection.execute(
            "CREATE TRIGGER note BEFORE INSERT ON staged BEGIN"
            " INSERT INTO gave_way SELECT line, new.line FROM staged WHERE key = new.key; END"
        )
        marks = ", ".join("?" * (columns + 2))
        self._insert = f"INSERT OR REPLACE INTO staged VALUES ({marks})"  # noqa: S608  # only question marks
        self._waiting: list[Sequence[Any]] = []
        self._put = 0

    def __enter__(self) -> Self:
        self._connection.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def put(self, line: int, key: str, values: Sequence[Any]) -> None:
        """Keep *values*, which came from *line*, under *key*; an earlier row with this key gives way."""
        self._waiting.append((line, key, *values))
        self._put += 1
        if len(self._waiting) >= _ROWS_PER_WRITE:
            self._flush()

    def counts(self) -> tuple[int, int]:
        """Return how many rows are kept, and how many gave way to a later one with the same key."""
        self._flush()
        kept: int = self._connection.execute("SELECT count(*) FROM staged").fetchone()[0]
        return kept, self._put - kept

    def repeated(self) -> Iterator[tuple[int, int]]:
        """Yield (line, the next line with the same key) of the rows that gave way, in the order of lines."""
        self._flush()
        yield from self._connection.execute("SELECT line, later FROM gave_way ORDER BY line")

    def batches(self, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield (line, key, *values) in the order of lines, *size* at a time."""
        self._flush()
        cursor = self._connection.execute("SELECT * FROM staged ORDER BY line")
        while batch := cursor.fetchmany(size):
            yield batch

    def _flush(self) -> None:
        self._connection.executemany(self._insert, self._waiting)
        self._waiting.clear()
