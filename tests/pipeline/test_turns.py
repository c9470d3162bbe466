"""A provider that says we are too fast gets one mail at a time; its readers wait a moment, the others do not."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta

from digest.delivery.groups import grouping, load_providers
from digest.delivery.throttle import Throttle
from digest.model.delivery import DeliveryState
from digest.pipeline.delivering.dispatch import dispatch
from digest.store.tables import to_micros
from tests.house import MONDAY, House
from tests.sink import Do, Mail, Sink


class Running:
    """A clock that runs, from Monday on."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def now(self) -> datetime:
        return MONDAY + timedelta(seconds=time.monotonic() - self._since)


def throttle(**rates: float) -> Throttle:
    return Throttle(grouping(load_providers()), rates)


def readers_at(house: House, domain: str, count: int) -> None:
    house.readers([{"email": f"reader{number}@{domain}", "topics": "trade"} for number in range(count)])


def test_a_provider_that_says_too_fast_gets_one_mail_at_a_time_and_nobody_else_waits(house: House, sink: Sink):
    """Only the reader of whom it was said is deferred; each other one is sent, without an attempt in vain."""
    at_once: set[str] = set()
    widths: list[int] = []
    sink.later = "421 4.7.28 Gmail has detected an unusual rate of email"

    def script(recipient: str, number: int) -> Do:
        if recipient == "reader0@gmail.com":
            widths.clear()
            return Do.LATER
        if "gmail" in recipient:
            at_once.add(recipient)
            widths.append(len(at_once))
        return Do.TAKE

    def on_mail(mail: Mail) -> None:
        at_once.discard(mail.recipient)

    sink.script, sink.on_mail = script, on_mail
    readers_at(house, "gmail.com", 12)
    readers_at(house, "example.org", 12)
    house.article("trade")
    house.plan()
    how = replace(house.sending(sink, 4), throttle=throttle())
    done = dispatch(replace(house.installation, clock=Running()), how)

    assert done.states == {DeliveryState.SENT: 23, DeliveryState.DEFERRED: 1}
    assert max(widths[4:]) == 1
    assert house.rows("SELECT MAX(attempt_no), COUNT(*) FROM attempts") == [(1, 24)]
    assert "google" in how.throttle.limited


def test_a_rate_that_was_set_is_kept_and_all_are_sent(house: House, sink: Sink):
    """Forty a second for one provider; the run lasts until the last one's turn."""
    began = time.monotonic()
    when: list[float] = []
    sink.on_mail = lambda mail: when.append(time.monotonic() - began)
    readers_at(house, "gmail.com", 20)
    house.article("trade")
    house.plan()
    done = dispatch(
        replace(house.installation, clock=Running()), replace(house.sending(sink, 4), throttle=throttle(google=40.0))
    )

    assert done.states == {DeliveryState.SENT: 20}
    # The first one may have come late; without the rate all would be there in a twentieth of a second.
    assert when[-1] - when[0] >= (20 - 5) / 40 - 0.1


def test_a_provider_that_must_be_left_alone_ends_the_run_and_its_readers_stay_ready(house: House, sink: Sink):
    """Ten minutes are too long to wait for: the next run finds them, and no attempt has counted."""
    how = replace(house.sending(sink), throttle=throttle())
    for _ in range(2):
        how.throttle.slow("reader@gmail.com", time.monotonic(), [])
    readers_at(house, "googlemail.com", 3)
    readers_at(house, "example.org", 3)
    house.article("trade")
    house.plan()
    done = dispatch(replace(house.installation, clock=Running()), how)

    assert done.states == {DeliveryState.SENT: 3}
    assert (
        house.rows("SELECT state, attempt_no, lease_until IS NULL FROM deliveries WHERE address LIKE '%googlemail.com'")
        == [("ready", 0, 1)] * 3
    )
    ((first,),) = house.rows("SELECT MIN(next_attempt_at) FROM deliveries WHERE state = 'ready'")
    assert first >= to_micros(MONDAY + timedelta(minutes=9))


def test_while_nothing_is_slowed_nothing_is_asked(house: House, sink: Sink, monkeypatch):
    """The hot path stays as it was."""

    def asked(*_: object) -> float:
        raise AssertionError("somebody asked")

    monkeypatch.setattr(Throttle, "hold", asked)
    monkeypatch.setattr(Throttle, "finished", asked)
    readers_at(house, "gmail.com", 3)
    house.article("trade")

    assert house.send(sink).states == {DeliveryState.SENT: 3}
