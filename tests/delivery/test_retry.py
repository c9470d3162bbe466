"""Retry: when a deferred message comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.retry import next_attempt
from digest.model.newsletter import Retry

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def test_a_deferred_message_comes_back_by_the_newsletters_schedule():
    """Two tries in the first hour, then every few hours, then no more (RFC 5321 §4.5.4.1)."""
    now, hours = START, []
    for attempt_no in range(1, 50):
        due = next_attempt(Retry(), attempt_no, START, now, jitter=0.0)
        if due is None:
            break
        hours.append((due - START) / timedelta(hours=1))
        now = due

    assert hours == [0.5, 1, 3, 6, 9, 12, 15, 18, 21]


@given(st.integers(1, 60), st.floats(0, 1), st.timedeltas(timedelta(0), timedelta(days=2)))
def test_jitter_never_hurries(attempt_no, jitter, late):
    """Spread means later, by a fifth at most, and never past the end."""
    retry = Retry()
    now = START + late
    due = next_attempt(retry, attempt_no, START, now, jitter)
    delay = retry.delays[min(attempt_no, len(retry.delays)) - 1]

    if due is None:
        assert now + delay * 1.2 >= START + retry.expires_after
    else:
        assert delay <= due - now <= delay * 1.2
        assert due < START + retry.expires_after


@pytest.mark.parametrize(("attempt_no", "jitter"), [(0, 0.5), (1, -0.1), (1, 1.5)])
def test_nonsense_is_told(attempt_no, jitter):
    """A wrong call is a mistake in the program."""
    with pytest.raises(ValueError, match=r"attempts|jitter"):
        next_attempt(Retry(), attempt_no, START, START, jitter)


def test_a_newsletter_without_delays_never_retries():
    """An empty schedule means one attempt."""
    assert next_attempt(Retry(delays=()), 1, START, START, 0.0) is None
