"""APScheduler's tick (door): a handful of calls at fixed intervals; it knows nothing of what is due.

Jobs live in memory: due times are rows of ours. One run of a job at a time, and runs that were missed while
the machine slept become one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from digest.log import get_logger


@dataclass(frozen=True, slots=True)
class Job:
    """One use case and how many seconds lie between its starts."""

    name: str
    every: float
    call: Callable[[], None]


@contextmanager
def ticking(jobs: Sequence[Job]) -> Iterator[None]:
    """Run *jobs* in threads until the block ends, the first time at once; a running call is waited for."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(jobs))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in jobs:
        scheduler.add_job(_guarded(job), "interval", seconds=job.every, id=job.name, next_run_time=datetime.now(UTC))
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


def _guarded(job: Job) -> Callable[[], None]:
    def run() -> None:
        try:
            job.call()
        except Exception:  # noqa: BLE001  # one failing tick is told and must not end the next
            get_logger().exception("tick_failed", job=job.name)

    return run
