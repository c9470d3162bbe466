"""Several mail servers in a whole sending: a mail is the same whichever takes it, and the log names who did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from digest.model.delivery import DeliveryState
from digest.pipeline.delivering.dispatch import dispatch
from digest.settings.relay import Relay
from tests.house import House
from tests.sink import Do, Sink


@pytest.fixture
def second() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def relay_at(port: int) -> Relay:
    return Relay("127.0.0.1", port, implicit_tls=False, starttls=False)


def test_each_reader_has_one_copy_and_the_log_names_the_server(house: House, sink: Sink, second: Sink):
    """Both take their share."""
    house.readers([{"email": f"reader{number}@example.org", "topics": "trade"} for number in range(30)])
    house.article("trade")
    house.plan()
    how = replace(house.sending(sink, 4), others=(relay_at(second.port),), breakers=[])
    done = dispatch(house.installation, how)

    assert done.states == {DeliveryState.SENT: 30}
    assert len({mail.recipient for mail in (*sink.mails, *second.mails)}) == 30
    named = dict(house.rows("SELECT server, COUNT(*) FROM attempts GROUP BY server"))
    assert named == {f"127.0.0.1:{each.port}": len(each.mails) for each in (sink, second)}
    assert all(named.values())


@pytest.mark.parametrize("connections", [2, 5])
def test_what_a_server_that_is_away_cannot_take_the_other_takes(house: House, sink: Sink, connections: int):
    """However few the mails are; no attempt was in vain."""
    house.readers([{"email": f"reader{number}@example.org", "topics": "trade"} for number in range(3)])
    house.article("trade")
    house.plan()
    how = replace(house.sending(sink, connections), relay=relay_at(1), others=(relay_at(sink.port),), breakers=[])
    done = dispatch(house.installation, how)

    assert (done.states, done.stopped_by) == ({DeliveryState.SENT: 3}, "")
    assert house.rows("SELECT COUNT(*) FROM attempts") == [(3,)]


def test_a_second_try_by_another_server_is_the_same_message(house: House, sink: Sink, second: Sink):
    """Message-ID and bytes do not depend on the way."""
    sink.script = lambda recipient, number: Do.LOSE_REPLY
    house.reader("anna@example.org")
    house.article("trade")
    house.send(sink)
    house.move(minutes=11)
    house.dispatch(second)

    assert [mail.content for mail in second.mails] == [mail.content for mail in sink.mails]
    assert not re.search(rb":%d\b" % sink.port, sink.mails[0].content)
