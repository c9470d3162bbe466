"""Recipient groups: who said we are too fast gets one mail at a time, then more; the others notice nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.groups import grouping, load_providers
from digest.delivery.throttle import REST, STEP, WIDE, Bucket, Throttle

ANNA, BEN, CARL = "anna@gmail.com", "ben@googlemail.com", "carl@example.org"
GROUP_OF = grouping(load_providers())


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("anna@gmail.com", "google"),
        ("Anna@GoogleMail.com", "google"),
        ("a@hotmail.com", "microsoft"),
        ("a@live.com", "microsoft"),
        ("a@aol.com", "yahoo"),
        ("a@example.org", "example.org"),
        ('"a@b"@EXAMPLE.org.', "example.org"),
    ],
)
def test_readers_of_one_provider_are_one_group(address, group):
    """Any other domain is a group of its own."""
    assert GROUP_OF(address) == group


def test_a_group_that_says_we_are_too_fast_gets_one_mail_at_a_time():
    """Both domains of the provider; a reader elsewhere waits for nothing."""
    throttle = Throttle(GROUP_OF)
    throttle.slow(ANNA, 0.0, [])

    assert throttle.hold(BEN, 0.0) == 0.0
    assert throttle.hold(ANNA, 0.0) > 0.0
    assert throttle.hold(CARL, 0.0) == 0.0


def test_what_was_under_way_counts():
    """Three were with the server when one of them was told off."""
    throttle = Throttle(GROUP_OF)
    throttle.slow(ANNA, 0.0, [ANNA, BEN, CARL])
    held = []
    for _ in range(3):
        held.append(throttle.hold(ANNA, 0.0) > 0.0)
        throttle.finished(ANNA, taken=True, seconds=0.1)

    assert held == [True, True, False]


def test_a_slowed_group_gets_one_more_after_each_step_until_nothing_holds_it():
    """Additive: one, two, three at a time."""
    throttle = Throttle(GROUP_OF)
    throttle.slow(ANNA, 0.0, [])
    widths = []
    while throttle.limited:
        widths.append(throttle.limited["google"].width)
        for _ in range(STEP):
            assert throttle.hold(ANNA, 0.0) == 0.0
            throttle.finished(ANNA, taken=True, seconds=0.1)

    assert widths == list(range(1, WIDE))


def test_who_says_so_again_at_one_mail_at_a_time_is_left_alone_for_ten_minutes():
    """Answers to mails that were on their way before do not count as again."""
    throttle = Throttle(GROUP_OF)
    throttle.slow(ANNA, 0.0, [BEN])
    throttle.finished(BEN, taken=False, seconds=0.1)
    throttle.hold(ANNA, 1.0)
    throttle.finished(ANNA, taken=False, seconds=0.1)
    throttle.slow(ANNA, 1.0, [])

    assert throttle.hold(ANNA, 2.0) == pytest.approx(REST - 1)
    assert throttle.hold(ANNA, REST + 1) == 0.0


def test_mails_that_are_put_off_come_back_one_after_the_other():
    """A million that all came back at once would be claimed in vain again and again."""
    throttle = Throttle(GROUP_OF, {"google": 10.0})
    waits = [throttle.hold(ANNA, 0.0) for _ in range(5)]

    assert waits == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


@given(
    st.floats(0.2, 100),
    st.lists(st.floats(0, 2), min_size=1, max_size=80),
)
def test_no_span_of_time_sees_more_than_the_rate_and_one_burst(rate, gaps):
    """Under any pattern of asking."""
    bucket, now, went = Bucket(rate), 0.0, []
    for gap in gaps:
        now += gap
        if bucket.wait(now) == 0.0:
            bucket.take(now)
            went.append(now)

    for first in range(len(went)):
        for last in range(first, len(went)):
            assert last - first + 1 <= rate * (went[last] - went[first]) + bucket.burst + 1e-6


@given(st.floats(0.2, 100), st.integers(1, 60))
def test_who_waits_as_told_goes(rate, count):
    """And the rate is reached: nothing is lost between two."""
    bucket, now = Bucket(rate), 0.0
    for _ in range(count):
        now += bucket.wait(now)
        assert bucket.wait(now) == pytest.approx(0.0, abs=1e-6)
        bucket.take(now)

    assert now <= count / rate + 1e-6


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("ask"), st.sampled_from([ANNA, BEN, CARL])),
            st.tuples(st.sampled_from(["taken", "slow"]), st.just(ANNA)),
        ),
        max_size=120,
    )
)
def test_a_slowed_group_never_has_more_under_way_than_its_width_and_what_was_there_before(steps):
    """Whatever is asked and answered, in whatever order; others are never held."""
    throttle, out, now = Throttle(GROUP_OF), [], 0.0
    for what, who in steps:
        now += 0.3
        if what == "ask":
            before = throttle.limited.get("google")
            went = throttle.hold(who, now) == 0.0
            if who == CARL:
                assert went
            elif went:
                out.append(who)
                assert before is None or before.under_way <= before.width
        elif out:
            throttle.finished(out.pop(), taken=what == "taken", seconds=0.1)
            if what == "slow":
                throttle.slow(ANNA, now, out)
        if (group := throttle.limited.get("google")) is not None:
            assert group.under_way == len(out)
