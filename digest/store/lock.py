"""One sender at a time on one SQLite file: a lock that the system lets go of when its process dies (door).

On PostgreSQL any number of senders share the rows, each of which is claimed by one of them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from digest.errors import DatabaseBusy


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
