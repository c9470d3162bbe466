"""A sending that ends early: because nobody listens, or because somebody said so. What was not begun stays due."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from dataclasses import replace

import pytest

from digest.delivery.pool import Patience
from digest.model.delivery import DeliveryState
from digest.model.newsletter import InDoubt
from digest.pipeline.delivering.dispatch import dispatch
from tests.house import House
from tests.sink import Do, Mail, Sink

READERS = 60


@pytest.fixture
def crowd(house: House) -> House:
    """Give a planned edition for many readers."""
    house.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(READERS)])
    house.article("trade")
    house.plan()
    return house


def waiting(house: House) -> Counter[tuple[object, ...]]:
    """Return state, attempts so far, and whether it is due, of each row, counted."""
    return Counter(
        house.rows(
            "SELECT state, attempt_no, next_attempt_at <= :now FROM deliveries",
            now=int(house.clock.now().timestamp() * 1_000_000),
        )
    )


def test_mails_that_were_never_begun_are_due_at_once_and_no_attempt_is_counted(crowd: House, sink: Sink):
    """The server was away: the next send, without any wait, brings all of them, once."""
    with Sink() as gone:
        pass
    began = time.monotonic()
    done = crowd.dispatch(gone)
    took = time.monotonic() - began
    after, attempts = waiting(crowd), crowd.rows("SELECT COUNT(*) FROM attempts")
    crowd.dispatch(sink)

    assert took < 5
    assert f"127.0.0.1:{gone.port} is away (connect): Connection refused" in done.stopped_by
    assert after == {("ready", 0, 1): READERS}
    assert attempts == [(0,)]
    assert set(crowd.states().values()) == {"sent"}
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == READERS


def test_a_server_that_goes_away_in_mid_run_leaves_the_rest_due(crowd: House, sink: Sink):
    """It was waited for; those under way have their outcome, the others were not begun."""
    gone = Sink()
    gone.script = lambda recipient, number: Do.TAKE if len(gone.mails) < 20 else Do.DROP
    with gone:
        sending = crowd.sending(gone)

        def closes(mail: Mail) -> None:
            if len(gone.mails) == 20:
                gone._server.close()

        gone.on_mail = closes
        done = dispatch(crowd.installation, sending)
    after = waiting(crowd)
    crowd.dispatch(sink)

    assert done.away is not None
    assert after["sent", 1, None] == len(gone.mails)
    assert after["deferred", 1, 0] <= 2
    assert after["ready", 0, 1] == READERS - len(gone.mails) - after["deferred", 1, 0]
    assert len(sink.mails) == after["ready", 0, 1]
    assert not {mail.recipient for mail in sink.mails} & {mail.recipient for mail in gone.mails}


def test_a_sending_that_is_told_to_stop_waits_for_what_is_under_way_and_leaves_the_rest_due(crowd: House, sink: Sink):
    """Nothing in doubt, nothing deferred; the next sending sends exactly the rest."""
    heard: list[int] = []
    sink.on_mail = lambda mail: time.sleep(0.02)
    done = dispatch(
        crowd.installation, crowd.sending(sink, 3), stop=lambda: len(sink.mails) >= 12, on_stop=heard.append
    )
    first, after = len(sink.mails), waiting(crowd)
    left = list(crowd.installation.state_folder.glob("*.journal"))
    crowd.dispatch(sink)

    assert (done.interrupted, done.stopped_by, done.states[DeliveryState.SENT]) == (True, "told to stop", first)
    assert 12 <= first < READERS
    assert len(heard) == 1
    assert 0 <= heard[0] <= 3
    assert after == {("sent", 1, None): first, ("ready", 0, 1): READERS - first}
    assert left == []
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == READERS


def test_a_sending_that_is_told_to_stop_before_it_began_asks_no_server(crowd: House, sink: Sink):
    """Nothing is claimed either."""
    done = dispatch(crowd.installation, crowd.sending(sink), stop=lambda: True)

    assert done.interrupted
    assert (sink.connections, waiting(crowd)) == (0, {("ready", 0, 1): READERS})


def test_a_sending_that_waits_for_a_server_stops_when_it_is_told_to(crowd: House):
    """Nobody is under way, so nobody is waited for."""
    with Sink() as gone:
        pass
    sending = replace(crowd.sending(gone), patience=Patience(first=30, give_up=300))
    began = time.monotonic()
    done = dispatch(crowd.installation, sending, stop=lambda: time.monotonic() - began > 0.3)

    assert time.monotonic() - began < 3
    assert (done.interrupted, done.away) == (True, None)
    assert waiting(crowd) == {("ready", 0, 1): READERS}


def test_a_sending_that_is_cut_off_puts_in_doubt_what_had_left(crowd: House, sink: Sink):
    """An interrupt that nobody turned into a wish to stop: the server may have taken what it was given."""
    crowd.newsletter(in_doubt=InDoubt.HOLD)
    sink.script = lambda recipient, number: Do.HANG if len(sink.mails) >= 10 else Do.TAKE

    def interrupt(mail: Mail) -> None:
        if not mail.answered and len(sink.mails) == 12:
            os.kill(os.getpid(), signal.SIGINT)

    sink.on_mail = interrupt
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a test runner may have its own
    try:
        with pytest.raises(KeyboardInterrupt):
            crowd.dispatch(sink)
    finally:
        signal.signal(signal.SIGINT, before)
    hung = {mail.recipient for mail in sink.mails if not mail.answered}
    sink.script = lambda recipient, number: Do.TAKE
    crowd.dispatch(sink)

    assert len(hung) == 2
    assert {who for who, state in crowd.states().items() if state == "in_doubt"} == hung
    assert Counter(crowd.states().values()) == {"sent": READERS - 2, "in_doubt": 2}
    assert len(sink.mails) == READERS
