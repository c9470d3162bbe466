"""The database: version, pragmas, wholeness, migrations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Engine, text

from digest.pipeline.doctor.verdict import Line, fail, ok, warn
from digest.store.engine import reading
from digest.store.migrate import revisions

_OLDEST_SQLITE, _OLDEST_POSTGRES = (3, 35, 0), 13  # RETURNING; what procrastinate asks for
_PRAGMAS = {"journal_mode": ("wal",), "synchronous": ("2", "3"), "foreign_keys": ("1",)}
_BACKUP = "restore it from a backup"
_SKEW = 5.0  # seconds


def database(engine: Engine, now: datetime) -> Iterator[Line]:
    """Look at the database of *engine*, which is there; *now* is what this machine's clock shows."""
    if engine.dialect.name == "sqlite":
        yield from _sqlite(engine)
    else:
        yield from _postgres(engine, now)
    yield from _migrations(engine)


def _sqlite(engine: Engine) -> Iterator[Line]:
    with reading(engine) as connection:
        version = str(connection.scalar(text("SELECT sqlite_version()")))
        found = {name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()) for name in _PRAGMAS}
        wholeness = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(3)")]
    if tuple(int(each) for each in version.split(".")[:3]) < _OLDEST_SQLITE:
        yield fail("database", f"SQLite {version} is too old", "use a Python with SQLite 3.35 or newer")
    else:
        yield ok("database", f"SQLite {version}")
    wrong = [f"{name} is {found[name]}" for name, wanted in _PRAGMAS.items() if found[name].lower() not in wanted]
    if wrong:
        how = "keep it on a local disk (no network share) that this user may write"
        yield fail("database pragmas", f"{'; '.join(wrong)}: a power cut may lose mails that were sent", how)
    else:
        yield ok("database pragmas", "journal_mode wal, synchronous full, foreign_keys on")
    if wholeness == ["ok"]:
        yield ok("database integrity", "quick_check finds nothing wrong")
    else:
        yield fail("database integrity", f"it is damaged: {wholeness[0]}", _BACKUP)


def _postgres(engine: Engine, now: datetime) -> Iterator[Line]:
    with reading(engine) as connection:
        version = str(connection.scalar(text("SHOW server_version")))
        number = int(str(connection.scalar(text("SHOW server_version_num"))))
        commit = str(connection.scalar(text("SHOW synchronous_commit")))
        fsync = str(connection.scalar(text("SHOW fsync")))
        encoding = str(connection.scalar(text("SHOW server_encoding")))
        theirs = connection.scalar(text("SELECT clock_timestamp()"))
    if number < _OLDEST_POSTGRES * 10_000:
        yield fail("database", f"PostgreSQL {version} is too old", f"use {_OLDEST_POSTGRES} or newer")
    else:
        yield ok("database", f"PostgreSQL {version}")
    if fsync != "on" or commit == "off" or encoding != "UTF8":
        what = f"fsync {fsync}, synchronous_commit {commit}, encoding {encoding}"
        yield fail("database settings", what, "set fsync and synchronous_commit on, and use a database in UTF8")
    else:
        yield ok("database settings", f"fsync on, synchronous_commit {commit}, encoding UTF8")
    apart = abs((theirs - now).total_seconds()) if isinstance(theirs, datetime) else 0.0
    if apart > _SKEW:
        yield warn("database clock", f"it is {apart:.0f} s apart from this machine's", "keep both right with NTP")


def _migrations(engine: Engine) -> Iterator[Line]:
    have, want = revisions(engine)
    if have == want:
        yield ok("migrations", f"at {have}, as this release needs")
    elif have is None:
        yield fail("migrations", "the database is empty", "run: digest init")
    else:
        how = "stop all processes, back it up, then run: digest init"
        yield fail("migrations", f"the database is at {have}, this release needs {want}", how)
