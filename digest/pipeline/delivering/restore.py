"""Restore: a backup that was put back does not know what went out since, and nothing of that may go out again.

The folder beside the database notes how far the log had come. A database that is behind its note was put back, and
sends nothing until a person has said so: then all that may have gone out since is in doubt and held, as any message
whose reply was lost. Where the folder is gone too, nobody but a person can know.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from digest.errors import DatabaseRestored
from digest.log import get_logger
from digest.pipeline.delivering.recover import recover
from digest.pipeline.installation import Installation
from digest.pipeline.planning.plan import Who, plan_again, plan_newsletter
from digest.store import dispatching, restored
from digest.store.engine import reading
from digest.store.lock import sender_lock
from digest.store.newsletters import load_newsletters

_NOTE = "last_attempt"


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many claims of senders that died were settled, and how many deliveries are held since the backup."""

    settled: int
    held: int = 0


def require_not_restored(house: Installation) -> None:
    """Raise DatabaseRestored when the log is shorter than it was when `note_how_far` last looked."""
    noted = _note_of(house)
    try:
        before = int(noted.read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return
    with reading(house.engine) as connection:
        now = restored.last_attempt(connection)
    if now < before:
        raise DatabaseRestored(
            f"the database knows of {now} attempts, and {before} were made: it was put back from a backup, so what it"
            " calls ready may have gone out; hold all of that with: digest recover --after-restore"
        )


def note_how_far(house: Installation) -> None:
    """Note beside the database how long its log is; without room there the older note stays, and the log says so."""
    with reading(house.engine) as connection:
        now = restored.last_attempt(connection)
    noted = _note_of(house)
    fresh = noted.with_suffix(".new")
    try:
        if not (noted.exists() and noted.read_bytes() == b"%d" % now):
            fresh.write_text(str(now), "ascii")
            fresh.replace(noted)
    except OSError as error:  # no reason to call a sending failed
        get_logger().warning("attempts_not_noted", file=str(noted), why=str(error))


def recover_now(house: Installation, *, after_restore: bool) -> Recovered:
    """Settle what senders that died left behind; after a restore hold what may have gone out since the backup.

    That is every mail that waits, and those of the slots that came since: they are planned, however late, and held
    as well. Raises DatabaseBusy while another process sends (SQLite; on PostgreSQL let no worker run).
    """
    with sender_lock(house.engine, house.state_folder):
        if not after_restore:
            require_not_restored(house)
            return Recovered(recover(house))
        settled = recover(house)
        for slug in _slugs(house):
            plan_newsletter(house, slug, at=house.clock.now(), who=Who.RESTORED)
        with house.engine.begin() as connection:
            dispatching.lapse_ended(connection, house.clock.now())
            waiting = dispatching.unplanned(connection, None, paused=True)
        for slot in waiting:
            plan_again(house, slot.newsletter, slot.edition_id, slot.period, slot.slot_at)
        with house.engine.begin() as connection:
            held = restored.hold_waiting(connection, house.clock.now())
            dispatching.finish_editions(connection)
        note_how_far(house)
        return Recovered(settled, held)


def _slugs(house: Installation) -> list[str]:
    with reading(house.engine) as connection:
        return list(load_newsletters(connection))


def _note_of(house: Installation) -> Path:
    return house.state_folder / _NOTE
