"""People who pause, resume and leave while mail goes out, and articles that come late: again and again."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from digest.model.article import Article, Section
from digest.pipeline.planning.hold_edition import pause_edition, resume_edition
from digest.pipeline.planning.plan import Who
from digest.store.articles import save_article
from tests.conftest import BOTH
from tests.faults.story import TIMES, planned
from tests.house import House
from tests.sink import Mail, Sink

ON_BOTH = pytest.mark.parametrize("database", BOTH, indirect=True)
CONNECTIONS = 2
TURNS = 3 * TIMES
BOUND = 0.6  # seconds: the stop set is half a second old at most


@ON_BOTH
def test_an_edition_paused_and_resumed_again_and_again_goes_to_everybody_once(
    tmp_path: Path, database: str, sink: Sink
):
    """Q12: nothing begins once the bound has passed; each resumption sends exactly the rest."""
    house = planned(tmp_path, database, 150 * TIMES)
    ((period,),) = house.rows("SELECT period FROM editions")
    name, late, reached = f"daily/{period}", list[int](), threading.Event()

    def slowly(_mail: Mail) -> None:
        time.sleep(0.01)
        if len(sink.mails) % 20 == 0:
            reached.set()

    def hold() -> None:
        reached.wait(20)
        pause_edition(house.installation, name)
        time.sleep(BOUND)
        before = len(sink.mails)
        time.sleep(0.1)
        late.append(len(sink.mails) - before)

    sink.on_mail = slowly
    for _ in range(TURNS):
        reached.clear()
        holding = threading.Thread(target=hold)
        holding.start()
        house.dispatch(sink, connections=CONNECTIONS)
        holding.join(20)
        resume_edition(house.installation, name)
    house.dispatch(sink, connections=CONNECTIONS)
    states = house.states()
    house.engine.dispose()

    assert late == [0] * TURNS
    assert Counter(mail.recipient for mail in sink.mails) == dict.fromkeys(states, 1)
    assert set(states.values()) == {"sent"}


@ON_BOTH
def test_readers_who_leave_one_after_the_other_while_it_goes_out_get_nothing_that_began_later(
    tmp_path: Path, database: str, sink: Sink
):
    """Q13: from the last to the first; what was begun before the bound had passed may still come."""
    house = planned(tmp_path, database, 150)
    left_at: dict[str, float] = {}
    came_at: dict[str, float] = {}

    def slowly(mail: Mail) -> None:
        came_at[mail.recipient] = time.monotonic()
        time.sleep(0.01)

    def leaving() -> None:
        for number in range(149, 75, -5):
            who = f"r{number:03}@example.org"
            house.leave(who)
            left_at[who] = time.monotonic()
            time.sleep(0.05)

    sink.on_mail = slowly
    thread = threading.Thread(target=leaving)
    thread.start()
    house.dispatch(sink, connections=CONNECTIONS)
    thread.join(20)
    house.dispatch(sink, connections=CONNECTIONS)
    states = house.states()
    house.engine.dispose()

    stayed = set(states) - set(left_at)
    assert {who for who in left_at if who in came_at and came_at[who] > left_at[who] + BOUND} == set()
    assert {states[who] for who in set(left_at) - set(came_at)} == {"skipped(unsubscribed)"}
    assert stayed <= set(came_at)
    assert max(Counter(mail.recipient for mail in sink.mails).values()) == 1


@pytest.mark.postgres
def test_an_article_whose_transaction_ends_after_the_next_edition_comes_once(tmp_path: Path, database: str, sink: Sink):
    """Q15: its number is lower than those that were sent meanwhile, and still it is in the edition after."""
    house = House(tmp_path, database)
    house.newsletter("daily")
    house.reader("anna@example.org")
    late = Article(
        title="Tariff story that took long",
        url="https://press.example.net/late",
        language="en",
        sections=(Section("", ("A paragraph about the tariff.",)),),
    )
    house.move(hours=1)  # it is seven o'clock
    with house.engine.connect() as slow:
        began = slow.begin()
        number, _ = save_article(slow, late, source="", now=house.clock.now() - timedelta(minutes=1))
        # Others add articles one at a time, so it is a reader's edition that overtakes it.
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        first = len(sink.mails)
        began.commit()
    later = house.article("trade")
    for _ in range(3):
        house.move(days=1)
        house.plan(who=Who.DUE)
        house.dispatch(sink)
    told = [mail.html for mail in sink.mails]
    house.engine.dispose()

    assert first == 0
    assert number < later
    assert sum(late.title in html for html in told) == 1
