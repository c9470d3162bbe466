"""Opening the database (door): one way to connect, with the settings that keep SQLite honest."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from digest.errors import DatabaseBusy, DatabaseFailed, SettingsError

T = TypeVar("T")

# SQLite's primary result codes (https://sqlite.org/rescode.html) for what is wrong outside of this program.
_NOT_OURS = {
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; see that this user may read and write it and its folder",
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database",
    sqlite3.SQLITE_READONLY: "this user may read but not write it; run this as its owner",
    sqlite3.SQLITE_PERM: "it may not be opened",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not read or write it",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore it from a backup",
}

_TRIES = 8
_BUSY_MS = 10_000  # how long a writer waits for another
_READ_ONLY = "read_only"
_EVERYWHERE = ("foreign_keys = on", "cache_size = -65536", "temp_store = memory")
# An acknowledged message must survive a power cut, hence `full`.
_FOR_WRITERS = ("journal_mode = wal", "synchronous = full")


def open_engine(url: str) -> Engine:
    """Return an engine for *url* (sqlite:///… or postgresql+psycopg://…).

    The folder of an SQLite file is made when missing, for the owner only; a file that this user may not write is
    opened for reading. Raises SettingsError when the folder cannot be made, or PostgreSQL's driver is not
    installed. Whatever uses the engine may raise DatabaseBusy, when another process holds what it needs for
    longer than ten seconds, and DatabaseFailed, when the database cannot be used or reached.
    """
    where = make_url(url)
    if where.get_backend_name() == "postgresql":
        return _open_postgres(where)
    target = where.database or ""
    if target and target != ":memory:":
        folder = Path(target).parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SettingsError([f"DIGEST_DATABASE_URL: cannot make the folder {folder} ({error.strerror})"]) from error
    engine = create_engine(url)
    event.listen(engine, "do_connect", _read_only_where_it_must_be)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _in_words)
    return engine


def _open_postgres(url: URL) -> Engine:
    try:
        from digest.store.postgres import open_postgres
    except ImportError as error:
        raise SettingsError(
            ["DIGEST_DATABASE_URL: PostgreSQL needs a driver; run: pip install 'digest-sender[postgres]'"]
        ) from error
    return open_postgres(url)


def _in_words(context: ExceptionContext) -> None:
    """Raise what a person can act on; mistakes of our own keep their traceback."""
    if isinstance(context.original_exception, sqlite3.Error):
        path = context.engine.url.database if context.engine is not None else None
        _raise_in_words(context.original_exception, path or "")


def _raise_in_words(wrong: sqlite3.Error, path: str) -> None:
    code = getattr(wrong, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise DatabaseBusy("another process keeps the database busy; try again when it is done") from wrong
    if code in _NOT_OURS:
        raise DatabaseFailed(f"the database {path} cannot be used: {_NOT_OURS[code]}") from wrong


def _read_only_where_it_must_be(
    _dialect: Dialect, record: ConnectionPoolEntry, arguments: list[Any], options: dict[str, Any]
) -> None:
    """Make SQLite open what this user may not write for reading, before it tries to write beside it."""
    path = Path(str(arguments[0]))
    if not path.is_file() or os.access(path, os.W_OK):
        record.info.pop(_READ_ONLY, None)
        return
    log = Path(f"{path}-wal")
    # Without the writers' log nobody is at work; then no folder that may be written is needed for a shared index.
    mode = "mode=ro" if log.exists() or os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"
    arguments[0] = f"file:{quote(str(path.absolute()))}?{mode}"
    options["uri"] = True
    record.info[_READ_ONLY] = True


def _prepare_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    # Without this, Python's driver begins transactions late and read-then-update loses updates.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    for pragma in (*_EVERYWHERE, *(() if record.info.get(_READ_ONLY) else _FOR_WRITERS)):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only") or connection.info.get(_READ_ONLY)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


# The sender's statements take a few rows of an index, in its order. PostgreSQL guesses how many there are, and where it
# guesses that nearly none is left by all conditions it reads and sorts every row that is due, with each claim anew.
_WHOLE_TABLES = (
    "enable_sort",
    "enable_seqscan",
    "enable_bitmapscan",
    "enable_hashjoin",
    "enable_mergejoin",
    "enable_material",
)


class Exchange:
    """The sender's own connection, for many short transactions of prepared statements, one after the other.

    It speaks to the driver itself: SQLAlchemy's work for each transaction costs more than most statements in it.
    """

    def __init__(self, engine: Engine) -> None:
        self.dialect = engine.dialect
        self.name = engine.url.database or ""
        self.connection = engine.raw_connection()
        self._begin = "BEGIN IMMEDIATE"
        if self.dialect.name == "postgresql":
            # Transactions begin and end where we say so, as they do with SQLite.
            self._begin = "BEGIN ISOLATION LEVEL READ COMMITTED"
            self._autocommit(True)
            self._run(*(f"SET {way} = off" for way in _WHOLE_TABLES))

    @contextmanager
    def begin(self) -> Iterator[Exchange]:
        """Run one transaction; what it did is undone when it fails. Raises as `open_engine` says."""
        try:
            with closing(self.connection.cursor()) as cursor:
                cursor.execute(self._begin)
                try:
                    yield self
                    cursor.execute("COMMIT")
                except BaseException:
                    # After some errors SQLite has undone it already, and a server that is gone does so itself.
                    with suppress(self.dialect.loaded_dbapi.Error):
                        cursor.execute("ROLLBACK")
                    raise
        except self.dialect.loaded_dbapi.Error as error:
            _tell(error, self.name)
            raise

    def transact(self, work: Callable[[Exchange], T]) -> T:
        """Return what *work* returns, in one transaction; done again when PostgreSQL undid it for another's sake."""
        tries = 1
        while True:
            try:
                with self.begin():
                    return work(self)
            except DatabaseBusy as error:
                if tries == _TRIES or not is_undone(error):
                    raise
            tries += 1
            time.sleep(random.uniform(0, 0.02))  # noqa: S311  # so that the two do not meet again

    def close(self) -> None:
        """Give the connection back."""
        if self.dialect.name == "postgresql":
            with suppress(DatabaseBusy, DatabaseFailed):  # of a server that is gone nothing is left
                self._run(*(f"RESET {way}" for way in _WHOLE_TABLES))
            self._autocommit(False)
        self.connection.close()

    def _run(self, *statements: str) -> None:
        try:
            with closing(self.connection.cursor()) as cursor:
                cursor.execute("; ".join(statements))
        except self.dialect.loaded_dbapi.Error as error:
            _tell(error, self.name)
            raise

    def _autocommit(self, on: bool) -> None:
        driver = self.connection.driver_connection
        if driver is not None and not driver.closed:
            driver.autocommit = on


def is_undone(error: DatabaseBusy) -> bool:
    """Whether PostgreSQL undid the transaction, of which nothing is left: a deadlock, or two that cannot both be."""
    return str(getattr(error.__cause__, "sqlstate", "")).startswith("40")


def _tell(error: Exception, name: str) -> None:
    if isinstance(error, sqlite3.Error):
        _raise_in_words(error, name)
        return
    from digest.store.postgres import raise_in_words  # whoever has such an error has its driver

    raise_in_words(error, name)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database and keeps no writer waiting."""
    how: dict[str, Any] = {"reads_only": True}
    if engine.dialect.name == "postgresql":
        how = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**how) as connection:
        yield connection
