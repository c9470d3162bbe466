"""Urgent mail overtakes a long sending."""

from __future__ import annotations

from digest.store.urgent import let_overtake
from tests.house import House
from tests.sink import Mail, Sink


def test_a_mail_that_somebody_waits_for_overtakes_the_rest_of_a_sending(house: House, sink: Sink):
    """Made urgent after ten mails, it comes after what was in hand: two for each connection."""
    house.newsletter("daily")
    house.newsletter("welcome")
    house.readers([{"email": f"reader{number}@example.org", "topics": "trade"} for number in range(80)])
    house.reader("waits@example.org", "welcome")
    house.article("trade")
    house.plan("daily")
    house.plan("welcome")
    ((urgent,),) = house.rows("SELECT id FROM deliveries WHERE address = 'waits@example.org'")
    moved: list[int] = []

    def on_mail(mail: Mail) -> None:
        if len(sink.mails) == 10 and not moved:
            with house.engine.begin() as connection:
                moved.append(let_overtake(connection, [urgent]))

    sink.on_mail = on_mail
    house.dispatch(sink, connections=2)
    order = [mail.recipient for mail in sink.mails]

    assert (len(order), moved) == (81, [1])
    assert 10 <= order.index("waits@example.org") <= 10 + 3 * 2 * 2


def test_what_has_been_sent_cannot_be_hurried(house: House, sink: Sink):
    """Nobody gets a second copy."""
    house.reader("waits@example.org")
    house.article("trade")
    house.send(sink)
    with house.engine.begin() as connection:
        moved = let_overtake(connection, [1])
    house.dispatch(sink)

    assert (moved, len(sink.mails)) == (0, 1)
