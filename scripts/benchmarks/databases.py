"""Databases to measure on: one is filled once, and each run works on a fresh copy of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url

from digest.store.engine import open_engine
from tests import postgres

#: Where the tests' server is set to start and forget quickly, this one is as an installation would have it.
_SERVER = {"shared_buffers": "512MB", "max_wal_size": "4GB", "full_page_writes": "on", "jit": "on"}


class Databases(Protocol):
    """Where databases come from."""

    def new(self) -> str:
        """Return the URL of an empty database."""
        ...

    def settle(self, url: str) -> None:
        """Do once, after a database was filled, what its server does by itself sooner or later."""
        ...

    def copy(self, url: str) -> AbstractContextManager[str]:
        """Give the URL of a copy, which is taken away at the end. Nobody may be connected to either then."""
        ...


class SqliteFiles:
    """SQLite's files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    def new(self) -> str:
        return f"sqlite:///{self._next()}"

    def settle(self, url: str) -> None:
        """Nothing: the last one to leave folds the write-ahead log into the file."""

    @contextmanager
    def copy(self, url: str) -> Iterator[str]:
        path = self._next()
        shutil.copy(str(make_url(url).database), path)
        yield f"sqlite:///{path}"
        for left in self._folder.glob(f"{path.name}*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def _next(self) -> Path:
        self._made += 1
        return self._folder / f"bench{self._made}.db"


class PostgresServer:
    """Databases of a running PostgreSQL."""

    def __init__(self, server: postgres.Server) -> None:
        self._server = server

    def new(self) -> str:
        return self._server.url(self._server.create())

    def settle(self, url: str) -> None:
        engine = open_engine(url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE)")
            connection.exec_driver_sql("CHECKPOINT")
        engine.dispose()

    @contextmanager
    def copy(self, url: str) -> Iterator[str]:
        name = self._server.create(template=str(make_url(url).database))
        yield self._server.url(name)
        self._server.drop(name)


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Databases]:
    """Give databases of the *kind* "sqlite" or "postgres"; SQLite's are in *folder*."""
    if kind == "sqlite":
        yield SqliteFiles(folder)
        return
    if why := postgres.missing():
        sys.exit(why)
    with postgres.running(_SERVER) as server:
        yield PostgresServer(server)
