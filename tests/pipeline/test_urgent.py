"""Urgent mail overtakes a long sending."""

from __future__ import annotations

import time

from tests.house import House
from tests.sink import Do, Mail, Sink

WAITS = "waits@example.org"


def test_a_mail_that_somebody_waits_for_overtakes_the_rest_of_a_sending(house: House, sink: Sink):
    """Planned after ten mails had gone, it comes after what was in hand: two for each connection."""
    house.newsletter("welcome", urgent=True)
    house.newsletter("daily")
    house.readers([{"email": f"reader{number}@example.org", "topics": "trade"} for number in range(50)])
    house.reader(WAITS, "welcome")
    house.article("trade")
    house.plan("daily")
    planned: list[int] = []

    def on_mail(mail: Mail) -> None:
        time.sleep(0.05)  # with a server that takes its time; with a quick one more is in hand
        if len(sink.mails) == 10 and not planned:
            planned.append(house.plan("welcome").ready)

    sink.on_mail = on_mail
    house.dispatch(sink, connections=2)
    order = [mail.recipient for mail in sink.mails]

    assert (len(order), planned) == (51, [1])
    assert 10 <= order.index(WAITS) <= 10 + 3 * 2 * 2


def test_an_urgent_mail_that_is_put_off_waits_like_any_other(house: House, sink: Sink):
    """Its server asked for that; nobody is hurried twice."""
    house.newsletter("welcome", urgent=True)
    house.reader(WAITS, "welcome")
    house.article("trade")
    sink.script = lambda recipient, number: Do.LATER if number == 1 else Do.TAKE
    house.send(sink, "welcome")
    at_once = len(sink.mails)
    house.move(minutes=40)
    house.dispatch(sink)

    assert (at_once, len(sink.mails)) == (0, 1)
