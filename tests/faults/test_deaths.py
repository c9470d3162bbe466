"""Deaths of more than one process, of their disk, and while something else goes on."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest

from digest.delivery.journal import orphans
from digest.delivery.records import Header, header_bytes
from digest.model.newsletter import InDoubt
from digest.pipeline.delivering.recover import recover
from tests import postgres
from tests.conftest import BOTH
from tests.faults.killing import Nursery
from tests.faults.story import TIMES, check, planned, send_until_done
from tests.faults.witness import Witness
from tests.house import House
from tests.sink import Do, Mail, Sink

READERS = 400 * TIMES
CONNECTIONS = 4
ON_BOTH = pytest.mark.parametrize("database", BOTH, indirect=True)
UNCOMMITTED = 40  #: outcomes that are in the journal and not in the database, at most


@pytest.fixture
def crowd(tmp_path: Path, database: str) -> Iterator[House]:
    """Give a planned edition for many readers."""
    house = planned(tmp_path, database, READERS)
    yield house
    house.engine.dispose()


def when_it_has(witness: Witness, number: int) -> None:
    """Wait until the server has so many messages."""
    end = time.monotonic() + 20
    while len(witness.copies) < number:
        assert time.monotonic() < end
        time.sleep(0.002)


def end_leases(house: House) -> None:
    """Let the minute pass after which others may take what a dead worker held."""
    house.change("UPDATE deliveries SET lease_until = 1 WHERE lease_until IS NOT NULL")


def end_waits(house: House) -> None:
    """Let the ten minutes pass in which the owner of a lease that ended might still be answered."""
    house.change("UPDATE deliveries SET next_attempt_at = 1 WHERE state = 'in_doubt' AND next_attempt_at IS NOT NULL")


@pytest.mark.postgres
def test_a_worker_that_is_told_to_end_and_then_killed_doubles_only_what_was_under_way(
    crowd: House, cradle: subprocess.Popen[str]
):
    """K7: four times, each while the last messages wait for their replies."""
    permitted, ended = Counter[str](), []
    with Witness(delay=0.02, seed=7) as witness:
        make = Nursery(cradle, crowd, witness, CONNECTIONS)
        for turn in range(1, 4 * TIMES + 1):
            pid = make.start(work="worker")
            when_it_has(witness, 40 * turn)
            os.kill(pid, signal.SIGTERM)
            time.sleep(0.005)
            os.kill(pid, signal.SIGKILL)
            ended.append(make.wait())
            left = witness.take_unresolved()
            assert left.total() <= CONNECTIONS
            permitted += left
            crowd.change("UPDATE procrastinate_jobs SET status = 'todo'")
        last, _ = send_until_done(make, witness)

    assert ended == [-signal.SIGKILL] * 4 * TIMES
    check(crowd, witness, permitted + last)


@pytest.mark.postgres
def test_everything_that_dies_at_once_comes_back_with_nobody_lost(
    crowd: House, postgres_server: postgres.Server, cradle: subprocess.Popen[str]
):
    """K11: the sender and PostgreSQL, twice."""
    permitted, chance = Counter[str](), random.Random(11)
    with Witness(delay=0.004, seed=11) as witness, ThreadPoolExecutor() as beside:
        make = Nursery(cradle, crowd, witness, CONNECTIONS)
        for turn in range(1, 2 * TIMES + 1):
            pid = make.start()
            when_it_has(witness, 80 * turn)
            stopping = beside.submit(postgres_server.stop, "immediate")
            time.sleep(chance.uniform(0, 0.02))
            os.kill(pid, signal.SIGKILL)
            make.wait()
            stopping.result(20)
            left = witness.take_unresolved()
            assert left.total() <= CONNECTIONS
            permitted += left
            postgres_server.start()
            crowd.engine.dispose()
        last, failed = send_until_done(make, witness)

    assert failed == 0
    check(crowd, witness, permitted + last)


def lose_power(house: House, chance: random.Random) -> None:
    """Let the machine start anew: of a journal, which is not synced, any part of the last records may be gone."""
    for path in orphans(house.installation.state_folder):
        data, header = path.read_bytes(), header_bytes(Header(path.stem, 0, bytes(16), house.clock.now()))
        path.write_bytes(data[: chance.randint(len(header), len(data))])
    with mock.patch("digest.pipeline.delivering.recover.boot_id", return_value=bytes(16)):
        recover(house.installation)


@ON_BOTH
def test_a_machine_that_loses_power_repeats_nothing_that_a_newsletter_wants_held(
    crowd: House, cradle: subprocess.Popen[str]
):
    """P24: six times; what was claimed is in doubt, for the mark that is missing may have been written."""
    crowd.newsletter(in_doubt=InDoubt.HOLD)
    chance = random.Random(24)
    with Witness(delay=0.004, seed=24) as witness:
        make = Nursery(cradle, crowd, witness, CONNECTIONS)
        for turn in range(1, 6 * TIMES + 1):
            pid = make.start()
            when_it_has(witness, 30 * turn)
            os.kill(pid, signal.SIGKILL)
            assert make.wait() == -signal.SIGKILL
            lose_power(crowd, chance)
        make.start()
        last = make.wait()

    states = crowd.states()
    copies = Counter(copy.recipient for copy in witness.copies)
    held = {who for who, state in states.items() if state == "in_doubt"}
    assert last == 0
    assert set(states.values()) <= {"sent", "in_doubt"}
    assert set(copies.values()) == {1}
    assert copies.keys() | held == states.keys()
    assert len(held) <= 6 * TIMES * (3 * CONNECTIONS + UNCOMMITTED)


@ON_BOTH
def test_a_sender_that_dies_with_its_disk_loses_nobody(crowd: House, cradle: subprocess.Popen[str]):
    """K13, P23: four times; the claims without a journal are in doubt, and a few outcomes were only there."""
    deaths = 4 * TIMES
    with Witness(delay=0.004, seed=13) as witness:
        make = Nursery(cradle, crowd, witness, CONNECTIONS)
        for turn in range(1, deaths + 1):
            pid = make.start()
            when_it_has(witness, 60 * turn)
            os.kill(pid, signal.SIGKILL)
            assert make.wait() == -signal.SIGKILL
            shutil.rmtree(crowd.installation.state_folder)
            if crowd.engine.dialect.name == "postgresql":
                end_leases(crowd)
        make.start()
        assert make.wait() == 0
        end_waits(crowd)
        make.start()
        last = make.wait()

    copies = Counter(copy.recipient for copy in witness.copies)
    twice = sum(times - 1 for times in copies.values())
    assert last == 0
    assert len(copies) == READERS
    assert len(set(witness.copies)) == READERS
    assert twice <= deaths * (CONNECTIONS + UNCOMMITTED)
    assert set(crowd.states().values()) <= {"sent", "in_doubt"}


@pytest.mark.postgres
def test_two_that_recover_one_dead_worker_at_the_same_time_say_it_once(crowd: House, cradle: subprocess.Popen[str]):
    """K14: six dead workers, each found by two; whoever comes second finds nothing."""
    permitted, found = Counter[str](), list[list[int]]()
    with Witness(delay=0.004, seed=14) as witness, ThreadPoolExecutor() as two:
        make = Nursery(cradle, crowd, witness, CONNECTIONS)
        for turn in range(1, 6 * TIMES + 1):
            pid = make.start()
            when_it_has(witness, 40 * turn)
            os.kill(pid, signal.SIGKILL)
            make.wait()
            permitted += witness.take_unresolved()
            claimed = len(crowd.rows("SELECT id FROM deliveries WHERE lease_until IS NOT NULL"))
            results = [each.result(20) for each in [two.submit(recover, crowd.installation) for _ in range(2)]]
            found.append([claimed, *sorted(results)])
            assert crowd.rows("SELECT id FROM deliveries WHERE lease_until IS NOT NULL") == []
        last, _ = send_until_done(make, witness)

    assert [[0, claimed] for claimed, *_ in found] == [results for _, *results in found]
    check(crowd, witness, permitted + last)


class Slow(Sink):
    """A server that thinks for longer than a lease before it says yes."""

    async def _keep(self, mail: Mail, do: Do, reader: asyncio.StreamReader, say: Callable[[str], None]) -> bool:
        if mail.recipient == "r001@example.org":
            await asyncio.sleep(2.5)
        return await super()._keep(mail, do, reader, say)


@pytest.mark.postgres
def test_a_reply_that_takes_longer_than_a_lease_makes_no_second_copy(tmp_path: Path, database: str):
    """S19: another worker looks for something to do all the while; who waits renews its lease."""
    house = planned(tmp_path, database, 10)
    root = str(Path(__file__).resolve().parents[2])
    with Slow() as slow:
        order = [sys.executable, "-m", "tests.worker.one", str(tmp_path), house.database, str(slow.port), "1"]
        worker = subprocess.Popen(order, env={**os.environ, "PYTHONPATH": root}, stderr=subprocess.DEVNULL)
        for _ in range(300):  # not by the clock: a machine that stands still ends nothing
            if worker.poll() is not None:
                break
            if len(slow.mails) >= 9:
                house.dispatch(slow)
            time.sleep(0.1)
        worker.kill()
        worker.wait(5)
    states = house.states()
    house.engine.dispose()

    assert worker.returncode == 0
    assert Counter(mail.recipient for mail in slow.mails) == dict.fromkeys(states, 1)
    assert set(states.values()) == {"sent"}
