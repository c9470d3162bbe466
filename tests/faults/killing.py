"""Kill a sender at random moments until all work is done, and hold what came against the oracle."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.witness import Witness
from tests.house import House

ROOT = Path(__file__).parents[2]


@dataclass
class Verdict:
    """What came of it: counts of what must be 0, and what was seen beside."""

    kills: int = 0
    lost: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)  #: copies that the oracle does not permit
    unlike: list[str] = field(default_factory=list)  #: copies with another Message-ID or other bytes
    most_at_a_kill: int = 0
    repeated: int = 0
    states: Counter[str] = field(default_factory=Counter)


class Nursery:
    """Makes senders; see nursery.py."""

    def __init__(self, process: subprocess.Popen[str], house: House, witness: Witness, connections: int) -> None:
        self._process = process
        order = {"folder": str(house.folder), "database": house.database, "port": witness.port}
        self._order: dict[str, str | int] = {**order, "connections": connections}

    def start(self, **more: str | int) -> int:
        """Return the pid of a new sender; *more* is of its order."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**self._order, **more}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def wait(self) -> int:
        """Return how the sender ended."""
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def born() -> Iterator[subprocess.Popen[str]]:
    """Give the process that nurseries make senders with; one after the other may use it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def nursery(house: House, witness: Witness, connections: int) -> Iterator[Nursery]:
    """Give a maker of senders for *house* that send to *witness*."""
    with born() as process:
        yield Nursery(process, house, witness, connections)


def kill_again_and_again(
    house: House,
    witness: Witness,
    *,
    kills: int,
    connections: int,
    seed: int,
    longest: float = 0.25,
    most: int = 1_000_000,
) -> Verdict:
    """Send what *house* has planned; kill each sender *longest* seconds after its first message at the latest.

    One that is quick is killed after *most* messages, so that some are left for the next.
    """
    chance = random.Random(seed)
    verdict, permitted = Verdict(), Counter[str]()
    expected = {address for (address,) in house.rows("SELECT address FROM deliveries")}
    with nursery(house, witness, connections) as make:
        while True:
            before, pid = len(witness.copies), make.start()
            if verdict.kills < kills:
                _wait_for_the_first(witness, before, pid)
                _let_live(witness, chance.uniform(0, longest), before + most)
                _kill(pid)
            ended = make.wait()
            left = witness.take_unresolved()
            if ended == -signal.SIGKILL:
                verdict.kills += 1
                verdict.most_at_a_kill = max(verdict.most_at_a_kill, left.total())
                permitted += left
            elif not _has_more(house):
                break
    _judge(verdict, witness, expected, permitted)
    verdict.states = Counter(state for (state,) in house.rows("SELECT state FROM deliveries"))
    return verdict


def _judge(verdict: Verdict, witness: Witness, expected: set[str], permitted: Counter[str]) -> None:
    copies = defaultdict(list)
    for copy in witness.copies:
        copies[copy.recipient].append(copy)
    verdict.lost = sorted(expected - copies.keys())
    verdict.repeated = sum(len(found) - 1 for found in copies.values())
    verdict.unexplained = [who for who, found in copies.items() if len(found) - 1 > permitted[who]]
    verdict.unlike = [who for who, found in copies.items() if len(set(found)) > 1]


def _has_more(house: House) -> bool:
    """Whether something is due at once: what was in doubt may go once more, because its sender is known to be dead."""
    now = int(time.time() * 1_000_000)
    waiting = "SELECT COUNT(*) FROM deliveries WHERE next_attempt_at <= :now OR state = 'claimed'"
    return bool(house.rows(waiting, now=now)[0][0])


def _wait_for_the_first(witness: Witness, before: int, pid: int) -> None:
    until = time.monotonic() + 20
    while len(witness.copies) == before and time.monotonic() < until and Path(f"/proc/{pid}").exists():
        time.sleep(0.002)
        if _is_zombie(pid):
            return


def _let_live(witness: Witness, seconds: float, copies: int) -> None:
    until = time.monotonic() + seconds
    while len(witness.copies) < copies and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.001))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it was done before
