"""An edition that is paused, resumed or cancelled while it goes out."""

from __future__ import annotations

import threading
import time

import pytest

from digest.errors import BadInput, NotFound
from digest.pipeline.planning.hold_edition import cancel_edition, pause_edition, resume_edition
from digest.pipeline.planning.plan import Who
from tests.house import House
from tests.sink import Mail, Sink

READERS = 60
BOUND = 1.0  # seconds: the stop set is half a second old at most, and a message takes a few milliseconds


@pytest.fixture
def crowd(house: House) -> House:
    """Give an edition that is planned for many readers."""
    house.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(READERS)])
    house.article("trade")
    house.plan()
    return house


def edition(house: House) -> str:
    """Return the edition's name."""
    ((period,),) = house.rows("SELECT period FROM editions")
    return f"daily/{period}"


def test_a_paused_edition_sends_nothing_and_a_resumed_one_exactly_the_rest(crowd: House, sink: Sink):
    """Nobody gets it twice, nobody is left out."""
    name = edition(crowd)
    held = pause_edition(crowd.installation, name)
    crowd.dispatch(sink)
    while_paused = len(sink.mails)
    resumed = resume_edition(crowd.installation, name)
    crowd.dispatch(sink)

    assert (held.waiting, while_paused, resumed.waiting) == (READERS, 0, READERS)
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == READERS


def test_nothing_is_begun_once_the_bound_after_a_pause_has_passed(crowd: House, sink: Sink):
    """A pause in the midst of a run: what was in flight goes out, the rest waits, and goes out once later."""
    name, paused_at, came_at = edition(crowd), list[float](), list[float]()

    def slowly(mail: Mail) -> None:
        came_at.append(time.monotonic())
        time.sleep(0.05)
        if len(came_at) == 5:
            threading.Thread(target=pauses).start()

    def pauses() -> None:
        pause_edition(crowd.installation, name)
        paused_at.append(time.monotonic())

    sink.on_mail = slowly
    crowd.dispatch(sink)
    before = len(sink.mails)
    sink.on_mail = lambda mail: None
    crowd.dispatch(sink)
    still_paused = len(sink.mails)
    resume_edition(crowd.installation, name)
    crowd.dispatch(sink)

    assert 5 <= before == still_paused < READERS
    assert max(came_at) < paused_at[0] + BOUND
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == READERS


def test_who_comes_due_during_a_pause_is_planned_and_waits(house: House, sink: Sink):
    """Their hour is not lost: their mail goes out with the rest."""
    house.reader("anna@example.org")
    house.article("trade")
    house.plan()
    pause_edition(house.installation, edition(house))
    house.reader("late@example.org")
    house.plan()
    house.dispatch(sink)
    before = len(sink.mails)
    resume_edition(house.installation, edition(house))
    house.dispatch(sink)

    assert before == 0
    assert {mail.recipient for mail in sink.mails} == {"anna@example.org", "late@example.org"}


def test_readers_of_a_cancelled_edition_get_its_articles_later(house: House, sink: Sink):
    """The log has the reason; their history has not moved."""
    house.reader("anna@example.org")
    house.article("trade", "Tariff one")
    house.plan()
    held = cancel_edition(house.installation, edition(house))
    house.dispatch(sink)
    first = house.states()
    house.move(days=1)
    house.plan(who=Who.EVERYONE)
    house.dispatch(sink)

    assert held.waiting == 1
    assert list(first.values()) == ["skipped(cancelled)"]
    assert ["Tariff one" in mail.content.decode() for mail in sink.mails] == [True]


def test_what_cannot_be_held_says_why(crowd: House, sink: Sink):
    """A finished edition, one that is not paused, one that does not exist."""
    name = edition(crowd)
    with pytest.raises(BadInput, match="not paused"):
        resume_edition(crowd.installation, name)
    crowd.dispatch(sink)
    with pytest.raises(BadInput, match="finished"):
        pause_edition(crowd.installation, name)
    with pytest.raises(NotFound, match="no edition"):
        cancel_edition(crowd.installation, "daily/1999-01-01")
    with pytest.raises(NotFound, match="name one edition"):
        pause_edition(crowd.installation, "daily")
