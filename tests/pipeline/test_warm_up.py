"""A new sender: sending keeps to a day's share, and nobody is lost for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from digest.delivery.warm_up import WarmUpPlan
from digest.pipeline.delivering import warm_up
from digest.pipeline.delivering.dispatch import dispatch
from digest.pipeline.delivering.warm_up import warm_up_shares
from tests.house import MONDAY, House
from tests.sink import Sink


@pytest.fixture(autouse=True)
def two_on_the_first_day(monkeypatch):
    """Let a provider have two mails on the first day, and four on the second."""
    monkeypatch.setattr(warm_up, "shipped_plan", lambda: WarmUpPlan(2, 2.0, 5))


def send(house: House, sink: Sink) -> None:
    house.plan()
    dispatch(house.installation, replace(house.sending(sink), warm_up_from=MONDAY.date()))


def recipients(sink: Sink) -> list[str]:
    return sorted(each.recipient for each in sink.mails)


def test_a_day_has_its_share_and_the_next_one_more(house: House, sink: Sink):
    """Each process counts what was tried before it; on the second day those who waited have what they missed."""
    house.newsletter()
    house.readers([{"email": f"r{n}@gmail.com", "topics": "trade"} for n in range(4)])
    house.reader("ann@example.org")
    house.article()
    house.move(hours=1)
    send(house, sink)
    send(house, sink)
    first = recipients(sink)
    assert len(first) == 3
    assert "ann@example.org" in first

    house.move(days=1)
    house.article()
    send(house, sink)

    assert {each for each in recipients(sink) if "gmail" in each} == {f"r{n}@gmail.com" for n in range(4)}
    waiting = set(recipients(sink)) - set(first)
    texts = [each.text for each in sink.mails if each.recipient in waiting]
    assert all("Tariff story 1" in text and "Tariff story 2" in text for text in texts)


@pytest.mark.sqlite
def test_the_plan_tells_readers_and_what_was_tried(house: House, sink: Sink):
    """The provider with most readers first."""
    house.newsletter()
    house.readers([{"email": f"r{n}@gmail.com", "topics": "trade"} for n in range(3)])
    house.reader("ann@example.org")
    house.article()
    house.move(hours=1)
    send(house, sink)

    google, other = warm_up_shares(house.installation, MONDAY.date())

    assert (google.group, google.readers, google.tried, google.most) == ("google", 3, 2, 2)
    assert google.whole_from == MONDAY.date() + timedelta(days=1)
    assert (other.group, other.tried) == ("example.org", 1)
