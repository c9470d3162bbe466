"""A message that cannot be made, or that ends whoever makes it: after the second time it is put aside."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog

from digest.pipeline.delivering.messages import Messages
from digest.store import dispatching
from digest.store.dispatching import Claim
from tests.house import House
from tests.sink import Sink

ROOT = Path(__file__).parents[2]
BAD = "bad@example.org"
READERS = 12


@pytest.fixture
def crowd(house: House) -> House:
    """Give a planned edition whose third reader is trouble."""
    house.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(READERS)])
    house.reader(BAD)
    house.article("trade")
    house.plan()
    return house


def make_or_fail(messages: Messages, claim: Claim) -> object:
    """Make a message; the bad reader's cannot be made."""
    if claim.address == BAD:
        raise RuntimeError("a mistake of ours")
    return MAKE(messages, claim)


MAKE = Messages.envelope


def test_a_mail_that_cannot_be_made_keeps_no_other_back(crowd: House, sink: Sink, monkeypatch: pytest.MonkeyPatch):
    """It is tried once more later, then a person must look; the error stands in the program's log."""
    monkeypatch.setattr(Messages, "envelope", make_or_fail)
    with structlog.testing.capture_logs() as lines:
        crowd.dispatch(sink)
    first = crowd.states()[BAD]
    crowd.move(hours=1)
    crowd.dispatch(sink)
    second = crowd.states()[BAD]
    crowd.move(hours=1)
    crowd.dispatch(sink)

    assert (first, second) == ("deferred", "poison")
    assert len(sink.mails) == READERS
    assert "message_not_made" in {line["event"] for line in lines}
    assert crowd.rows("SELECT state FROM editions") == [("finished",)]


def test_a_failure_is_on_record_with_its_count_or_not_at_all(crowd: House, sink: Sink, monkeypatch: pytest.MonkeyPatch):
    """Else a sender that dies in between would meet the same mail again and again."""

    def die(*_arguments: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Messages, "envelope", make_or_fail)
    with monkeypatch.context() as dying:
        dying.setattr(dispatching, "_POISON", SimpleNamespace(run_many=die))
        with pytest.raises(KeyboardInterrupt):
            crowd.dispatch(sink)
    count = "SELECT crash_count, (SELECT COUNT(*) FROM attempts a WHERE a.delivery_id = d.id) FROM deliveries d"
    before = crowd.rows(f"{count} WHERE address = :bad", bad=BAD)
    crowd.dispatch(sink)

    assert before == [(0, 0)]
    assert crowd.rows(f"{count} WHERE address = :bad", bad=BAD) == [(1, 1)]


DIES = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from digest.pipeline.delivering.messages import Messages
    from tests.house import House
    from tests.sink import Sink

    make = Messages.envelope

    def dies(messages, claim):
        if claim.address == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)
        return make(messages, claim)

    Messages.envelope = dies
    house = House(Path(sys.argv[1]), sys.argv[3])
    with Sink() as sink:
        house.dispatch(sink)
""")


def test_a_mail_that_kills_its_sender_twice_is_put_aside(crowd: House, sink: Sink):
    """The others get theirs, once each but for what was under way; nobody waits behind it for ever."""
    for _ in range(2):
        died = subprocess.run(
            [sys.executable, "-c", DIES, str(crowd.folder), BAD, crowd.database],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    crowd.dispatch(sink)

    states = crowd.states()
    assert states.pop(BAD) == "poison"
    assert set(states.values()) <= {"sent", "in_doubt"}
    assert len(states) == READERS
