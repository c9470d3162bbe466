"""PostgreSQL that is restarted, killed, silent or loses an answer while mail goes out: none is lost or sent in vain."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from digest.errors import DatabaseBusy
from tests import postgres
from tests.faults.go_between import GoBetween
from tests.faults.killing import Nursery
from tests.faults.story import TIMES, check, planned, send_until_done
from tests.faults.witness import Witness
from tests.house import House
from tests.sink import Sink

READERS = 400
CONNECTIONS = 4
pytestmark = pytest.mark.postgres


@pytest.fixture
def crowd(tmp_path: Path, database: str) -> Iterator[House]:
    """Give a planned edition for many readers."""
    house = planned(tmp_path, database, READERS)
    yield house
    house.engine.dispose()


def at_message(number: int, do: Callable[[], None]) -> Callable[[str], None]:
    """Return what calls *do*, in a thread of its own, when the server takes its *number*-th message."""
    seen = Counter[str]()

    def hear(moment: str) -> None:
        seen[moment] += 1
        if moment == "taken" and seen[moment] == number:
            threading.Thread(target=do).start()

    return hear


def crash(server: postgres.Server) -> None:
    """Kill PostgreSQL's first process as the system might, and with it all the others."""
    pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    others = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in [pid, *map(int, others)]:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


@pytest.mark.parametrize("turn", range(TIMES))
@pytest.mark.parametrize("how", ["fast", "immediate", "killed"])
def test_a_database_that_is_started_anew_under_load_loses_nobody(
    crowd: House, postgres_server: postgres.Server, cradle: subprocess.Popen[str], how: str, turn: int
):
    """D1, D2: the gate closes at once; what the server answered meanwhile is in the journal."""
    seen: list[int] = []

    def restart() -> None:
        crash(postgres_server) if how == "killed" else postgres_server.stop(how)
        time.sleep(0.5)
        seen.append(len(witness.copies))
        time.sleep(0.5)
        seen.append(len(witness.copies))
        for _ in range(50):  # the processes of a killed one need a moment to go
            with suppress(subprocess.CalledProcessError):
                postgres_server.start()
                break
            time.sleep(0.1)

    with Witness(delay=0.004, seed=turn) as witness:
        witness.at = at_message(100, restart)
        permitted, failed = send_until_done(Nursery(cradle, crowd, witness, CONNECTIONS), witness)

    assert failed >= 1
    assert seen[0] == seen[1] < READERS
    assert permitted.total() <= CONNECTIONS
    check(crowd, witness, permitted)


@pytest.fixture
def between(crowd: House, postgres_server: postgres.Server) -> Iterator[GoBetween]:
    """Give what stands between the senders and the database; senders of `crowd` go through it."""
    with GoBetween(postgres_server.folder) as made:
        crowd.database = crowd.database.replace(str(postgres_server.folder), str(made.folder))
        yield made


def test_a_database_that_says_nothing_for_a_while_is_waited_for(
    crowd: House, between: GoBetween, cradle: subprocess.Popen[str]
):
    """D3: what was claimed by then goes out, nothing else, and nothing twice."""
    claimed: set[str] = set()
    gone: set[str] = set()

    def hold() -> None:
        between.hold()
        time.sleep(0.3)  # what had passed by then is committed
        claimed.update(address for address, state in crowd.states().items() if state != "ready")
        time.sleep(1.2)
        gone.update(copy.recipient for copy in witness.copies)
        between.go_on()

    with Witness(delay=0.004, seed=1) as witness:
        witness.at = at_message(100, hold)
        permitted, failed = send_until_done(Nursery(cradle, crowd, witness, CONNECTIONS), witness)

    assert failed == 0
    assert gone <= claimed
    assert 100 <= len(gone) <= len(claimed) < READERS
    assert len(witness.copies) == READERS
    check(crowd, witness, permitted)


def test_a_commit_whose_answer_is_lost_is_asked_about_and_not_guessed(
    crowd: House, between: GoBetween, cradle: subprocess.Popen[str]
):
    """D8, P21: the rows say what was committed; five times in one edition."""
    permitted, failures = Counter[str](), 0
    with Witness(delay=0.004, seed=1) as witness:
        make = Nursery(cradle, crowd, witness, CONNECTIONS)
        for after in (3, 6, 10, 11, 15):
            between.lose_a_commit(after)
            make.start()
            failures += make.wait() != 0
            permitted += witness.take_unresolved()
        last, _ = send_until_done(make, witness)

    assert between.lost == 5
    assert failures == 5
    check(crowd, witness, permitted + last)


def test_transactions_that_the_database_undoes_are_done_again(crowd: House):
    """D12: one in twenty is undone, by deadlock or because two cannot both be; two workers, and each mail goes once."""
    crowd.change(
        "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF random() < 0.025 THEN RAISE 'undone' USING ERRCODE = '40001'; END IF;"
        " IF random() < 0.025 THEN RAISE 'undone' USING ERRCODE = '40P01'; END IF; RETURN NULL; END $$"
    )
    crowd.change("CREATE TRIGGER undo BEFORE UPDATE ON deliveries FOR EACH STATEMENT EXECUTE FUNCTION undo()")

    def work(sink: Sink) -> int:
        given_up = 0
        while set(crowd.states().values()) != {"sent"}:
            try:
                crowd.dispatch(sink, connections=CONNECTIONS)
            except DatabaseBusy:
                given_up += 1
            assert given_up < 20
        return given_up  # what is no exchange of results for claims is not done again, but by the next sending

    try:
        with Sink() as sink, ThreadPoolExecutor() as two:
            working = [two.submit(work, sink) for _ in range(2)]
            given_up = sum(each.result(60) for each in working)
    finally:
        crowd.change("DROP TRIGGER undo ON deliveries")
        crowd.change("DROP FUNCTION undo")

    assert given_up < 5
    assert Counter(mail.recipient for mail in sink.mails) == dict.fromkeys(crowd.states(), 1)
    assert len(sink.mails) == READERS
