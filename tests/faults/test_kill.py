"""kill -9 at any moment: nobody is left out, and nobody gets a mail twice but for those that were in flight."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.clock import FixedClock
from tests.conftest import BOTH
from tests.faults.killing import kill_again_and_again
from tests.faults.witness import Witness
from tests.house import House

KILLS = 25
LONGEST = 0.08  # seconds from a sender's first message to its death
MOST = 75  # messages of one sender until then
READERS = 2_500  # more than all senders that are killed can reach


@pytest.fixture
def crowd(tmp_path: Path, database: str) -> Iterator[House]:
    """Give a planned edition for many readers, on the machine's own clock."""
    house = House(tmp_path, database, clock=FixedClock(datetime.now(UTC) - timedelta(minutes=5)))
    house.newsletter()
    house.readers([{"email": f"r{n:04}@example.org", "topics": "trade"} for n in range(READERS)])
    house.article("trade")
    house.plan()
    yield house
    house.engine.dispose()


@pytest.mark.parametrize("database", BOTH, indirect=True)
@pytest.mark.parametrize("connections", [10, 50])
def test_killed_twenty_five_times_nobody_is_lost_and_only_what_was_in_flight_comes_twice(
    crowd: House, connections: int
):
    """The oracle is the mail server's own record, never the program's."""
    with Witness(delay=0.004, seed=connections) as witness:
        found = kill_again_and_again(
            crowd, witness, kills=KILLS, connections=connections, seed=connections, longest=LONGEST, most=MOST
        )

    assert found.kills == KILLS
    assert found.lost == []
    assert found.unexplained == []
    assert found.unlike == []
    assert found.most_at_a_kill <= connections
    # Who was in doubt at two deaths is sent nothing more: the log says so, and they have it.
    assert set(found.states) <= {"sent", "in_doubt"}
    assert found.states.total() == READERS
