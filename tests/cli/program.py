"""The real program in a folder of its own: with its own `.env`, newsletters, readers and articles."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.forked import Forked

NEWSLETTERS = """
[topics.trade]
name = "Trade"
keywords = ["tariff", "exports"]

[topics.energy]
name = "Energy"
keywords = ["solar", "power grid"]

[newsletters.daily]
name = "Morning Brief"
postal_address = "1 Example Street"

[newsletters.daily.sender]
name = "Example Press"
address = "digest@news.example.org"

[newsletters.daily.schedule]
at = "07:00"
zone = "subscriber"
"""
HEADER = "email,name,timezone,topics,send_at\n"
TARIFF = """Tariff Truce Holds

Exporters win twelve months.

The tariff truce was signed at noon, and the exporters were glad of it.

This content is AI-generated. Please check important facts.

Related Articles
Solar parks grow faster than the power grid
"""
SOLAR = """Solar Park Opens

The power grid gets a thousand roofs.

The solar park was opened at noon, and feeds the power grid from today.
"""


@dataclass(frozen=True)
class Told:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error_lines(self) -> list[str]:
        return self.err.splitlines()


@dataclass
class Program:
    """Runs `python -m digest` in *folder*, each time in a process of its own."""

    folder: Path

    def run(self, *args: object, typed: str = "", **environment: str) -> Told:
        with tempfile.TemporaryDirectory() as name:
            typing, out, err = (Path(name, each) for each in ("typed", "out", "err"))
            typing.write_text(typed, "utf-8")
            process = self._start(args, environment, typed=typing, out=out, err=err)
            return Told(process.wait(120), out.read_text("utf-8"), err.read_text("utf-8"))

    @contextmanager
    def started(self, *args: object, **environment: str) -> Iterator[Forked]:
        """Run a command that stays; it is killed at the end if it has not ended."""
        log = self.folder / "started.log"
        log.write_bytes(b"")
        process = self._start(args, environment, out=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)

    def _start(self, args: Sequence[object], environment: dict[str, str], **files: Path) -> Forked:
        return Forked("digest", args, folder=self.folder, environment=self.environment(**environment), **files)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("DIGEST_")}
        # The checkout of this test, wherever an installed one is.
        here = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        return {**kept, **here, **more}

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def configure(self, smtp_url: str, base_url: str = "http://127.0.0.1:8000", **more: str) -> None:
        """Write `.env`."""
        settings = {"SMTP_URL": smtp_url, "BASE_URL": base_url, "SECRET_KEY": "k3y" * 12, **more}
        self.write(".env", "".join(f"DIGEST_{name}={value}\n" for name, value in settings.items()))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "var" / "digest.db", timeout=20)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def change(self, statement: str, *values: object) -> None:
        """Change the database behind the program's back."""
        connection = sqlite3.connect(self.folder / "var" / "digest.db", timeout=20)
        try:
            with connection:
                connection.execute(statement, values)
        finally:
            connection.close()


def noon_zone() -> str:
    """Return a zone where it is about noon now: 06:00 has been today there, and 18:00 is to come."""
    ahead = 12 - datetime.now(UTC).hour
    # POSIX counts these zones the other way round.
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def wait_until(true: Any, seconds: float = 30.0) -> Any:
    """Return what *true* returns as soon as it is true; fail after *seconds*."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not true after {seconds} seconds")
