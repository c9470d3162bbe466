"""What stories about one edition share: how it is planned, sent to its end, and held against the server's record."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.clock import FixedClock
from tests.faults.killing import Nursery
from tests.faults.witness import Witness
from tests.house import House

TIMES = int(
    os.environ.get("DIGEST_FAULTS_TIMES", "1")
)  #: how many times as long as in the suite: scripts/kill --faults


def planned(folder: Path, database: str, readers: int) -> House:
    """Return a house with an edition that is planned for so many readers, and due on the real clock."""
    house = House(folder, database, clock=FixedClock(datetime.now(UTC) - timedelta(minutes=5)))
    house.newsletter()
    house.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(readers)])
    house.article("trade")
    house.plan()
    house.clock.at = datetime.now(UTC)
    return house


def send_until_done(make: Nursery, witness: Witness) -> tuple[Counter[str], int]:
    """Start senders until one ends well; return whom they could not know to have it, and how many failed."""
    permitted, failed, end = Counter[str](), 0, time.monotonic() + 40 * TIMES
    while True:
        make.start()
        status = make.wait()
        permitted += witness.take_unresolved()
        if status == 0:
            return permitted, failed
        failed += 1
        assert time.monotonic() < end, "it did not come to an end"
        time.sleep(0.1)


def check(house: House, witness: Witness, permitted: Counter[str]) -> None:
    """Everybody has it; a second copy only whom the server's own record permits one, of the same bytes."""
    copies = Counter(copy.recipient for copy in witness.copies)
    house.engine.dispose()  # its connections may have been cut
    states = house.states()
    assert len(copies) == len(states)
    assert [who for who, times in copies.items() if times > 1 + permitted[who]] == []
    assert len(set(witness.copies)) == len(states)
    # Who was in doubt twice is sent nothing more, and has it.
    assert {who for who, state in states.items() if state != "sent"} <= {who for who in copies if copies[who] > 1}
