"""What a job does: send what is due for twenty seconds, and ask for another job when there is more."""

from __future__ import annotations

import time
from collections.abc import Callable

from digest.log import get_logger
from digest.pipeline.delivering.dispatch import Sending, Stop, dispatch
from digest.pipeline.installation import Installation
from digest.store.engine import reading
from digest.store.jobs import BUDGET, ask_for_next, ask_for_workers, editions_due


def send_some(
    house: Installation,
    sending: Sending,
    edition_id: int,
    *,
    ending: Stop,
    budget: float = BUDGET,
    seconds: Callable[[], float] = time.monotonic,
) -> bool:
    """Send for *budget* seconds or until *ending* is True, if the edition still has something due; True if it had.

    The job may be late, come twice, or name an edition that is gone: what to send, the rows say. Rows of other
    editions that are due go out as well, in their order. When a fault of ours, or the mail server, ended it early,
    no job is asked for: the next sweep does that, and so the server is not asked without a pause. What was put off
    gets a job for the time it is due.
    """
    is_due = _has_due(house, edition_id)
    if is_due:
        until = seconds() + budget
        done = dispatch(house, sending, stop=lambda: ending() or seconds() >= until)
        get_logger().info(
            "dispatched", edition=edition_id, stopped_by=done.stopped_by, **{str(k): n for k, n in done.states.items()}
        )
    with house.engine.begin() as connection:
        if is_due and done.interrupted:
            ask_for_workers(connection, edition_id)
        ask_for_next(connection, house.clock.now())
    return is_due


def _has_due(house: Installation, edition_id: int) -> bool:
    with reading(house.engine) as connection:
        return bool(editions_due(connection, house.clock.now(), edition_id))
