"""Sweep: what jobs and workers lost is found again in the rows, outside of the engine that runs the jobs."""

from __future__ import annotations

from dataclasses import dataclass

from digest.log import get_logger
from digest.pipeline.delivering.recover import recover
from digest.pipeline.delivering.retain import drop_old
from digest.pipeline.installation import Installation
from digest.pipeline.reading.sign_up import drop_unanswered
from digest.pipeline.staff.answered_once import forget_answered
from digest.store import dispatching, jobs
from digest.store.editions import lapse_cancelled
from digest.store.lock import Alone, is_alone

EVERY = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found: claims of senders that are gone, jobs that were missing, jobs that nobody works on."""

    recovered: int = 0
    asked: int = 0
    lost: int = 0


def sweep(house: Installation) -> Swept:
    """Take back what dead senders held, close editions that are done, see that whatever is due has a job.

    What nobody confirmed in time is forgotten, and what is older than the log is kept for. Of several processes that
    sweep at one moment one does the rest; on SQLite there is none: the only sender looks itself.
    """
    drop_unanswered(house)
    forget_answered(house)
    drop_old(house)
    if house.engine.dialect.name != "postgresql":
        return Swept()
    with house.engine.begin() as connection:
        if not is_alone(connection, Alone.SWEEP):
            return Swept()
        recovered = recover(house)
        now = house.clock.now()
        dispatching.lapse_ended(connection, now)
        lapse_cancelled(connection, now)
        dispatching.reopen_editions(connection)
        dispatching.finish_editions(connection)
        lost = jobs.drop_lost(connection)
        asked = sum(jobs.ask_for_workers(connection, each) for each in jobs.editions_due(connection, now))
    done = Swept(recovered, asked, lost)
    if done != Swept():
        get_logger().info("swept", recovered=recovered, asked=asked, lost=lost)
    return done
