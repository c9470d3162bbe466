"""When windows of events open and close: the vectors W1 to W12, and what holds for any sequence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model.event import Actor, Event, Recipient, Thing
from digest.model.frequency import EVERY_DAY, Frequency
from digest.model.stream import WindowKind, WindowPolicy
from digest.scheduling.cadence import Rule, next_slot
from digest.scheduling.windows import (
    Window,
    due_by_crowd,
    join_window,
    open_window,
    parse_policy,
    policy_text,
    wrong_with,
)
from digest.selection.gathering import Member, gather

START = datetime(2026, 6, 1, tzinfo=UTC)
Sent = list[tuple[float, list[float]]]


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def fixed(wait: float, **more: int) -> WindowPolicy:
    return WindowPolicy(WindowKind.FIXED, wait=minutes(wait), **more)


def sliding(gap: float, longest: float) -> WindowPolicy:
    return WindowPolicy(WindowKind.SLIDING, gap=minutes(gap), longest=minutes(longest))


LEADING = WindowPolicy(WindowKind.LEADING, wait=minutes(20), cooldown=minutes(15))
CROWD = WindowPolicy(
    WindowKind.LEADING,
    wait=timedelta(seconds=300),
    step=timedelta(seconds=30),
    longest=timedelta(seconds=1800),
)


def play(events: Sequence[float], policy_at: Callable[[float], WindowPolicy]) -> Sent:
    """Return (minute of sending, minutes of its events) of each window, as they close."""
    window: Window | None = None
    last: datetime | None = None
    closed: Sent = []
    members: list[float] = []

    def close() -> None:
        assert window is not None
        closed.append(((window.closes_at - START) / minutes(1), members[:]))
        members.clear()

    for minute in events:
        at = START + minutes(minute)
        if window is not None and not window.takes(at):
            close()
            last, window = window.closes_at, None
        members.append(minute)
        window = join_window(window, at) if window else open_window(policy_at(minute), at, last=last)
        if not window.takes(at):
            close()
            last, window = window.closes_at, None
    if window is not None:
        close()
    return closed


HOURS = 60
VECTORS = [
    pytest.param(
        fixed(60), [0, 30, 59, 60, 61, 200], [(60, [0, 30, 59]), (120, [60, 61]), (260, [200])], id="W1 fixed"
    ),
    pytest.param(
        fixed(60, max_events=3), [0, 1, 2, 3, 4], [(2, [0, 1, 2]), (63, [3, 4])], id="W2 closes early when full"
    ),
    pytest.param(
        sliding(60, 300),
        [0, 30, 80, 139, 199, 259, 290],
        [(199, [0, 30, 80, 139]), (259, [199]), (350, [259, 290])],
        id="W3 sliding",
    ),
    pytest.param(
        sliding(12 * HOURS, 24 * HOURS),
        [each * HOURS for each in (0, 6, 13, 16, 24, 30)],
        [(24 * HOURS, [0, 6 * HOURS, 13 * HOURS, 16 * HOURS]), (42 * HOURS, [24 * HOURS, 30 * HOURS])],
        id="W4 sliding to its limit",
    ),
    pytest.param(
        LEADING,
        [0, 10, 25, 29, 30, 40, 44, 45, 90],
        [(0, [0]), (30, [10, 25, 29]), (50, [30, 40, 44, 45]), (90, [90])],
        id="W6 the first at once",
    ),
    pytest.param(
        WindowPolicy(WindowKind.INSTANT), [0, 0, 7], [(0, [0]), (0, [0]), (7, [7])], id="each event is a mail"
    ),
]


@pytest.mark.parametrize(("policy", "events", "sent"), VECTORS)
def test_events_are_in_the_window_that_is_open_when_they_come(
    policy: WindowPolicy, events: list[float], sent: Sent
) -> None:
    """The vectors of each policy; an event at the instant of closing belongs to the next window."""
    assert play(events, lambda _: policy) == sent


def test_a_sliding_window_that_ends_before_its_gap_is_refused_in_words() -> None:
    """W5."""
    assert wrong_with(sliding(60, 30)) == [
        ("longest", "is shorter than gap, so no gap would ever end; make it at least as long")
    ]


@pytest.mark.parametrize(("waiting", "seconds"), [(0, 300), (1, 330), (10, 600), (49, 1770), (50, 1800), (500, 1800)])
def test_the_more_events_wait_the_later_a_crowded_window_closes(waiting: int, seconds: int) -> None:
    """W7: 300 s after the latest mail, 30 s more for each event, 1800 s at most."""
    assert due_by_crowd(CROWD, START, waiting) == START + timedelta(seconds=seconds)


def test_an_event_long_after_the_latest_mail_does_not_wait_for_a_crowd() -> None:
    """What was due before it came is due at once."""
    assert open_window(CROWD, START + minutes(20), last=START).closes_at == START + minutes(20)


def test_two_keys_are_two_windows() -> None:
    """W8: each group has its own; the caller keeps them apart."""
    by_key = defaultdict[str, list[float]](list)
    for key, minute in (("A", 0), ("B", 10), ("A", 20), ("B", 65)):
        by_key[key].append(minute)

    assert [play(each, lambda _: fixed(60)) for each in by_key.values()] == [[(60, [0, 20])], [(70, [10, 65])]]


def test_an_open_window_keeps_its_policy_when_the_setting_changes() -> None:
    """W12: sixty minutes become ten at minute 30."""
    assert play([0, 31, 70], lambda minute: fixed(60 if minute < 30 else 10)) == [(60, [0, 31]), (80, [70])]


def test_a_scheduled_window_closes_at_the_readers_next_slot_or_a_while_before_it() -> None:
    """An event at the slot, or at the cut-off before it, waits for the next one."""
    rule = Rule(Frequency(EVERY_DAY), time(7))

    def slot_after(after: datetime) -> datetime:
        return next_slot(rule, "Europe/Berlin", after)

    def closes(at: datetime, before: float) -> datetime:
        policy = WindowPolicy(WindowKind.SCHEDULE, before=minutes(before))
        return open_window(policy, at, next_slot=slot_after).closes_at

    seven = datetime(2026, 6, 1, 5, tzinfo=UTC)
    assert closes(seven - minutes(1), 0) == seven
    assert closes(seven, 0) == seven + timedelta(days=1)
    assert closes(seven - minutes(31), 30) == seven - minutes(30)
    assert closes(seven - minutes(30), 30) == seven - minutes(30) + timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "clock", "before", "came", "closes"),
    [
        pytest.param("America/New_York", "07:00", 0, "2026-03-07T12:00", "2026-03-08T11:00", id="a day of 23 hours"),
        pytest.param("America/New_York", "07:00", 0, "2026-10-31T11:00", "2026-11-01T12:00", id="a day of 25 hours"),
        pytest.param(
            "America/New_York", "02:30", 0, "2026-03-08T06:00", "2026-03-08T07:30", id="its hour is in the gap"
        ),
        pytest.param(
            "Europe/Berlin", "02:30", 0, "2026-10-24T23:00", "2026-10-25T00:30", id="its hour comes twice: first"
        ),
        pytest.param("Europe/Berlin", "02:30", 0, "2026-10-25T00:30", "2026-10-26T01:30", id="and not a second time"),
        pytest.param("Europe/Berlin", "02:30", 0, "2026-10-25T01:00", "2026-10-26T01:30", id="between the two"),
        pytest.param("Europe/Berlin", "03:00", 60, "2026-03-29T00:30", "2026-03-30T00:00", id="closed over the gap"),
        pytest.param(
            "Europe/Berlin",
            "03:00",
            60,
            "2026-03-28T23:59",
            "2026-03-29T00:00",
            id="an hour before, on the day of the gap",
        ),
        pytest.param("Australia/Lord_Howe", "02:15", 0, "2026-10-03T15:00", "2026-10-03T15:45", id="half an hour"),
        pytest.param("Africa/Cairo", "00:00", 0, "2026-04-23T21:59", "2026-04-23T22:00", id="no midnight"),
        pytest.param("Asia/Kathmandu", "07:00", 0, "2026-06-01T01:14", "2026-06-01T01:15", id="quarter hours"),
        pytest.param("Pacific/Apia", "09:00", 0, "2011-12-29T19:00", "2011-12-30T19:00", id="a day that was skipped"),
    ],
)
def test_a_scheduled_window_goes_by_the_readers_clock_when_clocks_change(
    zone: str, clock: str, before: int, came: str, closes: str
) -> None:
    """What the reader's wall shows is what counts: hours that are skipped, or come twice (T1 to T13)."""
    rule = Rule(Frequency(EVERY_DAY), time.fromisoformat(clock))
    policy = WindowPolicy(WindowKind.SCHEDULE, before=minutes(before))

    def slot_after(after: datetime) -> datetime:
        return next_slot(rule, zone, after)

    window = open_window(policy, datetime.fromisoformat(f"{came}+00:00"), next_slot=slot_after)

    assert window.closes_at == datetime.fromisoformat(f"{closes}+00:00")


@settings(max_examples=60)
@given(
    st.integers(0, 366 * 24 * 60),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia"]),
    st.times(),
    st.integers(0, 1_500),
)
def test_a_scheduled_window_closes_after_its_event_and_within_two_days(
    minute: int, zone: str, clock: time, before: int
) -> None:
    """Whatever the day, the zone, the hour and the cut-off; and its slot is one of the reader's."""
    rule = Rule(Frequency(EVERY_DAY), clock.replace(second=0, microsecond=0))
    policy, came = WindowPolicy(WindowKind.SCHEDULE, before=minutes(before)), START + minutes(minute)

    def slot_after(after: datetime) -> datetime:
        return next_slot(rule, zone, after)

    closes = open_window(policy, came, next_slot=slot_after).closes_at

    assert came < closes <= came + timedelta(days=2)
    assert slot_after(closes + policy.before - timedelta(microseconds=1)) == closes + policy.before


@pytest.mark.parametrize(
    ("policy", "setting"),
    [
        (WindowPolicy(WindowKind.FIXED), "wait"),
        (WindowPolicy(WindowKind.SLIDING, gap=minutes(5)), "longest"),
        (WindowPolicy(WindowKind.LEADING, wait=minutes(5)), "cooldown"),
        (WindowPolicy(WindowKind.LEADING, wait=minutes(5), step=minutes(1)), "longest"),
        (WindowPolicy(WindowKind.INSTANT, wait=minutes(5)), "wait"),
        (WindowPolicy(WindowKind.INSTANT, max_events=5), "max_events"),
        (WindowPolicy(WindowKind.FIXED, wait=timedelta(days=40)), "wait"),
        (WindowPolicy(WindowKind.SCHEDULE, gap=minutes(1)), "gap"),
    ],
)
def test_settings_that_do_not_belong_together_are_told(policy: WindowPolicy, setting: str) -> None:
    """Each with the name of the setting to mend."""
    assert setting in [name for name, _ in wrong_with(policy)]


POLICIES = [fixed(60), fixed(60, max_events=2), sliding(20, 50), LEADING, CROWD, WindowPolicy(WindowKind.INSTANT)]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_stored_policy_reads_back(policy: WindowPolicy) -> None:
    """A window keeps it as text."""
    assert wrong_with(policy) == []
    assert parse_policy(policy_text(policy)) == policy


@settings(max_examples=60)
@given(st.lists(st.integers(0, 600), min_size=1, max_size=40), st.sampled_from(POLICIES))
def test_every_event_is_in_exactly_one_window_that_closes_after_it_came(times: list[int], policy: WindowPolicy) -> None:
    """No loss, no repetition, order kept, and none waits longer than its policy says."""
    events = sorted(times)
    sent = play(events, lambda _: policy)
    longest = max(policy.wait, policy.longest, timedelta(0)) / minutes(1)

    assert [each for _, members in sent for each in members] == events
    assert all(members[0] <= at <= members[0] + longest for at, members in sent)
    assert all(each < at or at == members[-1] for at, members in sent for each in members)


def event(minute: float, *, who: str = "", what: str = "", expires: float | None = None, category: str = "") -> Event:
    return Event(
        "comments",
        Recipient("ana@example.org"),
        category,
        Actor(who.lower(), who),
        Thing(what, what.title()),
        "",
        "",
        False,
        START + minutes(minute),
        START + minutes(expires) if expires is not None else None,
        {},
    )


def members(*events: Event) -> list[Member]:
    return [Member(number, each) for number, each in enumerate(events, 1)]


def test_six_who_did_one_thing_are_one_name_and_five_others() -> None:
    """Who did it twice counts once; the number of events is all of them."""
    found = gather(members(*(event(n, who=f"W{n % 6}", what="tea") for n in range(8))), now=START, most=10)

    (line,) = found.lines
    assert (line.names, line.others, line.count) == (("W0",), 5, 8)


def test_two_who_did_one_thing_are_both_named() -> None:
    """Counting begins with the third."""
    (line,) = gather(members(event(0, who="Ana", what="tea"), event(1, who="Ben", what="tea")), now=START, most=9).lines

    assert (line.names, line.others) == (("Ana", "Ben"), 0)


def test_lines_stand_in_the_order_of_what_happened_first_and_the_rest_is_counted() -> None:
    """Whatever the order of arrival; events beyond the shown lines are in the count."""
    given_in = members(
        event(5, what="b"), event(1, what="a"), event(9, what="b"), event(2, what="c"), event(3, what="c")
    )
    found = gather(given_in, now=START, most=2)

    assert [line.latest.object.id for line in found.lines] == ["a", "c"]
    assert (found.hidden, found.count) == (2, 5)


def test_what_has_expired_is_left_out_and_named() -> None:
    """The end of its time is the first instant at which it is past."""
    found = gather(members(event(0, expires=10), event(1, expires=11)), now=START + minutes(10), most=9)

    assert (found.count, found.expired) == (1, (1,))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc")), max_size=12), st.randoms(use_true_random=False))
def test_lines_do_not_depend_on_the_order_in_which_members_are_read(
    pairs: list[tuple[int, str]], chance: object
) -> None:
    """Total order: time, then arrival."""
    found = members(*(event(minute, what=what, who=what) for minute, what in pairs))
    shuffled = sorted(found, key=lambda _: chance.random())  # type: ignore[attr-defined]

    assert gather(shuffled, now=START, most=3) == gather(found, now=START, most=3)
