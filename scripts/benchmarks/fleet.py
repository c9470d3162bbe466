"""Workers on PostgreSQL: `digest worker` in processes of their own, as an installation runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from digest.store.engine import open_engine
from scripts.benchmarks.material import BASE_URL, SECRET
from scripts.benchmarks.measured import cpu_of, peak_rss_mb

_ROOT = Path(__file__).resolve().parents[2]
_STALLED = 60.0  # seconds
_LISTENING = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
_LEFT = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE next_attempt_at IS NOT NULL OR lease_until IS NOT NULL)"
_SENT = "SELECT COUNT(*) FROM deliveries WHERE state = 'sent'"


class Fleet:
    """Running workers that wait for jobs."""

    def __init__(self, engine: Engine, processes: list[subprocess.Popen[bytes]], log: Path) -> None:
        self._engine = engine
        self._processes = processes
        self._log = log

    def cpu(self) -> float:
        """Return the processor seconds that all of them have used."""
        return sum(cpu_of(each.pid) for each in self._processes)

    def peak_rss_mb(self) -> float:
        """Return the most memory that one of them had."""
        return max(peak_rss_mb(each.pid) for each in self._processes)

    def wait_until_sent(self, count: int) -> None:
        """Wait until nothing is left to do; end this program when that is not *count* mails, or takes no end."""
        sent, moved_at, looked_at = 0, time.monotonic(), time.monotonic()
        while self._ask(_LEFT):
            now = time.monotonic()
            if now - looked_at > _STALLED / 6:
                looked_at, before = now, sent
                sent = self._ask(_SENT)
                moved_at = now if sent > before else moved_at
            if now - moved_at > _STALLED or any(each.poll() is not None for each in self._processes):
                self.give_up("the workers do not go on")
            time.sleep(0.05)
        if (sent := self._ask(_SENT)) != count:
            self.give_up(f"{sent} of {count} mails were sent")

    def wait_until_listening(self) -> None:
        """Wait until each of them waits for jobs."""
        until = time.monotonic() + _STALLED
        while self._ask(_LISTENING) < len(self._processes):
            if time.monotonic() > until or any(each.poll() is not None for each in self._processes):
                self.give_up("the workers do not start")
            time.sleep(0.05)
        time.sleep(1.0)  # their first sweeps

    def give_up(self, why: str) -> None:
        """End this program with the end of the workers' log."""
        sys.exit("\n".join([why, *self._log.read_text().splitlines()[-20:]]))

    def _ask(self, question: str) -> int:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return int(connection.execute(text(question)).scalar_one())


@contextmanager
def workers(
    count: int, folder: Path, url: str, *, port: int, connections: int, more: Mapping[str, str] | None = None
) -> Iterator[Fleet]:
    """Give *count* workers that wait for jobs, each with so many *connections*; *more* are further settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIGEST_")} | {
        "PYTHONPATH": str(_ROOT),
        "DIGEST_DATABASE_URL": url,
        "DIGEST_SMTP_URL": f"smtp://127.0.0.1:{port}?starttls=never",
        "DIGEST_SMTP_CONNECTIONS": str(connections),
        "DIGEST_BASE_URL": BASE_URL,
        "DIGEST_SECRET_KEY": SECRET,
        **(more or {}),
    }
    log = folder / "workers.log"
    engine = open_engine(url)
    with log.open("wb") as out:
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "digest", "worker"], cwd=folder, env=environment, stdout=out, stderr=out
            )
            for _ in range(count)
        ]
        try:
            fleet = Fleet(engine, processes, log)
            fleet.wait_until_listening()
            yield fleet
        finally:
            for each in processes:
                each.terminate()
            for each in processes:
                each.wait(60)
            engine.dispose()
