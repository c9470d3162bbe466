"""A private PostgreSQL for tests and benchmarks: its own folder, a socket instead of a port, and gone with the run.

PostgreSQL refuses to run as root, so a root's server belongs to the user `postgres` (or `nobody`).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "off",  # what was written outlives a killed server, and no test cuts the power
    "full_page_writes": "off",
    "max_wal_size": "256MB",
    "log_min_messages": "fatal",
}

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"


def missing() -> str:
    """Return why no PostgreSQL can be started here, "" when it can."""
    if find_spec("psycopg") is None:
        return "psycopg is not installed (pip install 'digest-sender[postgres]')"
    return "" if programs() else "PostgreSQL is not installed (apt-get install postgresql)"


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs, None without one."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders = [*packaged, *([Path(on_path).parent] if on_path else [])]
    return next((each for each in folders if (each / "initdb").exists() and (each / "postgres").exists()), None)


@dataclass(frozen=True)
class Rows:
    """All that is in a database: the rows of each table, as COPY writes them, and how far each sequence is."""

    tables: dict[str, bytes]
    sequences: dict[str, tuple[int, bool]]


class Server:
    """A running server; databases are made of a template in some milliseconds."""

    def __init__(self, folder: Path, bin_folder: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self.folder = folder
        self._settings = settings
        self._bin = bin_folder
        self._numbers = count(1)
        self._owner = _owner()
        self._kept: dict[str, psycopg.Connection] = {}
        if self._owner is not None:
            shutil.chown(folder, self._owner)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=digest", "--encoding=UTF8", "--locale=C")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._let_go()
        options = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={log}", f"--options={options} -k {self.folder}")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; *mode* is one of pg_ctl's: smart, fast, immediate."""
        self._let_go()
        self._run("pg_ctl", "stop", "--wait", "--silent", f"--mode={mode}")

    def url(self, database: str) -> str:
        """Return what DIGEST_DATABASE_URL would be for *database*."""
        return f"postgresql+psycopg://digest@/{database}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Return the name of a new database that looks like *template*."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def empty(self, database: str) -> None:
        """Take every row out of a database and number new ones from 1; many times faster than a new one."""
        connection = self._keep(database)
        statements = [f"DELETE FROM {name}" for (name,) in connection.execute(_TABLES).fetchall()]
        statements += [f"SELECT setval('{name}', 1, false)" for (name,) in connection.execute(_SEQUENCES).fetchall()]
        # A replica checks no foreign keys, so the order of tables does not matter.
        script = "; ".join(["BEGIN", "SET LOCAL session_replication_role = replica", *statements, "COMMIT"])
        connection.execute(script.encode())

    def rows(self, database: str) -> Rows:
        """Return all that is in a database."""
        connection, tables, sequences = self._keep(database), {}, {}
        for (name,) in connection.execute(_TABLES).fetchall():
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY {name} TO STDOUT (FORMAT binary)".encode()) as copied,
            ):
                tables[name] = b"".join(copied)
        for (name,) in connection.execute(_SEQUENCES).fetchall():
            (sequences[name],) = connection.execute(f"SELECT last_value, is_called FROM {name}".encode()).fetchall()
        return Rows(tables, sequences)

    def refill(self, database: str, rows: Rows) -> None:
        """Let a database hold *rows* and nothing else."""
        connection = self._keep(database)
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("; ".join(f"DELETE FROM {name}" for name in rows.tables).encode())
            for name, content in rows.tables.items():
                with (
                    connection.cursor() as cursor,
                    cursor.copy(f"COPY {name} FROM STDIN (FORMAT binary)".encode()) as copy,
                ):
                    copy.write(content)
            for name, (last, is_called) in rows.sequences.items():
                connection.execute(f"SELECT setval('{name}', {last}, {is_called})".encode())

    def part(self, database: str) -> None:
        """Cut every connection to a database but those that nobody has; what was open is undone."""
        from tests import kept

        ours = ", ".join(map(str, kept.backends()))
        others = f"datname = '{database}' AND pid <> ALL (ARRAY[{ours}]::int[] || pg_backend_pid())"
        self._keep(database).execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode())

    def drop(self, database: str) -> None:
        """Take a database away, whoever is connected."""
        if database in self._kept:
            self._kept.pop(database).close()
        self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one statement outside of every test's database."""
        with self._connected("postgres") as connection:
            connection.execute(statement.encode())

    def _keep(self, database: str) -> psycopg.Connection:
        """Return a connection that stays open: one that is new reads the catalogue anew, which costs ten times more."""
        if database not in self._kept:
            self._kept[database] = self._connected(database)
        return self._kept[database]

    def _let_go(self) -> None:
        while self._kept:
            self._kept.popitem()[1].close()

    def _connected(self, database: str) -> psycopg.Connection:
        import psycopg

        return psycopg.Connection.connect(host=str(self.folder), user="digest", dbname=database, autocommit=True)

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs on the folder of the data."""
        subprocess.run(
            [str(self._bin / program), f"--pgdata={self.folder / 'data'}", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            user=self._owner,
            group=self._owner and pwd.getpwnam(self._owner).pw_gid,
            extra_groups=[] if self._owner else None,
        )


def _owner() -> str | None:
    """Return the user who is to run the server, None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


# A test run that is killed takes nothing down with it, so this waits for its end.
_AFTER = """while kill -0 "$1" 2> /dev/null; do sleep 2; done
kill -INT "$(head -n 1 "$2/data/postmaster.pid")" 2> /dev/null; sleep 2; rm -rf "$2" """


@contextmanager
def running(settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Give a server, and take it away with all it held; there is one (`missing`). *settings* go before ours."""
    bin_folder = programs()
    assert bin_folder is not None
    # A socket's path may have 107 bytes, so pytest's own folders are too deep.
    folder = Path(tempfile.mkdtemp(prefix="digest-pg-"))
    after = subprocess.Popen(["sh", "-c", _AFTER, "sh", str(os.getpid()), str(folder)], start_new_session=True)
    try:
        server = Server(folder, bin_folder, SETTINGS | dict(settings or {}))
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        after.kill()
        after.wait()
        shutil.rmtree(folder)
