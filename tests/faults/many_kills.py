"""What scripts/kill runs: kills by the hundred, on both databases, over ten and fifty connections; JSON at the end."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.clock import FixedClock
from tests import postgres
from tests.faults.killing import Verdict, kill_again_and_again
from tests.faults.witness import Witness
from tests.house import House

CONNECTIONS = (10, 50)
LONGEST = 0.08  # seconds from a sender's first message to its death
MAILS_PER_KILL = {10: 150, 50: 250}  # enough that the work does not end before the kills do


@contextmanager
def databases(names: list[str]) -> Iterator[dict[str, postgres.Server | None]]:
    """Give the servers of the databases that were asked for; SQLite has none."""
    if "postgres" not in names:
        yield dict.fromkeys(names)
        return
    with postgres.running() as server:
        yield {name: server if name == "postgres" else None for name in names}


def one(server: postgres.Server | None, connections: int, kills: int, seed: int) -> Verdict:
    """Kill *kills* times while an edition goes out from a database of its own."""
    with tempfile.TemporaryDirectory(prefix="digest-kill-") as temporary:
        url = server.url(server.create()) if server else ""
        clock = FixedClock(datetime.now(UTC) - timedelta(minutes=5))
        house = House(Path(temporary), url, clock=clock)
        house.newsletter()
        readers = range(kills * MAILS_PER_KILL[connections])
        house.readers([{"email": f"r{n:06}@example.org", "topics": "trade"} for n in readers])
        house.article("trade")
        house.plan()
        with Witness(delay=0.004, seed=seed, offers=("PIPELINING", "8BITMIME")) as witness:
            found = kill_again_and_again(
                house, witness, kills=kills, connections=connections, seed=seed, longest=LONGEST
            )
        house.engine.dispose()
    return found


def stories(times: int) -> int:
    """Run the tests of faults, each *times* as long as in the suite."""
    here = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "--durations=0", *map(str, sorted(here.glob("test_*.py")))]
    return subprocess.run(
        command, cwd=here.parents[1], env={**os.environ, "DIGEST_FAULTS_TIMES": str(times)}, check=False
    ).returncode


def main() -> int:
    """Run all; return 1 when anything was lost, doubled without need, or unlike its copy."""
    asked = argparse.ArgumentParser(prog="scripts/kill", description=__doc__)
    asked.add_argument("--kills", type=int, default=1_000, help="in all, shared among the runs (default 1,000)")
    asked.add_argument("--databases", default="sqlite,postgres")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument(
        "--faults", type=int, metavar="TIMES", help="instead: the other stories of tests/faults, TIMES as long"
    )
    given = asked.parse_args()
    if given.faults:
        return stories(given.faults)
    names = given.databases.split(",")
    if "postgres" in names and postgres.missing():
        print(f"scripts/kill: {postgres.missing()}", file=sys.stderr)
        return 2
    each = given.kills // (len(names) * len(CONNECTIONS))
    runs, bad = [], False
    with databases(names) as servers:
        for name, server in servers.items():
            for connections in CONNECTIONS:
                began = time.monotonic()
                found = one(server, connections, each, given.seed)
                seconds = round(time.monotonic() - began, 1)
                bad = bad or bool(found.lost or found.unexplained or found.unlike)
                bad = bad or found.most_at_a_kill > connections
                runs.append(
                    {
                        "database": name,
                        "connections": connections,
                        "seconds": seconds,
                        **vars(found),
                        "states": dict(found.states),
                    }
                )
                print(f"{name}, {connections} connections: {found.kills} kills, {seconds} s", file=sys.stderr)
    print(
        json.dumps(
            {"what": "kill -9 at random moments; the oracle is the mail server's record", "runs": runs}, indent=2
        )
    )
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
