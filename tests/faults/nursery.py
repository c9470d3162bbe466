"""Makes senders in no time: a process that has everything loaded and forks one for each line that it reads.

A line is JSON: folder, database, port, connections; `work` when it is not to send but to `plan`, to `approve` an
`edition` or to be a `worker`; `at` when the clock is to stand;
`input` when it is one of those of events_run.py; `point` and `nth` when it is to die there, `megabytes` and `hungry`
when it is to lack memory (see points.py). It answers with the sender's pid, and when that has ended with how: 0 for
the end of all work, -9 for a kill.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from digest.clock import FixedClock, SystemClock
from digest.pipeline.delivering.dispatch import Sending, dispatch
from digest.pipeline.planning.approve import approve_edition
from digest.pipeline.tick import plan_due
from digest.settings.relay import relay_of
from tests.faults import events_run, points
from tests.house import House


def send(order: dict[str, str | int]) -> int:
    """Do what is asked, which is to send all that is due; return the exit status."""
    if "input" in order:
        events_run.work(order)
        return 0
    if "point" in order:
        points.arm(str(order["point"]), int(order["nth"]))
    if "megabytes" in order:
        points.starve(int(order["megabytes"]), str(order["hungry"]))
    clock = FixedClock(datetime.fromisoformat(str(order["at"]))) if "at" in order else SystemClock()
    house = House(Path(str(order["folder"])), str(order["database"]), clock=clock)  # type: ignore[arg-type]
    if order.get("work") == "approve":
        approve_edition(house.installation, str(order["edition"]), by="Eva")
        return 0
    if order.get("work") == "plan":
        plan_due(house.installation)
        return 0
    relay = relay_of(SecretStr(f"smtp://127.0.0.1:{order['port']}?starttls=never"))
    sending = Sending(relay, connections=int(order["connections"]))
    if order.get("work") == "worker":
        from digest.worker.run import run_jobs  # with PostgreSQL's driver, which may not be there

        run_jobs(house.installation, sending)
        return 0
    done = dispatch(house.installation, sending)
    return 1 if done.stopped_by else 0


def main() -> None:
    """Serve until the input ends."""
    with suppress(ImportError):
        import uvloop  # noqa: F401  # each sender would load it anew
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(2, 1)  # standard output is for the answers below
            status = 1
            try:
                status = send(json.loads(line))
            except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as a second nursery
                traceback.print_exc()
            finally:
                os._exit(status)
        print(pid, flush=True)
        _, ended = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(ended), flush=True)


if __name__ == "__main__":
    main()
