"""The ticker: jobs run at once and again and again, one at a time, whatever happens to one of them."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta

import pytest
import structlog.testing

from digest.scheduling import ticker
from digest.scheduling.ticker import Job, ticking


class Counted:
    """A call that counts itself; `until` waits for so many."""

    def __init__(self, during=lambda: None):
        self.calls = 0
        self._during = during
        self._changed = threading.Condition()

    def __call__(self):
        with self._changed:
            self.calls += 1
            self._changed.notify_all()
        self._during()

    def until(self, number, seconds=5.0):
        with self._changed:
            assert self._changed.wait_for(lambda: self.calls >= number, seconds)


def test_a_job_runs_at_once_and_again():
    """Who starts `digest serve` does not wait an interval for the first look."""
    call = Counted()

    with ticking([Job("look", 0.05, call)]):
        before = time.monotonic()
        call.until(1)
        first = time.monotonic() - before
        call.until(3)

    assert first < 1.0


def test_nothing_runs_after_the_end():
    """The end is the end, also of what was due."""
    call = Counted()
    with ticking([Job("look", 0.02, call)]):
        call.until(2)
    after = call.calls

    time.sleep(0.1)

    assert call.calls == after


def test_a_job_that_raises_is_logged_and_runs_again():
    """One bad tick must not be the last."""

    def fail():
        raise ValueError("no such column")

    call, other = Counted(fail), Counted()

    with (
        structlog.testing.capture_logs() as lines,
        ticking([Job("plan_and_send", 0.03, call), Job("sources", 0.03, other)]),
    ):
        call.until(3)
        other.until(3)

    told = [line for line in lines if line["event"] == "tick_failed"]
    assert {line["job"] for line in told} == {"plan_and_send"}
    assert len(told) == call.calls
    assert all(line["exc_info"] for line in told)


def test_one_run_of_a_job_at_a_time_and_missed_runs_become_one(caplog):
    """A send of an hour does not leave hundreds of looks behind it, nor a warning for each."""
    together, most = [], []

    def slow():
        together.append(1)
        most.append(len(together))
        time.sleep(0.25)
        together.pop()

    call = Counted(slow)
    with caplog.at_level(logging.DEBUG), ticking([Job("slow", 0.01, call)]):
        call.until(3)
        finished = time.monotonic()

    assert max(most) == 1
    assert call.calls <= 4
    assert time.monotonic() - finished < 1.0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_slow_job_does_not_hold_up_another():
    """A feed that answers slowly is no reason for a reader's mail to be late."""
    release = threading.Event()
    slow, quick = Counted(lambda: release.wait(5)), Counted()

    with ticking([Job("sources", 0.02, slow), Job("plan_and_send", 0.02, quick)]):
        slow.until(1)
        quick.until(5)
        release.set()

    assert slow.calls >= 1


def test_a_call_under_way_is_waited_for_at_the_end():
    """What is on the wire is finished."""
    ended = []
    call = Counted(lambda: (time.sleep(0.2), ended.append(1)))

    with ticking([Job("send", 5, call)]) as under_way:
        call.until(1)

    assert ended == [1]
    assert under_way.unfinished == ()


def test_a_call_that_takes_too_long_is_named_and_not_waited_for():
    """A mail server that hangs must not keep the machine from shutting down."""
    release = threading.Event()
    call = Counted(lambda: release.wait(5))

    with ticking([Job("send", 5, call)], patience=0.1) as under_way:
        call.until(1)
        before = time.monotonic()
    waited = time.monotonic() - before
    release.set()

    assert under_way.unfinished == ("send",)
    assert waited < 2


@pytest.mark.parametrize(
    "asleep", [timedelta(minutes=10, seconds=30), timedelta(days=3, seconds=30)], ids=["a nap", "a long week-end"]
)
def test_runs_that_were_missed_while_the_machine_slept_become_one(monkeypatch, asleep):
    """The library is told that the first run was due long ago; it runs once for all of them, however late."""

    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - asleep

    monkeypatch.setattr(ticker, "datetime", Earlier)
    call = Counted()

    with ticking([Job("look", 60, call)]):
        call.until(1)
        time.sleep(0.2)

    assert call.calls == 1
