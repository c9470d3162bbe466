"""Workers as processes: the engine hands them jobs; frozen, told to end or cut off, what they held comes out right."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.clock import FixedClock, SystemClock
from digest.pipeline.delivering.sweep import sweep
from digest.store.jobs import QUEUE
from digest.worker.run import make_app
from tests.forked import Forked
from tests.house import House
from tests.sink import Mail, Sink

READERS = 60
CONNECTIONS = 2
EDITION = 1
pytestmark = pytest.mark.postgres


@pytest.fixture
def crowd(tmp_path: Path, database: str) -> Iterator[House]:
    """Give an edition that is planned for many readers, by the real clock."""
    house = House(tmp_path, database, clock=SystemClock())  # type: ignore[arg-type]
    house.newsletter("daily")
    house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(READERS)])
    house.article("trade")
    house.plan()
    yield house
    house.engine.dispose()


@contextmanager
def worker(house: House, sink: Sink, *edition: int) -> Iterator[Forked]:
    """Run a worker; it is killed at the end if it has not ended."""
    process = Forked(
        "tests.worker.one",
        [house.folder, house.database, sink.port, *edition],
        folder=house.folder,
        environment=os.environ,
        out=house.folder / "worker.log",
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until *true* is; fail after *seconds*."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)


def slowly(_mail: Mail) -> None:
    """Take some time for each mail."""
    time.sleep(0.03)


def copies(sink: Sink) -> Counter[str]:
    return Counter(mail.recipient for mail in sink.mails)


def all_sent(house: House) -> bool:
    return set(house.states().values()) == {"sent"}


def jobs_left(house: House) -> int:
    return int(house.rows("SELECT COUNT(*) FROM procrastinate_jobs")[0][0])


def told(house: House) -> str:
    return (house.folder / "worker.log").read_text()


def test_a_worker_takes_the_job_of_planning_and_a_job_that_comes_later(crowd: House, sink: Sink):
    """The engine hands out what planning asked for, and hears of a new job at once."""
    with worker(crowd, sink):
        until(lambda: all_sent(crowd))
        crowd.reader("late@example.org")
        before = time.monotonic()
        crowd.plan()
        until(lambda: sink.to("late@example.org"))
        took = time.monotonic() - before
        until(lambda: not jobs_left(crowd))

    assert took < 3
    assert set(copies(sink).values()) == {1}


def let_replies_time_out(house: House) -> None:
    """Look at the database as somebody does who comes when no reply can be waited for any more."""
    house.installation = replace(house.installation, clock=FixedClock(datetime.now(UTC) + timedelta(minutes=11)))


@pytest.mark.parametrize(
    ("is_thawed_first", "twice_at_most"),
    [pytest.param(True, 0, id="while its mails may be answered"), pytest.param(False, 2 * CONNECTIONS, id="later")],
)
def test_a_frozen_worker_that_thaws_harms_nobody(crowd: House, sink: Sink, is_thawed_first: bool, twice_at_most: int):
    """Its lease ends, its rows wait as long as a reply may take; it finishes what is on the wire, and nothing else."""
    sink.on_mail = slowly
    with worker(crowd, sink, EDITION) as frozen:
        until(lambda: len(sink.mails) >= 10)
        frozen.send_signal(signal.SIGSTOP)
        time.sleep(1.8)  # its lease
        swept = sweep(crowd.installation)
        crowd.dispatch(sink)
        meanwhile = Counter(crowd.states().values())
        if not is_thawed_first:
            let_replies_time_out(crowd)
            crowd.dispatch(sink)
        second = len(sink.mails)
        frozen.send_signal(signal.SIGCONT)
        status = frozen.wait(20)
    third = len(sink.mails)
    if is_thawed_first:
        let_replies_time_out(crowd)
        crowd.dispatch(sink)

    seen = copies(sink)
    doubled = {who: [mail.content for mail in sink.to(who)] for who, count in seen.items() if count > 1}
    assert 0 < swept.recovered <= 6 * CONNECTIONS
    assert meanwhile == {"sent": READERS - swept.recovered, "in_doubt": swept.recovered}
    assert status == 0, told(crowd)
    assert len(seen) == READERS
    # What was written came while it was frozen; of one thread, at most one message stood between mark and write.
    assert third - second <= 1
    # On the wire, or answered within the last milliseconds and not on record yet: nobody but itself can tell.
    assert len(doubled) <= twice_at_most
    assert all(len(set(each)) == 1 and len(each) == 2 for each in doubled.values())
    assert all_sent(crowd)


def test_sigterm_during_a_job_ends_it_in_order(crowd: House, sink: Sink):
    """What is on the wire gets its answer; no row stays claimed, a job waits for the others, nothing goes twice."""
    sink.on_mail = slowly
    with worker(crowd, sink) as process:
        until(lambda: len(sink.mails) >= 10)
        process.send_signal(signal.SIGTERM)
        status = process.wait(10)
    first = len(sink.mails)
    states = set(crowd.states().values())
    left = crowd.rows("SELECT status::text FROM procrastinate_jobs")
    sink.on_mail = lambda _mail: None
    with worker(crowd, sink):
        until(lambda: all_sent(crowd))

    assert status == 0, told(crowd)
    assert 10 <= first < READERS
    assert states == {"sent", "ready"}
    assert left == [("todo",)]
    assert set(copies(sink).values()) == {1}


def test_a_killed_worker_s_job_and_rows_come_back(crowd: House, sink: Sink):
    """Its journal is here, so only what was on the wire is in doubt; its job is still `doing`, and harms nobody."""
    sink.on_mail = slowly
    with worker(crowd, sink) as process:
        until(lambda: len(sink.mails) >= 10)
        process.kill()
        process.wait(10)
    swept = sweep(crowd.installation)
    sink.on_mail = lambda _mail: None
    with worker(crowd, sink):
        until(lambda: all_sent(crowd))

    assert swept.asked == 1
    assert len(copies(sink)) == READERS
    assert len(sink.mails) - READERS <= CONNECTIONS


def test_a_job_finished_by_a_zombie_harms_nobody(crowd: House, sink: Sink):
    """H5: whoever reports a job as done, and be it gone, the rows decide."""
    sink.on_mail = slowly
    with worker(crowd, sink):
        until(lambda: len(sink.mails) >= 5)
        crowd.change("DELETE FROM procrastinate_jobs")
        until(lambda: all_sent(crowd))
        crowd.reader("late@example.org")
        crowd.plan()
        until(lambda: sink.to("late@example.org"))

    assert set(copies(sink).values()) == {1}


def test_an_engine_without_a_heartbeat_is_given_up_by_others_and_starts_again(crowd: House, sink: Sink):
    """H2: one failure ends the beat; the job goes on, and when the engine is struck off it registers anew."""
    sink.on_mail = slowly
    with worker(crowd, sink) as process:
        until(lambda: len(sink.mails) >= 5)
        crowd.change("ALTER TABLE procrastinate_workers ADD CONSTRAINT no_heartbeat CHECK (false) NOT VALID")
        time.sleep(0.6)
        crowd.change("ALTER TABLE procrastinate_workers DROP CONSTRAINT no_heartbeat")
        crowd.change("DELETE FROM procrastinate_workers")
        until(lambda: all_sent(crowd))
        crowd.reader("late@example.org")
        crowd.plan()
        until(lambda: sink.to("late@example.org"))
        running = process.poll() is None

    assert running, told(crowd)
    assert "engine_ended" in told(crowd)
    assert set(copies(sink).values()) == {1}


def test_the_engine_s_heart_beats_while_a_job_thinks(crowd: House):
    """H3: a template that takes half a minute must not look like a death."""
    beats: list[object] = []

    def think(_edition: int) -> None:
        for _ in range(2):
            beats.extend(crowd.rows("SELECT last_heartbeat FROM procrastinate_workers"))
            time.sleep(0.5)

    async def engine() -> None:
        app = make_app(crowd.installation, think)
        async with app.open_async():
            await app.run_worker_async(queues=[QUEUE], wait=False, update_heartbeat_interval=0.1)

    asyncio.run(engine())

    assert len(set(beats)) == 2


def test_a_database_that_cuts_everybody_off_ends_no_worker(crowd: House, sink: Sink, postgres_server):
    """As at a restart: the job fails, what was on the wire is in doubt, and the next job goes on."""
    name = crowd.engine.url.database or ""
    sink.on_mail = slowly
    with worker(crowd, sink) as process:
        until(lambda: len(sink.mails) >= 5)
        crowd.engine.dispose()
        postgres_server.part(name)
        time.sleep(0.5)
        crowd.engine.dispose()
        sweep(crowd.installation)
        until(lambda: all_sent(crowd), 25)
        running = process.poll() is None

    assert running, told(crowd)
    assert len(copies(sink)) == READERS
    assert len(sink.mails) - READERS <= 2 * CONNECTIONS
