"""Every moment at which a process can die, on both databases: who gets a second copy, and that nobody gets none.

Each test is one story, because what a death leaves behind is what the next process begins with.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from digest.clock import FixedClock, SystemClock
from digest.model.newsletter import Schedule
from digest.pipeline.delivering.sweep import sweep
from tests.conftest import BOTH
from tests.faults.killing import Nursery
from tests.faults.points import POINTS
from tests.faults.witness import Witness
from tests.house import House

READERS = 60
KILLED = -signal.SIGKILL
Cradle = subprocess.Popen[str]
ON_BOTH = pytest.mark.parametrize("database", BOTH, indirect=True)
PLANNING = [name for name in POINTS if name.startswith(("P1 ", "P2 ", "P3 ", "P4 "))]
SENDING = [name for name in POINTS if name.startswith(("P6 ", "P7 ", "P10 ", "P11 ", "P15 ", "P16 ", "P17 "))]
#: name, moment of a conversation, whether the server has the message by then
ON_THE_WIRE = [
    ("P8 connecting", "connected", False),
    ("P8 greeting", "EHLO", False),
    ("P9 MAIL was given", "MAIL", False),
    ("P9 RCPT was given", "RCPT", False),
    ("P10 DATA was given", "DATA", False),
    ("P12 the message arrives", "arrived", False),
    ("P13 the server has taken it", "taken", True),
    ("P14 its reply is on the way", "answered", True),
]


@pytest.fixture
def crowd(tmp_path: Path, database: str) -> Iterator[House]:
    """Give many readers whose hour came since yesterday, once, for an edition that nobody has planned."""
    now = datetime.now(UTC)
    house = House(tmp_path, database, clock=FixedClock(now - timedelta(hours=23)))
    house.newsletter(schedule=Schedule(at=(now - timedelta(hours=3)).time()), max_late=timedelta(days=2))
    house.article("trade")
    house.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(READERS)])
    house.clock = SystemClock()  # type: ignore[assignment]
    yield house
    house.engine.dispose()


@pytest.fixture
def planned(crowd: House) -> House:
    crowd.plan(at=datetime.now(UTC))
    return crowd


def number(house: House, table: str) -> int:
    return int(house.rows(f"SELECT COUNT(*) FROM {table}")[0][0])


@ON_BOTH
def test_a_planning_that_dies_anywhere_leaves_nothing_or_all_and_the_next_one_ends_it(crowd: House, cradle: Cradle):
    """P1 to P4: rows and the jobs for them come together, and nobody gets a second row."""
    on_postgres = crowd.engine.dialect.name == "postgresql"
    found = {}
    with Witness() as witness:
        make = Nursery(cradle, crowd, witness, 1)
        for point in PLANNING:
            make.start(work="plan", point=point, nth=1)
            jobs = number(crowd, "procrastinate_jobs") if on_postgres else 0
            found[point] = make.wait(), number(crowd, "editions"), number(crowd, "deliveries"), jobs
        make.start(work="plan")
        ended = make.wait()

    after = number(crowd, "procrastinate_jobs") if on_postgres else 1
    assert set(PLANNING[:4]) == {name for name, what in found.items() if what == (KILLED, what[1], 0, 0)}
    assert [found[name][1] for name in PLANNING[:3]] == [0, 0, 1]
    assert found[PLANNING[4]][:3] == (KILLED, 1, READERS)
    assert ended == 0
    assert (number(crowd, "editions"), number(crowd, "deliveries"), after) == (1, READERS, 1)


@dataclass
class Deaths:
    """What came of a story with many deaths; each names whom the server's record permits a second copy."""

    witness: Witness
    house: House
    permitted: dict[str, list[str]] = field(default_factory=dict)

    def note(self, name: str, ended: int) -> None:
        assert ended == KILLED, name
        self.permitted[name] = sorted(self.witness.take_unresolved().elements())

    @property
    def copies(self) -> Counter[str]:
        return Counter(copy.recipient for copy in self.witness.copies)

    def twice(self) -> list[str]:
        """Return the deaths after which somebody got a second copy."""
        seen = self.copies
        return [name for name, people in self.permitted.items() if any(seen[who] > 1 for who in people)]

    def check(self, *, expected: list[str]) -> None:
        """Nobody without a copy; second ones, of the same bytes, after the *expected* deaths and no other."""
        assert len(self.copies) == READERS
        assert self.twice() == expected
        assert self.copies.total() == READERS + len(expected)
        assert len(set(self.witness.copies)) == READERS
        assert set(self.house.states().values()) == {"sent"}
        assert self.house.rows("SELECT state FROM editions") == [("finished",)]


def send_the_rest(make: Nursery) -> None:
    make.start()
    assert make.wait() == 0


@ON_BOTH
def test_a_sender_that_dies_inside_is_repeated_only_where_a_read_reply_was_not_on_record(
    planned: House, cradle: Cradle
):
    """P6 to P17, each with its first message and with a later one: one moment of all leaves a second copy."""
    with Witness() as witness:
        make = Nursery(cradle, planned, witness, 1)
        deaths = Deaths(witness, planned)
        for point in SENDING:
            for nth in (1, 4):
                make.start(point=point, nth=nth)
                deaths.note(f"{point} {nth}", make.wait())
        send_the_rest(make)

    deaths.check(expected=["P15 the reply was read 1", "P15 the reply was read 4"])


@ON_BOTH
def test_a_sender_that_dies_in_a_conversation_is_repeated_only_where_the_server_had_it_all(
    planned: House, cradle: Cradle
):
    """P8 to P14, killed by the server at that moment: what it took and nobody heard of comes once more."""
    with Witness() as witness:
        make = Nursery(cradle, planned, witness, 1)
        deaths, expected = Deaths(witness, planned), []
        for name, moment, has_it in ON_THE_WIRE:
            for nth in (1, 3) if has_it else (1,):
                killer = Killer(moment, nth)
                witness.at = killer
                killer.let(make.start())
                deaths.note(f"{name} {nth}", make.wait())
                expected += [f"{name} {nth}"] if has_it else []
        witness.at = lambda moment: None
        send_the_rest(make)

    deaths.check(expected=expected)


class Killer:
    """Kills a sender when its server comes to *moment* for the *nth* time."""

    def __init__(self, moment: str, nth: int) -> None:
        self._moment, self._nth, self._times = moment, nth, count(1)
        self._pid = 0
        self._known = threading.Event()
        self._stopped = False

    def let(self, pid: int) -> None:
        self._pid = pid
        self._known.set()

    def __call__(self, moment: str) -> None:
        self._known.wait(5)
        if self._moment == "answered" and moment == "taken" and next(self._times) == self._nth:
            # The reply shall be in the sender's hands and not read, so the sender stands still by then.
            os.kill(self._pid, signal.SIGSTOP)
            self._stopped = True
            time.sleep(0.02)
        elif self._stopped and moment == "answered":
            os.kill(self._pid, signal.SIGKILL)
        elif self._moment == moment != "answered" and next(self._times) == self._nth:
            os.kill(self._pid, signal.SIGKILL)
            if moment == "arrived":
                raise ConnectionError("a server that loses it")


@ON_BOTH
def test_a_recovery_that_dies_twice_says_the_same_the_third_time(planned: House, cradle: Cradle):
    """P16, P18: before its commit and after it; P19: the edition is closed by the next one."""
    story = [
        ("P16 the reply is in the journal", 5),
        ("P18 a journal is read back", 1),
        ("P18 what it said is committed", 1),
        ("P19 all rows have their end", 1),
    ]
    with Witness() as witness:
        make = Nursery(cradle, planned, witness, 1)
        deaths = Deaths(witness, planned)
        for point, nth in story:
            make.start(point=point, nth=nth)
            deaths.note(point, make.wait())
        before = planned.rows("SELECT state FROM editions")
        send_the_rest(make)

    assert before == [("open",)]
    deaths.check(expected=[])


@pytest.mark.postgres
def test_a_worker_that_dies_before_or_after_its_job_keeps_nobody_waiting(planned: House, cradle: Cradle):
    """P5, P20: its job is `doing` for ever; what is due, the rows say."""
    with Witness() as witness:
        make = Nursery(cradle, planned, witness, 2)
        make.start(work="worker", point="P5 a job was fetched", nth=1)
        first = make.wait(), len(witness.copies)
        asked = sweep(planned.installation).asked
        make.start(work="worker", point="P20 the job's work is done", nth=1)
        second = make.wait(), len(witness.copies)
        jobs = planned.rows("SELECT status::text FROM procrastinate_jobs")
        later = sweep(planned.installation).asked

    assert first == (KILLED, 0)
    assert asked == 1
    assert second == (KILLED, READERS)
    assert set(jobs) == {("doing",)}
    assert later == 0
    assert Deaths(witness, planned).copies.total() == READERS
    assert set(planned.states().values()) == {"sent"}
    assert planned.rows("SELECT state FROM editions") == [("finished",)]
