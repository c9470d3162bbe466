"""The work that staff asked for: agreed to, done batch by batch by whoever ticks, dropped or taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from digest.errors import BadInput, DigestError
from digest.log import get_logger
from digest.model.chore import Chore, ChoreKind, ChoreState
from digest.pipeline.installation import Installation
from digest.pipeline.staff import import_chore
from digest.pipeline.subscribers import change_readers
from digest.store import chores
from digest.store.audit import record

EVERY = 1.0  # seconds
KEPT = timedelta(days=30)  #: what was changed, and by it the way back
_OVER = (ChoreState.DONE, ChoreState.UNDONE, ChoreState.DROPPED, ChoreState.FAILED, ChoreState.ASKING)


def run_chores(house: Installation, stop: Callable[[], bool] = lambda: False) -> int:
    """Do what is due until nothing is, or *stop* says so, and return how many batches that were.

    Killed at any moment, it goes on from the last batch: after two minutes, when the lease has run out.
    """
    done = 0
    while not stop():
        with house.engine.begin() as connection:
            chore = chores.take_due(connection, house.clock.now())
            if chore is None:
                chores.forget_old(connection, house.clock.now() - KEPT, _OVER)
                return done
        if chore.kind is ChoreKind.IMPORT:
            _import(house, chore, stop)
            done += 1
            continue
        while chore is not None and not stop():
            chore = _batch(house, chore)
            done += 1
        if chore is not None:
            _give_back(house, chore)
    return done


def _batch(house: Installation, chore: Chore) -> Chore | None:
    """Do one batch and return the chore as it is then, None when it is over or in other hands."""
    with _failing_in_words(house, chore), house.engine.begin() as connection:
        held = chores.renewed(connection, chore, house.clock.now())
        if held is None or not change_readers.step(house, connection, held):
            return None
        return chores.find_chore(connection, chore.chore_id)
    return None


def _import(house: Installation, chore: Chore, stop: Callable[[], bool]) -> None:
    with _failing_in_words(house, chore):
        import_chore.work(house, chore, stop)


@contextmanager
def _failing_in_words(house: Installation, chore: Chore) -> Iterator[None]:
    try:
        yield
    except (BadInput, LookupError) as error:
        _fail(house, chore, str(error))
    except DigestError:
        raise  # the database is away; the lease runs out, and somebody goes on
    except Exception as error:  # noqa: BLE001  # told with its traceback; the next chore must not wait for this one
        get_logger().exception("chore_failed", chore=chore.chore_id)
        _fail(house, chore, f"{type(error).__name__}; the log of the program has more")


def _fail(house: Installation, chore: Chore, problem: str) -> None:
    with house.engine.begin() as connection:
        failed = {"state": ChoreState.FAILED.value, "due_at": None, "problem": problem[:500]}
        chores.change_chore(connection, chore.chore_id, **failed, finished_at=house.clock.now())


def _give_back(house: Installation, chore: Chore) -> None:
    with house.engine.begin() as connection:
        if held := chores.renewed(connection, chore, house.clock.now()):
            chores.change_chore(connection, held.chore_id, due_at=house.clock.now())


def agree(house: Installation, chore_id: int, who: str) -> None:
    """Let a chore begin that was asked about; raises BadInput when it is not waiting for that."""
    _move(house, chore_id, who, (ChoreState.ASKING,), ChoreState.RUNNING, "agreed")


def drop(house: Installation, chore_id: int, who: str) -> None:
    """Say no to a chore that has changed nothing yet."""
    before = (ChoreState.LISTING, ChoreState.MAPPING, ChoreState.CHECKING, ChoreState.ASKING)
    _move(house, chore_id, who, before, ChoreState.DROPPED, "dropped")


def undo(house: Installation, chore_id: int, who: str) -> None:
    """Take back what a chore changed, as far as nobody has touched it since."""
    _move(house, chore_id, who, (ChoreState.DONE, ChoreState.RESTING, ChoreState.FAILED), ChoreState.UNDOING, "undo")


def may_undo(house: Installation, chore: Chore) -> bool:
    """Whether a chore can be taken back: for thirty days, and nothing of it that is gone for good."""
    if chore.state not in (ChoreState.DONE, ChoreState.RESTING, ChoreState.FAILED) or chore.counts.get("erased"):
        return False
    return bool(chore.counts) and chore.asked_at > house.clock.now() - KEPT


def _move(
    house: Installation, chore_id: int, who: str, before: tuple[ChoreState, ...], after: ChoreState, action: str
) -> None:
    now = house.clock.now()
    with house.engine.begin() as connection:
        chore = chores.find_chore(connection, chore_id, to_change=True)
        if chore.state not in before or (after is ChoreState.UNDOING and not may_undo(house, chore)):
            raise BadInput("it has gone on meanwhile, or nothing can be done about it any more; look again")
        due = None if after is ChoreState.DROPPED else now
        chores.change_chore(connection, chore_id, state=after.value, due_at=due, done=0, finished_at=None)
        if after is ChoreState.DROPPED:
            chores.drop_file(connection, chore_id, "upload", "report")
        record(
            connection,
            who,
            f"{chore.kind}.{action}",
            f"{chore.kind} {chore_id}",
            now=now,
            before={"state": chore.state.value},
            after={"state": after.value, "total": chore.total},
        )
