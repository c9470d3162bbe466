"""The log is kept for as long as it was set, and what mail rests on is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from digest.pipeline.delivering.retain import drop_old
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.evidence import evidence_of
from tests.house import House
from tests.sink import Sink

ANN = "ann@example.net"


@pytest.fixture
def old(house: House, sink: Sink) -> House:
    """Give a house that sent Ann a mail a hundred days ago, and one today."""
    house.reader(ANN)
    house.article(title="Tariff truce")
    house.move(hours=2)
    house.send(sink)
    house.move(days=100)
    house.article(title="Tariff talks")
    house.send(sink)
    return house


def keeping(house: House, days: int) -> Installation:
    return replace(house.installation, keep_log=timedelta(days=days))


def test_what_is_older_than_it_is_kept_for_goes(old: House):
    """With its attempts; consents, histories and newer mails stay, and it is done once."""
    history = old.history(ANN)
    house = keeping(old, 90)

    dropped = [drop_old(house), drop_old(house)]

    found = evidence_of(house, ANN)
    assert dropped == [1, 0]
    assert [each["title"] for each in found["shown"]] == ["Tariff talks"]
    assert (old.history(ANN), found["handling"]["log_kept"]) == (history, "for 90 days")
    assert found["consents"]
    assert old.rows("SELECT COUNT(*) FROM attempts") == [(1,)]


@pytest.mark.sqlite
def test_nothing_goes_that_is_young_enough_or_when_nothing_is_set(old: House):
    """The default is: until a reader is erased."""
    assert [drop_old(old.installation), drop_old(keeping(old, 101))] == [0, 0]


@pytest.mark.sqlite
def test_what_may_still_move_and_the_last_number_stay(house: House, sink: Sink):
    """A mail that is to be tried again is not forgotten; and no new mail gets the number of an old one."""
    house.reader(ANN)
    house.article()
    house.move(hours=2)
    house.send(sink)
    house.move(days=100)

    assert drop_old(keeping(house, 90)) == 0
    house.article()
    house.send(sink)
    house.change("UPDATE deliveries SET state = 'deferred' WHERE id = (SELECT MIN(id) FROM deliveries)")
    assert drop_old(keeping(house, 90)) == 0


@pytest.mark.sqlite
def test_after_the_log_was_shortened_sending_goes_on(old: House, sink: Sink):
    """Whoever has had a story is not told it again; the old edition is not sent once more."""
    drop_old(keeping(old, 90))
    sink.clear()

    old.send(sink)
    assert sink.mails == []
    old.move(days=1)
    old.article(title="Tariff end")
    old.send(sink)
    assert [each.recipient for each in sink.mails] == [ANN]
