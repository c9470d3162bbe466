"""Jobs are hints: lost, late, doubled or cut short, each reader gets the mail once, and rows say what is left."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
import structlog.testing

from digest.model.delivery import DeliveryState
from digest.model.newsletter import Retry
from digest.pipeline.delivering.sweep import Swept, sweep
from digest.pipeline.planning.hold_edition import pause_edition, resume_edition
from digest.pipeline.tick import plan_due
from digest.store import dispatching
from digest.store.engine import Exchange
from digest.store.jobs import add_tables, ask_for_workers
from digest.store.lock import Alone, is_alone
from digest.worker.send_job import send_some
from tests.house import House
from tests.sink import Do, Mail, Sink

READERS = 40
EDITION = 1
pytestmark = pytest.mark.postgres


@pytest.fixture
def crowd(house: House) -> House:
    """Give readers whose hour has come, and something to read."""
    house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(READERS)])
    house.article("trade")
    return house


def jobs(house: House) -> list[tuple[object, ...]]:
    """Return the status and content of every job."""
    return house.rows("SELECT status::text, args FROM procrastinate_jobs ORDER BY id")


def work(house: House, sink: Sink, **how: object) -> bool:
    return send_some(house.installation, house.sending(sink), EDITION, **{"ending": lambda: False, **how})  # type: ignore[arg-type]


def slowly(_mail: Mail) -> None:
    """Take some time for each mail."""
    time.sleep(0.02)


def copies(sink: Sink) -> Counter[int]:
    """Return how many recipients got how many mails."""
    return Counter(Counter(mail.recipient for mail in sink.mails).values())


def test_planning_asks_for_a_worker_in_its_own_transaction(crowd: House):
    """The job holds an id and no more."""
    crowd.plan()

    assert jobs(crowd) == [("todo", {"edition_id": EDITION})]


def test_what_is_not_planned_leaves_no_job(crowd: House):
    """Rows and job come together or not at all."""
    crowd.plan()
    crowd.change("DELETE FROM procrastinate_jobs")
    with crowd.engine.connect() as connection:
        transaction = connection.begin()
        added = ask_for_workers(connection, EDITION, 600)
        transaction.rollback()

    assert added == 2
    assert jobs(crowd) == []


def test_many_readers_are_worth_many_workers_up_to_a_bound(crowd: House):
    """One job for each five hundred rows, sixteen at most, those that wait counted in."""
    crowd.plan()
    with crowd.engine.begin() as connection:
        added = [ask_for_workers(connection, EDITION, rows) for rows in (1, 500, 501, 1_000_000, 1_000_000, 0)]

    assert added == [0, 0, 1, 14, 0, 0]


def test_ten_schedulers_at_once_plan_one_slot_once(crowd: House, sink: Sink):
    """An edition is a unique row, and so is each reader's delivery of it."""
    crowd.move(hours=2)
    start = threading.Barrier(10)

    def plan() -> None:
        start.wait()
        plan_due(crowd.installation)

    schedulers = [threading.Thread(target=plan) for _ in range(10)]
    with structlog.testing.capture_logs() as told:
        for each in schedulers:
            each.start()
        for each in schedulers:
            each.join()
    worked = work(crowd, sink)

    assert "planning_failed" not in {each["event"] for each in told}
    assert crowd.rows("SELECT COUNT(*) FROM editions") == [(1,)]
    assert crowd.rows("SELECT COUNT(*) FROM slots") == [(1,)]
    assert crowd.rows("SELECT COUNT(*) FROM deliveries") == [(READERS,)]
    assert worked
    assert copies(sink) == {1: READERS}


def test_two_workers_on_one_edition_send_each_mail_once(crowd: House, sink: Sink):
    """Each takes what the other has not claimed."""
    crowd.plan()
    workers = [threading.Thread(target=work, args=(crowd, sink)) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()

    assert copies(sink) == {1: READERS}
    assert set(crowd.states().values()) == {"sent"}


def test_a_job_that_comes_again_finds_nothing_and_ends(crowd: House, sink: Sink):
    """After its edition is out, and for an edition that is gone."""
    crowd.plan()
    first, second = work(crowd, sink), work(crowd, sink)
    gone = send_some(crowd.installation, crowd.sending(sink), 4711, ending=lambda: False)

    assert (first, second, gone) == (True, False, False)
    assert copies(sink) == {1: READERS}


def test_a_job_out_of_time_asks_for_another(crowd: House, sink: Sink):
    """It ends within its budget, which keeps it short of what an engine takes for a stall."""
    crowd.plan()
    crowd.change("DELETE FROM procrastinate_jobs")
    sink.on_mail = slowly
    worked = work(crowd, sink, budget=0.2)
    sent = len(sink.mails)
    asked = jobs(crowd)
    work(crowd, sink)

    assert worked
    assert 0 < sent < READERS
    assert asked == [("todo", {"edition_id": EDITION})]
    assert copies(sink) == {1: READERS}


def test_a_worker_told_to_end_leaves_a_job_for_the_others(crowd: House, sink: Sink):
    """What it has begun comes to its end; no row stays claimed."""
    crowd.plan()
    crowd.change("DELETE FROM procrastinate_jobs")
    sink.on_mail = slowly
    work(crowd, sink, ending=lambda: len(sink.mails) >= 5)

    assert jobs(crowd) == [("todo", {"edition_id": EDITION})]
    assert set(crowd.states().values()) == {"sent", "ready"}
    assert copies(sink) == {1: len(sink.mails)}


def test_a_fault_of_ours_asks_for_no_job_at_once(crowd: House, sink: Sink):
    """Or the server would be asked again and again without a pause; the reader whom it was tried with comes later."""
    crowd.plan()
    crowd.change("DELETE FROM procrastinate_jobs")
    sink.script = lambda *_: Do.FAULT
    work(crowd, sink)

    assert sink.mails == []
    assert due_at(crowd) == [(5,)]
    assert len(jobs(crowd)) == 1


def due_at(house: House) -> list[tuple[object, ...]]:
    """Return when the jobs that wait for their time are to be begun, in minutes from now."""
    return [
        (round((at - house.clock.now()).total_seconds() / 60),)
        for (at,) in house.rows(
            "SELECT scheduled_at FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at IS NOT NULL ORDER BY 1"
        )
    ]


def test_a_mail_that_was_put_off_has_its_job_for_the_time_it_is_due(crowd: House, sink: Sink):
    """It waits for no sweep; one job does for all that are due with it, and asking again adds none."""
    crowd.newsletter(retry=Retry((timedelta(minutes=30),)))
    crowd.plan()
    crowd.change("DELETE FROM procrastinate_jobs")
    sink.script = lambda recipient, number: Do.LATER if recipient.startswith("r1") and number == 1 else Do.TAKE
    work(crowd, sink)
    first = crowd.rows("SELECT COUNT(*) FROM procrastinate_jobs")
    ((minutes,),) = due_at(crowd)
    work(crowd, sink)
    again = crowd.rows("SELECT COUNT(*) FROM procrastinate_jobs")
    crowd.move(minutes=36)
    work(crowd, sink)

    assert (first, again) == ([(1,)], [(1,)])
    assert 30 <= minutes <= 36
    assert copies(sink) == {1: READERS}


def test_a_job_for_later_keeps_none_for_now_from_being_asked_for(crowd: House, sink: Sink):
    """A job that waits for its time does nothing for rows that are due."""
    crowd.plan()
    crowd.change("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour'")
    swept = sweep(crowd.installation)

    assert swept == Swept(asked=1)


def test_an_edition_that_is_resumed_has_its_job_at_once(crowd: House):
    """A person waits for it."""
    crowd.plan()
    pause_edition(crowd.installation, "1")
    crowd.change("DELETE FROM procrastinate_jobs")
    resume_edition(crowd.installation, "1")

    assert jobs(crowd) == [("todo", {"edition_id": EDITION})]


def test_lost_jobs_come_back_from_the_rows(crowd: House, sink: Sink):
    """Somebody emptied the table of jobs: the next sweep finds what is due."""
    crowd.plan()
    crowd.change("DELETE FROM procrastinate_jobs")
    swept, again = sweep(crowd.installation), sweep(crowd.installation)

    assert (swept, again) == (Swept(asked=1), Swept())
    assert jobs(crowd) == [("todo", {"edition_id": EDITION})]


def test_a_job_whose_end_was_never_reported_keeps_nobody_from_working(crowd: House):
    """H4: it is `doing` for ever; a new job comes with the next sweep, and the old one goes in time."""
    crowd.plan()
    crowd.change("UPDATE procrastinate_jobs SET status = 'doing'")
    fresh = sweep(crowd.installation), jobs(crowd)
    crowd.change("UPDATE procrastinate_events SET at = now() - interval '6 minutes'")
    late = sweep(crowd.installation), jobs(crowd)

    assert fresh == (Swept(asked=1), [("doing", {"edition_id": EDITION}), ("todo", {"edition_id": EDITION})])
    assert late == (Swept(lost=1), [("todo", {"edition_id": EDITION})])


def test_what_a_lost_worker_claimed_moves_on_with_the_sweep(crowd: House, sink: Sink):
    """Its lease is over: in doubt, sent once more when nobody can be waiting for a reply, and the edition closes."""
    crowd.plan()
    ledger, now = Exchange(crowd.engine), crowd.clock.now()
    lease = crowd.clock.now().replace(minute=1)
    ledger.transact(
        lambda it: dispatching.claim(it, worker="gone", newsletter_id=None, limit=3, now=now, lease_until=lease)
    )
    ledger.close()
    work(crowd, sink)
    before = set(crowd.states().values())
    crowd.move(minutes=2)
    swept = sweep(crowd.installation)
    work(crowd, sink)
    meanwhile = set(crowd.states().values())
    crowd.move(minutes=10)
    work(crowd, sink)
    sweep(crowd.installation)

    assert before == {"sent", "claimed"}
    assert swept.recovered == 3
    assert meanwhile == {"sent", "in_doubt"}
    assert set(crowd.states().values()) == {str(DeliveryState.SENT)}
    assert crowd.rows("SELECT state FROM editions") == [("finished",)]


def test_one_process_sweeps_at_a_time(crowd: House):
    """The others have nothing to wait for."""
    crowd.plan()
    crowd.change("DELETE FROM procrastinate_jobs")
    with crowd.engine.begin() as other:
        alone = is_alone(other, Alone.SWEEP)
        beside = sweep(crowd.installation)
    after = sweep(crowd.installation)

    assert alone
    assert (beside, after) == (Swept(), Swept(asked=1))


def test_the_tables_of_jobs_are_made_once(crowd: House):
    """`digest init` again changes nothing."""
    before = crowd.rows("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")
    with crowd.engine.begin() as connection:
        add_tables(connection)
    after = crowd.rows("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")

    assert before == after
    assert str(before[0][0]).endswith(".sql")
