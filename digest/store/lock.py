"""One sender at a time on one SQLite file: a lock that the system lets go of when its process dies (door).

On PostgreSQL any number of senders share the rows, each of which is claimed by one of them. Only where rows are
looked for and then added, and no unique key keeps a second one out, one waits for the other.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from digest.errors import DatabaseBusy

_OURS = 0x64696765  # "dige": the first half of our numbers among all programs' advisory locks


class Alone(IntEnum):
    """What one transaction at a time may do."""

    ADD_ARTICLES = 2
    ADD_SUBSCRIBERS = 3
    SWEEP = 4
    HEAR = 5
    TALLY = 6
    TELL = 8
    WATCH = 9


def wait_for_others(connection: Connection, what: Alone) -> None:
    """Wait until no other transaction does *what*, and keep others from it to the end of this one.

    An SQLite transaction that writes is alone anyway. Raises DatabaseBusy after ten seconds.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_OURS, int(what))))


def is_alone(connection: Connection, what: Alone) -> bool:
    """Whether no other transaction does *what*; True keeps others from it to the end of this one."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_OURS, int(what)))).scalar_one())


@contextmanager
def sender_lock(engine: Engine, folder: Path) -> Iterator[None]:
    """Hold the right to send from the database whose state is in *folder*; raises DatabaseBusy."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if engine.dialect.name != "sqlite":
        yield
        return
    descriptor = os.open(folder / "sender.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatabaseBusy(
                "another process is sending from this database; let it end, or leave all sending to `digest serve`"
            ) from None
        yield
    finally:
        os.close(descriptor)
