"""A long sending, while people wait for a mail of their own: how long they wait, and how much memory it takes.

What `scripts/rush` runs, with a hundred thousand readers; a short one is in the suite. JSON at the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.clock import FixedClock
from tests import postgres
from tests.faults.killing import Nursery, born
from tests.faults.witness import Witness
from tests.house import House

LONGEST_WAIT = 5.0  # seconds, for ninety-nine of a hundred
MOST_MEMORY = 300  # MB
SLUG = "welcome"


@dataclass(frozen=True, slots=True)
class Rush:
    """What was seen: seconds that each waited, whom the long sending still had before it then, peak MB, copies."""

    seconds: float
    waits: list[float]
    still_to_send: list[int]
    peak_mb: float
    lost: int
    doubled: int

    @property
    def p99(self) -> float:
        """Seconds that ninety-nine of a hundred had not to wait longer than."""
        return sorted(self.waits)[-1 - len(self.waits) // 100]


def prepare(folder: Path, database: str, readers: int) -> House:
    """Return a house with an edition planned for so many, and a newsletter that somebody may wait for."""
    house = House(folder, database, clock=FixedClock(datetime.now(UTC) - timedelta(minutes=5)))
    house.newsletter("daily")
    house.newsletter(SLUG, urgent=True)
    house.readers([{"email": f"r{n:06}@example.org", "topics": "trade"} for n in range(readers)])
    house.article("trade")
    house.plan("daily")
    return house


def rush(house: House, cradle: subprocess.Popen[str], *, waiting: int, gap: float, connections: int) -> Rush:
    """Send what *house* has planned; let *waiting* people ask for a mail meanwhile, *gap* seconds after each other."""
    ((readers,),) = house.rows("SELECT COUNT(*) FROM deliveries")
    waits, left, began = list[float](), list[int](), time.monotonic()
    with Witness(delay=0.002, seed=11) as witness:
        make = Nursery(cradle, house, witness, connections)
        pid = make.start()
        peak = _wait_for(witness, pid, lambda: bool(witness.copies))
        for number in range(waiting):
            who = f"waits{number}@example.org"
            left.append(readers - len(witness.copies))
            house.clock.at = datetime.now(UTC)
            asked = time.monotonic()
            house.reader(who, SLUG)
            house.plan(SLUG)
            peak = max(peak, _wait_for(witness, pid, _comes(witness, who)))
            waits.append(round(time.monotonic() - asked, 3))
            time.sleep(gap)
        peak = max(peak, _wait_for(witness, pid, lambda: False))
        ended = make.wait()
    assert ended == 0, "the sending did not come to its end"
    copies = Counter(each.recipient for each in witness.copies)
    everybody = {address for (address,) in house.rows("SELECT address FROM deliveries")}
    lost, doubled = len(everybody - copies.keys()), sum(times > 1 for times in copies.values())
    return Rush(round(time.monotonic() - began, 1), waits, left, peak, lost, doubled)


def _comes(witness: Witness, who: str) -> Callable[[], bool]:
    """Return what says whether a mail to *who* has come; it looks at each copy once."""
    seen = len(witness.copies)

    def has_come() -> bool:
        nonlocal seen
        fresh = witness.copies[seen:]
        seen += len(fresh)
        return any(each.recipient == who for each in fresh)

    return has_come


def _wait_for(witness: Witness, pid: int, is_so: Callable[[], bool]) -> float:
    """Wait until it is so, or the sender has ended; return the most memory that it has had, in MB."""
    peak, end = 0.0, time.monotonic() + 3_600
    while time.monotonic() < end:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except FileNotFoundError:
            return peak
        if "VmHWM:" not in status:  # it has ended
            return peak
        peak = max(peak, int(status.split("VmHWM:")[1].split()[0]) / 1024)
        if is_so():
            return peak
        time.sleep(0.01)
    raise AssertionError(f"nothing more came; {len(witness.copies)} copies so far")


def main() -> int:
    """Measure; return 1 when somebody waited too long, had no mail or two, or the sender took too much memory."""
    asked = argparse.ArgumentParser(prog="scripts/rush", description=__doc__)
    asked.add_argument("--readers", type=int, default=100_000)
    asked.add_argument("--waiting", type=int, default=30, help="people who wait, one after the other (default 30)")
    asked.add_argument("--connections", type=int, default=10)
    asked.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = asked.parse_args()
    on_postgres = given.database == "postgres"
    if on_postgres and postgres.missing():
        print(f"scripts/rush: {postgres.missing()}", file=sys.stderr)
        return 2
    server = postgres.running() if on_postgres else nullcontext()
    with tempfile.TemporaryDirectory(prefix="digest-rush-") as temporary, born() as cradle, server as running:
        house = prepare(Path(temporary), running.url(running.create()) if running else "", given.readers)
        found = rush(house, cradle, waiting=given.waiting, gap=0.5, connections=given.connections)
        house.engine.dispose()
    shown = {
        "seconds": found.seconds,
        "peak_mb": round(found.peak_mb, 1),
        "longest_wait": max(found.waits),
        "p99_wait": found.p99,
        "still_to_send_at_the_last": found.still_to_send[-1],
        "lost": found.lost,
        "doubled": found.doubled,
    }
    print(json.dumps({**vars(given), **shown}, indent=2))
    return int(bool(found.lost or found.doubled) or found.p99 > LONGEST_WAIT or found.peak_mb > MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
