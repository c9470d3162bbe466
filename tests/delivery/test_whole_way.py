"""From plan to mail server over CHUNKING and DSN: what readers get, and what the record says."""

from __future__ import annotations

import re

from digest.model.delivery import DeliveryState
from tests.house import House
from tests.sink import Do, Sink

EVERYTHING = ("PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "SIZE 50000000")
READERS = [f"reader{n}@example.org" for n in range(12)]


def of_all(house: House, sink: Sink) -> None:
    sink.offer = EVERYTHING
    for reader in READERS:
        house.reader(reader)
    house.article("trade")


def test_every_reader_gets_one_mail_and_the_refused_one_is_known(house: House, sink: Sink):
    """Content that goes ahead of RCPT's reply is nobody's when that is no."""
    of_all(house, sink)
    sink.script = lambda recipient, number: Do.NEVER if recipient == READERS[7] else Do.TAKE
    done = house.send(sink)

    assert sorted(mail.recipient for mail in sink.mails) == sorted({*READERS} - {READERS[7]})
    assert done.states[DeliveryState.SENT] == 11
    assert done.states[DeliveryState.REFUSED] == 1


def test_a_mail_is_the_same_by_chunk_as_by_data(house: House, sink: Sink):
    """The first of a run goes by DATA, the others by BDAT: one form."""
    of_all(house, sink)
    house.send(sink)
    texts = {re.sub(r"reader\d+", "reader", mail.text.split("http")[0]) for mail in sink.mails}

    assert len(sink.mails) == 12
    assert len(texts) == 1
    assert all(mail.content.endswith(b"\r\n") and not mail.content.endswith(b".\r\n") for mail in sink.mails)


def test_a_report_can_be_matched_to_its_delivery(house: House, sink: Sink):
    """T20: one ENVID for each mail, and the address as the reader gave it."""
    of_all(house, sink)
    house.send(sink)
    names = [found[1] for line in sink.said if (found := re.search(r" RET=HDRS ENVID=(\S+)$", line))]
    addresses = [found[1] for line in sink.said if (found := re.search(r"NOTIFY=FAILURE ORCPT=rfc822;(\S+)$", line))]

    assert len(set(names)) == 12
    assert sorted(addresses) == sorted(READERS)


def test_a_lost_reply_to_a_chunk_comes_once_more_as_the_same_bytes(house: House, sink: Sink):
    """S1, S2: complete in one write, so the mark was made before it."""
    of_all(house, sink)
    sink.script = lambda recipient, number: Do.LOSE_REPLY if (recipient, number) == (READERS[5], 1) else Do.TAKE
    house.send(sink)
    at_first = house.states()[READERS[5]]
    house.move(minutes=11)
    house.dispatch(sink)
    first, second = sink.to(READERS[5])

    assert at_first == "in_doubt"
    assert (first.answered, second.answered) == (False, True)
    assert first.content == second.content
    assert set(house.states().values()) == {"sent"}
    assert len(sink.mails) == 13
