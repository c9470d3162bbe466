"""Bring the database to the schema of this release; forward only."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, inspect, select

from digest.errors import DatabaseFailed
from digest.store.engine import reading
from digest.store.jobs import add_tables

_LOCK = 0x6469676573740001  # "digest", and which of its locks
_FOLDER = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> str:
    """Run what is missing, in one transaction; return the revision the database has now.

    Raises DatabaseFailed when it was made by a newer release, or by another program.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Several processes may meet at a new database; SQLite lets in one writer anyway.
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        _require_ours(connection)
        command.upgrade(_config(connection), "head")
        add_tables(connection)
        return str(_revision(connection))


def require_current(engine: Engine) -> None:
    """Make an empty database ready; raise DatabaseFailed when it is of another release or another program."""
    # A look takes no lock, so commands that only read never wait for one that writes.
    with reading(engine) as connection:
        have, want = _revision(connection), _scripts(connection).get_current_head()
        if have == want:
            return
        _require_ours(connection)
    if have is None:
        migrate(engine)
        return
    raise DatabaseFailed(
        f"the database is at revision {have} and this release needs {want};"
        " stop all processes, back it up, then run: digest init"
    )


def revisions(engine: Engine) -> tuple[str | None, str | None]:
    """Return the revision that the database has, None when it is empty, and the one that this release needs."""
    with reading(engine) as connection:
        return _revision(connection), _scripts(connection).get_current_head()


def _require_ours(connection: Connection) -> None:
    have = _revision(connection)
    if have is None and inspect(connection).get_table_names():
        raise DatabaseFailed("the database of DIGEST_DATABASE_URL belongs to another program; name another one")
    if have is not None and have not in {script.revision for script in _scripts(connection).walk_revisions()}:
        raise DatabaseFailed(
            f"the database is at revision {have}, which this release does not know; install the release that made it"
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _scripts(connection: Connection) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(connection))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config
