"""The circuit breaker: a relay that fails is left alone for a while, then asked with one message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.breaker import Breaker, Circuit


def test_a_relay_that_fails_five_times_is_left_alone_and_asked_with_one_mail():
    """Others that ask meanwhile wait for what becomes of the probe."""
    breaker = Breaker()
    opened = [breaker.failed(0.0) for _ in range(5)]
    asked = [breaker.may_try(at) for at in (0.0, 4.9, 5.0, 5.0)]

    assert opened == [False] * 4 + [True]
    assert asked == [False, False, True, False]
    assert breaker.circuit is Circuit.HALF_OPEN


def test_a_mail_that_is_taken_lets_all_go_again():
    """And the next trouble starts with the short wait."""
    breaker = Breaker(failures=1)
    breaker.failed(0.0)
    breaker.may_try(5.0)
    breaker.failed(5.0)
    second = breaker.retry_at
    breaker.may_try(second)
    breaker.succeeded()
    breaker.failed(100.0)

    assert (second, breaker.retry_at) == (15.0, 105.0)


def test_a_probe_that_never_came_to_a_mail_leaves_its_place_to_another():
    """Nothing was left to send when its turn came."""
    breaker = Breaker(failures=1)
    breaker.failed(0.0)
    first = breaker.may_try(5.0)
    breaker.unasked()

    assert (first, breaker.may_try(5.0), breaker.may_try(5.0)) == (True, True, False)


@given(st.lists(st.tuples(st.sampled_from(["fails", "works", "unasked"]), st.floats(0, 400)), max_size=60))
def test_a_relay_is_never_tried_before_its_wait_is_over_nor_left_alone_for_longer_than_the_longest(steps):
    """Whatever comes, in whatever order."""
    breaker, now = Breaker(failures=3), 0.0
    for what, later in steps:
        now += later
        before, retry_at = breaker.circuit, breaker.retry_at
        may = breaker.may_try(now)

        assert may == (before is Circuit.CLOSED or (before is Circuit.OPEN and now >= retry_at))
        if what == "unasked":
            breaker.unasked()
        elif may:
            breaker.failed(now) if what == "fails" else breaker.succeeded()
        assert breaker.retry_at - now <= breaker.longest
