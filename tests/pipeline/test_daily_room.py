"""One cap a day over everything: newsletters come at their hour, mail of events takes the room they leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.model.newsletter import Schedule
from digest.model.stream import WindowKind, WindowPolicy
from digest.pipeline.planning.plan import Who
from digest.scheduling.reader_rules import ReaderRules
from digest.store.reader_rules import save_rules
from tests.house import MONDAY, House
from tests.pipeline.happenings import add, event, fates, stream, tick
from tests.sink import Sink

ANA = "ana@example.org"


@pytest.fixture
def capped(house: House) -> House:
    """Give an instant stream and a newsletter, both Ana's, who wants one mail a day."""
    stream(house, WindowPolicy(WindowKind.INSTANT))
    house.reader(ANA, "comments", topics="")
    with house.engine.begin() as connection:
        save_rules(connection, 1, ReaderRules(daily_cap=1))
    return house


def hour(house: House, sink: Sink) -> list[str]:
    """Do what the tick does; return the subjects that came by now."""
    for slug in ("comments", "daily"):
        house.plan(slug, Who.DUE)
    house.dispatch(sink)
    return [str(mail.parsed["Subject"]) for mail in sink.mails]


def test_an_event_leaves_room_for_the_newsletter_that_is_still_to_come(capped: House, sink: Sink) -> None:
    """A weekly newsletter, on Monday at 07:00; the event of an hour before goes on Tuesday."""
    capped.newsletter("daily", schedule=Schedule(days=(0,)))
    capped.reader(ANA)
    capped.article("trade", "Steel tariffs")
    add(capped, event("a"))
    counts = [len(hour(capped, sink))]
    capped.move(hours=1)
    counts.append(len(hour(capped, sink)))
    capped.clock.at = MONDAY + timedelta(hours=17, minutes=59)
    counts.append(len(hour(capped, sink)))
    capped.move(minutes=1)
    subjects = hour(capped, sink)

    assert counts == [0, 1, 1]
    assert subjects == ["Steel tariffs", "Ben commented on Tea"]


def test_a_newsletter_with_nothing_new_leaves_its_place_on_the_same_day(capped: House, sink: Sink) -> None:
    """As soon as that is known."""
    capped.newsletter("daily", schedule=Schedule(days=(0,)))
    capped.reader(ANA)
    add(capped, event("a"))
    counts = [len(hour(capped, sink))]
    capped.move(hours=1)
    counts.append(len(hour(capped, sink)))
    capped.move(minutes=5)
    counts.append(len(hour(capped, sink)))

    assert counts == [0, 0, 1]


def test_newsletters_that_fill_every_day_do_not_hold_events_for_ever(capped: House, sink: Sink) -> None:
    """A cap delays and never drops: after a week the events go beside them, gathered in one mail."""
    capped.newsletter("daily")
    capped.reader(ANA)
    days = []
    for day in range(9):
        capped.clock.at = MONDAY + timedelta(days=day)
        capped.article("trade")
        add(capped, event(f"k{day}", on=f"thing{day}"))
        hour(capped, sink)
        capped.move(hours=1)
        hour(capped, sink)
        days.append(len(sink.mails))
        sink.clear()

    assert days == [1, 1, 1, 1, 1, 1, 1, 2, 1]
    found = list(fates(capped).values())
    assert (found[:7], found[7:]) == (["sent"] * 7, ["pending"] * 2)


def test_mails_of_newsletters_count_and_those_that_were_skipped_do_not(capped: House, sink: Sink) -> None:
    """Events of the afternoon, after the newsletter of the morning."""
    capped.newsletter("daily", schedule=Schedule(days=(0, 1)))
    capped.reader(ANA)
    capped.article("trade")
    capped.move(hours=1)
    hour(capped, sink)
    capped.move(hours=8)
    add(capped, event("a"))
    tick(capped)
    monday = fates(capped)["a"]
    capped.move(days=1, hours=-8)
    hour(capped, sink)
    capped.move(hours=1)
    hour(capped, sink)

    assert monday == "pending"
    assert fates(capped)["a"] == "sent"
    assert len(sink.mails) == 2
