"""Several workers on one database: each row is sent by one of them, and no mailbox gets two mails at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import event, text

from digest.delivery.journal import Journal
from digest.delivery.records import Key
from digest.model.article import Article, ArticleState, Section
from digest.model.delivery import Attempt, Outcome, Phase, Reply
from digest.pipeline.delivering import dispatch as sender
from digest.pipeline.delivering import leases
from digest.pipeline.delivering.dispatch import dispatch
from digest.pipeline.delivering.recover import recover
from digest.store import dispatching
from digest.store.articles import save_article, set_state
from digest.store.cohorts import live_among
from digest.store.dispatching import Claim
from digest.store.engine import Exchange
from tests.house import House
from tests.sink import Sink

ANNA = "anna@example.org"
LEASE = timedelta(minutes=1)
READERS = 40
pytestmark = pytest.mark.postgres  # SQLite has one sender at a time


def crowd(house: House) -> None:
    """Plan two newsletters for many readers, so that each mailbox has two mails that wait."""
    house.newsletter("weekly")
    for newsletter, topics in (("daily", "trade"), ("weekly", "energy")):
        house.readers([{"email": f"r{n}@example.org", "topics": topics} for n in range(READERS)], newsletter)
    house.article("trade")
    house.article("energy")


def claims_of(house: House, ledger: Exchange, worker: str, limit: int = 7) -> list[Claim]:
    now = house.clock.now()
    return dispatching.claim(ledger, worker=worker, newsletter_id=None, limit=limit, now=now, lease_until=now + LEASE)


def test_a_claim_leaves_out_what_another_worker_claims_at_this_moment(house: House):
    """Neither waits for the other, and both get as much as they have room for."""
    crowd(house)
    house.plan("daily")
    one, other = Exchange(house.engine), Exchange(house.engine)
    with one.begin(), other.begin():
        first, second = claims_of(house, one, "one"), claims_of(house, other, "other")
    one.close()
    other.close()

    assert len(first) == len(second) == 7
    assert {each.delivery_id for each in first}.isdisjoint(each.delivery_id for each in second)


def test_a_mailbox_whose_mail_was_claimed_since_one_looked_gets_no_second_one(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    """The first look is as old as its beginning: the other worker's claim was committed after that."""
    house.newsletter("weekly")
    for newsletter in ("daily", "weekly"):
        house.reader(ANNA, newsletter)
    house.article("trade")
    house.plan("daily")
    house.change(
        "INSERT INTO editions (newsletter_id, period, state, created_at)"
        " SELECT id, 'another', 'open', 0 FROM newsletters WHERE slug = 'weekly'"
    )
    house.change(
        "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, digest_id, state, address,"
        " planned_at, next_attempt_at) SELECT e.id, d.subscriber_id, d.subscription_id, d.slot_at, d.digest_id,"
        " 'ready', d.address, d.planned_at, d.next_attempt_at FROM deliveries d, editions e WHERE e.id <> d.edition_id"
    )
    one, other = Exchange(house.engine), Exchange(house.engine)
    (claim,) = one.transact(lambda it: claims_of(house, it, "one"))
    both = house.rows("SELECT id FROM deliveries")
    monkeypatch.setattr(dispatching._HOLD[False], "rows", lambda *_: both)
    late = other.transact(lambda it: claims_of(house, it, "other"))
    one.close()
    other.close()

    assert len(both) == 2
    assert late == []
    assert house.rows("SELECT id FROM deliveries WHERE state = 'claimed'") == [(claim.delivery_id,)]


def test_two_that_plan_one_slot_at_once_count_each_row_once(house: House):
    """The other one was quicker, between one's look at who is due and one's writing: one wrote nothing."""
    house.reader(ANNA)
    house.article("trade")
    planned: list[int] = []

    def quicker(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "INSERT INTO deliveries" in statement and "lined_up" in statement and not planned:
            planned.append(0)
            planned.append(house.plan().ready)

    event.listen(house.engine, "before_cursor_execute", quicker)
    planned.append(house.plan().ready)
    event.remove(house.engine, "before_cursor_execute", quicker)

    assert planned == [0, 1, 0]
    assert len(house.log()) == 1


def test_two_workers_send_each_mail_once(house: House, sink: Sink):
    """And each mailbox gets its two newsletters one after the other."""
    crowd(house)
    house.plan("daily")
    house.plan("weekly")
    workers = [threading.Thread(target=house.dispatch, args=(sink,)) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()

    got = sorted(mail.recipient for mail in sink.mails)
    assert [len(list(group)) for _, group in groupby(got)] == [2] * READERS
    assert set(house.rows("SELECT DISTINCT state FROM deliveries")) == {("sent",)}


def test_what_a_silent_worker_claimed_is_taken_back_only_when_its_lease_is_over(house: House):
    """Its journal is on another machine, so how far it got nobody here can say."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()
    ledger = Exchange(house.engine)
    ledger.transact(lambda it: claims_of(house, it, "far-away"))
    ledger.close()
    house.move(seconds=59)
    early = recover(house.installation), house.states()
    house.move(seconds=2)
    late = recover(house.installation), house.states()

    assert early == (0, {ANNA: "claimed"})
    assert late == (1, {ANNA: "in_doubt"})


@contextmanager
def frozen_in_mid_reply(house: House) -> Iterator[tuple[Journal, Key]]:
    """Give the journal of a sender that stopped after the end of ANNA's mail, and the mail's key; a minute passes."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()
    ledger = Exchange(house.engine)
    (claim,) = ledger.transact(lambda it: claims_of(house, it, "frozen"))
    ledger.close()
    house.installation.state_folder.mkdir(parents=True, exist_ok=True)
    with closing(Journal(house.installation.state_folder, "frozen", clock=house.clock)) as journal:
        key = Key(claim.delivery_id, claim.attempt_no, claim.token)
        journal.about_to_complete(key)
        house.move(seconds=61)
        yield journal, key


def test_what_a_frozen_sender_has_on_the_wire_waits_as_long_as_its_reply_may_take(house: House, sink: Sink):
    """Its journal is here and locked: it is not known to be dead, and the server may still take the mail."""
    with frozen_in_mid_reply(house):
        house.dispatch(sink)
        house.move(minutes=9, seconds=59)
        house.dispatch(sink)
        early = len(sink.mails), house.states()
        house.move(seconds=1)
        house.dispatch(sink)

    assert early == (0, {ANNA: "in_doubt"})
    assert (len(sink.mails), house.states()) == (1, {ANNA: "sent"})


def test_a_yes_that_a_sender_wrote_down_after_its_lease_holds_though_it_died_then(house: House, sink: Sink):
    """It thawed, got its reply, and ended before the database knew."""
    with frozen_in_mid_reply(house) as (journal, key):
        recover(house.installation)
        before = house.states()
        now = house.clock.now()
        journal.finished(
            key, Attempt(key.delivery_id, Outcome.SENT, Phase.DOT, Reply(250, "", "ok"), "mx:25", now, now)
        )
    recover(house.installation)
    house.move(minutes=11)
    house.dispatch(sink)

    assert before == {ANNA: "in_doubt"}
    assert (sink.mails, house.states()) == ([], {ANNA: "sent"})


def test_a_sender_that_was_held_up_shows_that_it_lives_before_it_claims_more(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """Else it refuses what it has claimed, and claims it again, and never comes to the point of renewing."""
    exchanges = 0

    def hold_up(_results: int) -> None:
        nonlocal exchanges
        exchanges += 1
        assert exchanges < 200, "it goes round in circles"
        if exchanges == 3:
            time.sleep(0.3)

    monkeypatch.setattr(leases, "_RENEW", 0.1)
    monkeypatch.setattr(leases, "_FENCE", 0.2)
    monkeypatch.setattr(sender, "_LOOK_FOR_STOPS", 0.1)
    sink.offer += ("CHUNKING",)
    house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(READERS)])
    house.article("trade")
    house.plan()
    dispatch(house.installation, house.sending(sink), progress=hold_up)

    assert len(sink.mails) == READERS
    assert set(house.states().values()) == {"sent"}


def test_a_worker_that_lives_keeps_what_it_claimed(house: House):
    """It renews its lease while it waits for a slow server."""
    house.reader(ANNA)
    house.article("trade")
    house.plan()
    ledger = Exchange(house.engine)
    (claim,) = ledger.transact(lambda it: claims_of(house, it, "slow"))
    ledger.close()
    house.move(seconds=50)
    with house.engine.begin() as connection:
        held = dispatching.renew(connection, "slow", house.clock.now() + LEASE)
        others = dispatching.renew(connection, "other", house.clock.now() + LEASE)
    house.move(seconds=50)

    assert (held, others) == ({claim.delivery_id}, frozenset())
    assert recover(house.installation) == 0


def at_once(*works: Callable[[], object]) -> None:
    """Do all of *works* at the same time; raises what one of them raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        for each in [pool.submit(work) for work in works]:
            each.result()


def test_two_that_visit_one_source_at_the_same_time_make_no_second_story(house: House):
    """The article has no address by which the database would know it again."""
    one = Article("Tariff talks", deck="What was said.", sections=(Section("", ("A paragraph. " * 20,)),))

    def collect() -> None:
        with house.engine.begin() as connection:
            save_article(connection, one, source="world", now=house.clock.now())
            time.sleep(0.05)

    at_once(*[collect] * 4)

    assert house.rows("SELECT COUNT(*) FROM articles") == [(1,)]


def test_two_imports_of_one_file_at_the_same_time_add_each_reader_once(house: House):
    """Two editors press the same button."""
    rows = [{"email": f"r{n}@example.org", "topics": "trade", "timezone": "Asia/Seoul"} for n in range(300)]

    at_once(*[lambda: house.readers(rows)] * 3)

    assert house.rows("SELECT (SELECT COUNT(*) FROM subscribers), (SELECT COUNT(*) FROM subscriptions)") == [(300, 300)]


def test_ten_schedulers_plan_a_slot_once(house: House):
    """Whoever is second finds the rows there."""
    crowd(house)

    at_once(*[lambda: house.plan("daily")] * 10)

    assert house.rows("SELECT COUNT(*), COUNT(DISTINCT subscriber_id) FROM deliveries") == [(READERS, READERS)]


def test_a_withdrawal_waits_for_what_is_being_written_and_finds_it(house: House):
    """Else a mail with that article would be written behind its back."""
    article_id = house.article("trade")
    with house.engine.begin() as planning:
        revision_id = planning.execute(text("SELECT revision_id FROM articles")).scalar_one()
        assert live_among(planning, [revision_id])
        with ThreadPoolExecutor(1) as pool:
            withdrawal = pool.submit(withdraw, house, article_id)
            time.sleep(0.2)
            early = withdrawal.done()
            planning.commit()
            withdrawal.result()

    assert not early
    assert house.rows("SELECT state FROM articles") == [("withdrawn",)]


def withdraw(house: House, article_id: int) -> None:
    with house.engine.begin() as connection:
        set_state(connection, article_id, ArticleState.WITHDRAWN, now=house.clock.now())
