"""One worker in a process of its own, with short leases and heartbeats: `python -m tests.worker.one FOLDER DATABASE PORT`.

With a fourth argument it works on one edition and ends; else it is Procrastinate's until a signal.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from digest import log
from digest.clock import SystemClock
from digest.pipeline.delivering import dispatch, leases
from digest.pipeline.delivering.dispatch import Sending
from digest.settings.relay import Relay
from digest.worker import run
from digest.worker.send_job import send_some
from tests.house import House

LEASE = timedelta(seconds=1.5)


def main() -> None:
    """Work as the arguments say."""
    folder, database, port, *edition = sys.argv[1:]
    log.configure(json=True)
    dispatch.LEASE = leases.LEASE = LEASE  # type: ignore[misc]
    leases._RENEW, leases._FENCE = 0.3, 1.0  # type: ignore[misc]
    run._HEARTBEAT, run._AGAIN = 0.2, 0.2  # type: ignore[misc]
    house = House(Path(folder), database, clock=SystemClock())  # type: ignore[arg-type]
    sending = Sending(Relay(host="127.0.0.1", port=int(port), implicit_tls=False, starttls=False), connections=2)
    if edition:
        send_some(house.installation, sending, int(edition[0]), ending=lambda: False)
    else:
        run.run_jobs(house.installation, sending)


if __name__ == "__main__":
    main()
