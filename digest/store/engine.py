"""Opening the database (door): one way to connect, with the settings that keep SQLite honest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from digest.errors import SettingsError


def open_engine(url: str) -> Engine:
    """Return an engine for *url* (sqlite:///…); its folder is made when missing, for the owner only.

    Raises SettingsError when the folder cannot be made.
    """
    target = make_url(url).database or ""
    if target and target != ":memory:":
        folder = Path(target).parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SettingsError([f"DIGEST_DATABASE_URL: cannot make the folder {folder} ({error.strerror})"]) from error
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # Without this, Python's driver begins transactions late and read-then-update loses updates.
    connection.isolation_level = None
    for pragma in (
        "busy_timeout = 10000",
        "journal_mode = wal",
        "synchronous = full",  # an acknowledged message must survive a power cut
        "foreign_keys = on",
        "cache_size = -65536",
        "temp_store = memory",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database and keeps no writer waiting."""
    with engine.connect().execution_options(reads_only=True) as connection:
        yield connection
