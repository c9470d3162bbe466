"""A sender of events that is killed (-9) in the middle of its work, on both databases."""

from __future__ import annotations

import signal
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.model.stream import WindowKind, WindowPolicy
from tests.house import House
from tests.pipeline.happenings import add, event, fates, stream, tick
from tests.pipeline.test_crash import CONNECTIONS, Running
from tests.sink import Mail, Sink

READERS = 24


@pytest.fixture
def crowd(tmp_path: Path, database: str) -> Iterator[House]:
    """Give a stream on the machine's own clock with one event for each of its readers."""
    house = House(tmp_path, database, clock=FixedClock(datetime.now(UTC) - timedelta(minutes=5)))
    stream(house, WindowPolicy(WindowKind.INSTANT))
    house.readers([{"email": f"r{n}@example.org"} for n in range(READERS)], "comments")
    add(house, *(event(f"k{n}", f"r{n}@example.org") for n in range(READERS)))
    yield house
    house.engine.dispose()


def test_a_sender_of_events_that_is_killed_loses_none_and_repeats_the_same_bytes(crowd: House, sink: Sink) -> None:
    """C3, C4: what was planned goes with its Message-ID; a mail that was taken, and not on record, once more at most."""
    reached = threading.Event()

    def kill_at(_mail: Mail) -> None:
        if len(sink.mails) == 8:
            first.send_signal(signal.SIGKILL)
            reached.set()

    sink.on_mail = kill_at
    first = Running(crowd, sink, "send", "comments")
    assert reached.wait(60), first.told()
    first.wait(10)
    planned = dict(crowd.rows("SELECT address, id FROM deliveries"))
    sink.on_mail = lambda _mail: None
    crowd.clock.at = datetime.now(UTC) + timedelta(minutes=11)
    tick(crowd)
    crowd.dispatch(sink)
    crowd.dispatch(sink)

    copies: defaultdict[str, list[Mail]] = defaultdict(list)
    for mail in sink.mails:
        copies[mail.recipient].append(mail)
    twice = [mails for mails in copies.values() if len(mails) > 1]

    assert len(copies) == len(planned) == READERS
    assert len(twice) <= CONNECTIONS
    assert all(len(mails) == 2 and mails[0].content == mails[1].content for mails in twice)
    assert Counter(fates(crowd).values()) == {"sent": READERS}
    assert dict(crowd.rows("SELECT address, id FROM deliveries")) == planned


def test_who_came_to_a_stream_twice_gets_one_mail(crowd: House, sink: Sink) -> None:
    """C13: by a second list, with another spelling of the address."""
    crowd.readers([{"email": "R0@Example.org"}], "comments")
    tick(crowd)
    crowd.dispatch(sink)

    assert Counter(mail.recipient.lower() for mail in sink.mails)["r0@example.org"] == 1
    assert len(sink.mails) == READERS
