"""APScheduler's tick (door): a handful of calls at fixed intervals; it knows nothing of what is due.

Jobs live in memory: due times are rows of ours. One run of a job at a time, and runs that were missed while
the machine slept, or while a run took long, become one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from digest.log import get_logger


@dataclass(frozen=True, slots=True)
class Job:
    """One use case and how many seconds lie between its starts."""

    name: str
    every: float
    call: Callable[[], object]


@dataclass(slots=True)
class Ticking:
    """The jobs under way. After the end, `unfinished` names those that were not waited for any longer."""

    unfinished: tuple[str, ...] = ()
    _running: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def run(self, job: Job) -> None:
        """Call *job* once; what it raises is told and must not end the next tick."""
        with self._changed:
            self._running.append(job.name)
        try:
            job.call()
        except Exception:  # noqa: BLE001  # whatever it was, the log has it with its traceback
            get_logger().exception("tick_failed", job=job.name)
        finally:
            with self._changed:
                self._running.remove(job.name)
                self._changed.notify_all()

    def wait(self, seconds: float | None) -> None:
        """Wait at most *seconds* for the calls under way; None waits as long as it takes."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, seconds)
            self.unfinished = tuple(self._running)


@contextmanager
def ticking(jobs: Sequence[Job], *, patience: float | None = None) -> Iterator[Ticking]:
    """Run *jobs* in threads until the block ends, the first time at once.

    Calls under way are then waited for, at most *patience* seconds; what is given says which were not done.
    """
    # A run that takes longer than its interval is no news; the library would warn at each.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    under_way = Ticking()
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(jobs))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in jobs:
        now = datetime.now(UTC)
        scheduler.add_job(under_way.run, "interval", args=[job], seconds=job.every, id=job.name, next_run_time=now)
    scheduler.start()
    try:
        yield under_way
    finally:
        scheduler.shutdown(wait=False)
        under_way.wait(patience)
