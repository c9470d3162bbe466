"""A fault of ours pauses the edition it shows in, names the cause, and counts against no reader."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.delivery.relays import Fault
from digest.model.delivery import DeliveryState, Envelope, Outcome, Phase, Reply
from digest.model.newsletter import Retry
from digest.pipeline.delivering.messages import Messages
from digest.pipeline.delivering.sending import Dispatched
from digest.pipeline.planning.hold_edition import resume_edition
from digest.store.dispatching import Claim
from tests.house import House
from tests.sink import Do, Sink


def refused_for_dkim(sink: Sink) -> None:
    sink.never = "550 5.7.26 This mail is unauthenticated"
    sink.script = lambda recipient, number: Do.NEVER if "daily" in recipient else Do.TAKE


def test_an_edition_that_servers_refuse_for_us_is_paused_and_the_others_go_on(house: House, sink: Sink):
    """The cause is named with what to do; every reader's row is ready again."""
    house.newsletter("daily")
    house.newsletter("weekly")
    house.readers([{"email": f"daily{number}@example.org", "topics": "trade"} for number in range(12)])
    house.readers([{"email": f"other{number}@example.org", "topics": "trade"} for number in range(6)], "weekly")
    house.article("trade")
    house.plan("daily")
    house.plan("weekly")
    refused_for_dkim(sink)
    done = house.dispatch(sink)

    assert done.states[DeliveryState.SENT] == 6
    assert "daily/2026-11-22 is paused" in done.stopped_by
    assert "SPF, DKIM and DMARC" in done.stopped_by
    assert "digest resume daily/2026-11-22" in done.stopped_by
    assert house.rows("SELECT state FROM editions ORDER BY id") == [("paused",), ("finished",)]
    assert {state for who, state in house.states().items() if who.startswith("daily")} <= {"ready", "deferred"}
    assert sum(count for who, count in sink.tries.items() if who.startswith("daily")) <= 7


def test_an_edition_that_servers_put_off_for_us_is_paused_too(house: House, sink: Sink):
    """A 4yz that no waiting mends: Gmail asks for DKIM. The slow lane would meet it again and again."""
    house.readers([{"email": f"daily{number}@example.org", "topics": "trade"} for number in range(12)])
    house.article("trade")
    sink.later = "421 4.7.30 Your email has been rate limited because DKIM authentication didn't pass"
    sink.script = lambda recipient, number: Do.LATER
    done = house.send(sink)

    assert "is paused" in done.stopped_by
    assert "SPF, DKIM and DMARC" in done.stopped_by
    assert set(house.states().values()) <= {"ready", "deferred"}
    assert sum(sink.tries.values()) <= 7


def test_a_fault_of_ours_that_nobody_mends_ends_like_any_delay(house: House, sink: Sink):
    """One reader's server refuses us for days: the mail expires, and says why; its stories come with the next."""
    house.newsletter("daily", retry=Retry((timedelta(minutes=30),), timedelta(hours=6)))
    house.reader("anna@example.org")
    house.article("trade")
    refused_for_dkim(sink)
    sink.script = lambda recipient, number: Do.NEVER
    house.send(sink)
    for _ in range(2):
        house.move(hours=4)
        house.dispatch(sink)

    assert [(each.state, each.reason) for each in house.log()] == [("expired", "rcpt 5.7.26")]
    assert house.history("anna@example.org") == frozenset()


def test_a_paused_edition_that_is_resumed_goes_to_everybody_at_once(house: House, sink: Sink):
    """Nobody waits for a back-off, and nobody's first tries have cost them anything."""
    house.readers([{"email": f"daily{number}@example.org", "topics": "trade"} for number in range(12)])
    house.article("trade")
    house.plan()
    refused_for_dkim(sink)
    house.dispatch(sink)
    still = house.dispatch(sink).states
    resume_edition(house.installation, "daily/2026-11-22")
    sink.script = lambda recipient, number: Do.TAKE
    done = house.dispatch(sink)

    assert (dict(still), done.states) == ({}, {DeliveryState.SENT: 12})


def test_a_few_readers_whose_servers_refuse_us_do_not_pause_the_edition(house: House, sink: Sink):
    """Four in fifty: they wait, the edition goes on."""
    sink.never = "550 5.7.1 not from you"
    sink.script = lambda recipient, number: Do.NEVER if recipient.startswith("strict") else Do.TAKE
    names = [*(f"strict{number}" for number in range(4)), *(f"reader{number}" for number in range(46))]
    house.readers([{"email": f"{name}@example.org", "topics": "trade"} for name in names])
    house.article("trade")
    done = house.send(sink)

    assert (done.paused, done.stopped_by) == ((), "")
    assert done.states == {DeliveryState.SENT: 46, DeliveryState.DEFERRED: 4}


def test_a_fault_that_we_find_ourselves_is_not_put_on_a_server():
    """A return path that is no address: no server was asked."""
    ours = Fault(Outcome.SENDER_FAULT, Phase.MAIL, Reply(0, "5.1.7", "not sent: the return path is not an address"), "")

    assert Dispatched(fault=ours).stopped_by == (
        "its mails cannot be sent: 5.1.7 not sent: the return path is not an address"
    )


def test_an_edition_none_of_whose_mails_can_be_made_is_paused_and_costs_no_reader_a_try(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """A mistake of the program meets every mail: once it is mended, everybody gets theirs."""

    def fail(_self: Messages, _claim: Claim) -> Envelope:
        raise RuntimeError("a mistake of ours")

    house.readers([{"email": f"daily{number}@example.org", "topics": "trade"} for number in range(60)])
    house.article("trade")
    house.plan()
    with monkeypatch.context() as broken:
        broken.setattr(Messages, "envelope", fail)
        done = house.dispatch(sink)
    tried = house.rows("SELECT COUNT(*) FROM deliveries WHERE crash_count > 0")
    resume_edition(house.installation, "daily/2026-11-22")
    house.move(hours=1)
    again = house.dispatch(sink)

    assert "daily/2026-11-22 is paused" in done.stopped_by
    assert "a mistake of ours" in done.stopped_by
    assert tried[0][0] <= 40
    assert again.states == {DeliveryState.SENT: 60}
