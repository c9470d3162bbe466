"""One life of a sender: the product's own `dispatch`, which can be killed between any two of its effects.

What would outlive a real process (the database, the journal, what was written to a server) outlives it here; nothing
that its stack does on the way down has any effect any more, as after kill -9.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

from digest.delivery.journal import Orphan
from digest.store.engine import open_engine
from tests.faults.simulation.laws import Broken
from tests.faults.simulation.relay import Wire
from tests.faults.simulation.shortcuts import Compiled

#: Where a death can come, and up to which time that this step is taken.
STEPS = {
    "begin": 40,
    "commit": 15,  # before it: the transaction is undone
    "committed": 15,  # after it: the answer is lost
    "make": 16,
    "note": 30,  # a journal record, of which any part may be written
    "noted": 30,
    "write": 30,
    "written": 30,
    "reply": 30,
    "turn": 150,
}
ENOUGH = 6_000  #: times that one life may do the same


class Killed(SystemExit):
    """The process is no more. A SystemExit, for that is what an event loop lets through."""


@dataclass
class Life:
    """A process. It dies at the n-th step of a kind, `dies_at`; at that of `fails_at` the disk fails it."""

    name: str
    note: Callable[[str], None]
    after_commit: Callable[[], None]
    dies_at: tuple[str, int] | None = None
    fails_at: tuple[str, int] | None = None
    tear: float = 0.0  #: how much of the last record is written
    dead: bool = False
    is_gone: bool = False  #: without having waited for its replies
    has_failed: bool = False
    broken: Broken | None = None  #: the law that it broke; it dies of that
    adopted: list[Orphan] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def step(self, kind: str) -> None:
        """Take one step; it may be the last."""
        if self.dead:
            raise Killed(self.name)
        count = self.seen[kind] = self.seen.get(kind, 0) + 1
        if kind not in ("turn", "begin", "sql"):
            self.note(f"{self.name} {kind}")
        if self.dies_at == (kind, count):
            self.die()
        if count > ENOUGH:
            self.breaks(Broken(f"I10: {self.name} does the same for ever ({kind})"))

    def fails(self, kind: str) -> bool:
        """Whether the disk fails at the step that was just taken."""
        if self.fails_at != (kind, self.seen[kind]):
            return False
        self.note(f"{self.name}'s disk fails")
        self.has_failed = True
        return True

    def breaks(self, law: Broken) -> None:
        """End because of *law*."""
        self.broken = self.broken or law
        self.die()

    def die(self) -> None:
        """End at once."""
        self.note(f"{self.name} dies")
        self.dead = self.is_gone = True
        for wire in self.wires:
            wire.cut()
        raise Killed(self.name)

    # What it does to the disk

    def open(self, url: str, compiled: Compiled) -> Engine:
        """Return an engine whose every statement is a step of this life."""
        engine = open_engine(url)

        def connect(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
            options["factory"] = type("Watched", (_Connection,), {"life": self})

        event.listen(engine, "do_connect", connect)
        compiled.share(engine)
        return engine

    def write(self, fd: int, data: bytes) -> None:
        """Append a journal record: whole, or in part when the life ends or the disk fails here."""
        dies = self.dies_at == ("note", self.seen.get("note", 0) + 1)
        part = data[: int(len(data) * self.tear)]
        if dies and part:
            os.write(fd, part)
        self.step("note")
        if self.fails("note"):
            os.write(fd, part)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.write(fd, data)
        self.step("noted")

    @contextlib.contextmanager
    def committing(self) -> Iterator[None]:
        """Stand around a COMMIT."""
        self.step("commit")
        if self.fails("commit"):
            raise sqlite3.OperationalError("simulated: not committed")
        yield
        self.step("committed")
        if self.fails("committed"):
            raise sqlite3.OperationalError("simulated: committed, and the answer was lost")
        try:
            self.after_commit()
        except Broken as law:
            self.breaks(law)


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        life: Life = self.connection.life  # type: ignore[attr-defined]
        if sql == "ROLLBACK":
            return super().execute(sql) if self.connection.in_transaction else self
        if sql == "COMMIT":
            with life.committing():
                return super().execute(sql)
        life.step("begin" if sql.startswith("BEGIN") else "sql")
        return super().execute(sql, *values)

    def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
        self.connection.life.step("sql")  # type: ignore[attr-defined]
        return super().executemany(sql, rows)


class _Connection(sqlite3.Connection):
    life: Life

    def cursor(self, factory: Any = None) -> Any:  # type: ignore[override]
        return super().cursor(factory or _Cursor)

    def commit(self) -> None:
        if not self.in_transaction:
            return
        with self.life.committing():
            super().commit()
