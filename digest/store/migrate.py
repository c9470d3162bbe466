"""Bring the database to the schema of this release; forward only."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from digest.errors import DigestError

_FOLDER = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> str:
    """Run what is missing, in one transaction; return the revision the database has now."""
    with engine.begin() as connection:
        command.upgrade(_config(connection), "head")
        return str(MigrationContext.configure(connection).get_current_revision())


def require_current(engine: Engine) -> None:
    """Make an empty database ready; raise DigestError when an old or newer one is found."""
    with engine.begin() as connection:
        have = MigrationContext.configure(connection).get_current_revision()
        want = ScriptDirectory.from_config(_config(connection)).get_current_head()
        if have == want:
            return
        if have is None:
            command.upgrade(_config(connection), "head")
            return
    raise DigestError(
        f"the database is at revision {have} and this release needs {want};"
        " stop all processes, back it up, then run: digest init"
    )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config
