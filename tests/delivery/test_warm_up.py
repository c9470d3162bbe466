"""A new sender's first weeks: each provider gets a little more on each day, whatever process sends."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.groups import grouping, load_providers
from digest.delivery.warm_up import WarmUp, WarmUpPlan, shipped_plan

START, MORNING = date(2026, 12, 1), datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
PLAN = WarmUpPlan(first=2, growth=2.0, days=3)
GROUP_OF = grouping(load_providers())


def warm_up(tried: dict[str, int] | None = None) -> WarmUp:
    return WarmUp(PLAN, START, GROUP_OF, lambda _since: Counter(tried or {}))


def test_a_provider_gets_its_share_and_then_waits_for_midnight():
    """Both of its domains together; a reader elsewhere waits for nothing."""
    day = warm_up()
    waits = []
    for address in ("ann@gmail.com", "bo@googlemail.com", "cy@gmail.com"):
        waits.append(day.wait(address, MORNING))
        day.note(address)

    assert waits == [0.0, 0.0, 17 * 3600]
    assert day.wait("di@example.org", MORNING) == 0.0


def test_a_new_process_goes_on_where_the_day_is():
    """What others tried today counts, over all domains of the provider."""
    day = warm_up({"gmail.com": 1, "googlemail.com": 1, "example.org": 1})

    assert day.wait("ann@gmail.com", MORNING) > 0
    assert day.wait("bo@example.org", MORNING) == 0.0


def test_each_day_has_more_until_anybody_may_have_mail():
    """Also in a process that runs over midnight; before the first day nothing is held."""
    day = warm_up({"gmail.com": 7})
    held = [day.wait("ann@gmail.com", MORNING + timedelta(days=n)) > 0 for n in (-1, 0, 1, 2, 3)]

    assert held == [False, True, True, False, False]
    assert [PLAN.cap(n) for n in (-1, 0, 1, 2, 3)] == [None, 2, 4, 8, None]


@given(st.integers(0, 10**9))
def test_on_the_day_that_is_told_all_fit(readers):
    """And not on the day before."""
    plan = shipped_plan()
    day = plan.day_for(readers)

    assert (plan.cap(day) or readers) >= readers
    assert day == 0 or (plan.cap(day - 1) or 0) < readers


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 900)), max_size=80))
def test_several_processes_go_over_by_no_more_than_they_try_before_they_look_again(steps):
    """Each sees what the others tried two seconds later at most; its own it never forgets."""
    plan, written = WarmUpPlan(first=12, growth=1.0, days=3), Counter()
    again = timedelta(seconds=2)
    three = [WarmUp(plan, START, GROUP_OF, lambda _since: Counter(written), look_again=again) for _ in range(3)]
    now, tried_at = MORNING, []
    for who, milliseconds in steps:
        now += timedelta(milliseconds=milliseconds)
        if three[who].wait("ann@gmail.com", now) == 0.0:
            three[who].note("ann@gmail.com")
            written["gmail.com"] += 1
            tried_at.append(now)

    late = [each for each in tried_at if tried_at and each > tried_at[-1] - again]
    assert len(tried_at) <= 12 + len(late)


def test_a_mail_of_ours_that_is_not_on_record_yet_is_counted_once():
    """Looking again neither forgets nor doubles it."""
    written = Counter()
    day = WarmUp(PLAN, START, GROUP_OF, lambda _since: Counter(written), look_again=timedelta(seconds=2))
    day.wait("ann@gmail.com", MORNING)
    day.note("ann@gmail.com")

    assert day.wait("bo@gmail.com", MORNING + timedelta(seconds=3)) == 0.0
    written["gmail.com"] = 1
    assert day.wait("bo@gmail.com", MORNING + timedelta(seconds=6)) == 0.0
    written["gmail.com"] = 2  # another process tried one
    assert day.wait("bo@gmail.com", MORNING + timedelta(seconds=9)) > 0
