"""When a reader's mail is due: local days and hours in their zone, whatever the clocks there do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.model.frequency import EVERY_DAY, Frequency, Quiet
from digest.scheduling.cadence import (
    Due,
    Rule,
    half_period,
    latest_slot,
    next_slot,
    parse_rule,
    period_of,
    rule_text,
    slot_for_today,
    slot_on,
    slots_between,
)

DAILY = Frequency(EVERY_DAY)
ZONES = sorted(
    zone
    for zone in available_timezones()
    if "/" in zone and not zone.startswith(("posix/", "right/", "Etc/", "SystemV/"))
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(at: str) -> Rule:
    return Rule(DAILY, time.fromisoformat(at))


def days_of(rule: Rule, zone: str, since: str, until: str) -> list[datetime]:
    """Return the slots from *since* on and before *until*, earliest first."""
    return [due.slot_at for due in reversed(slots_between(rule, zone, utc(since), utc(until), most=1_000))]


@pytest.mark.parametrize(
    ("zone", "at", "day", "expected"),
    [
        pytest.param("America/New_York", "07:00", "2026-03-07", "2026-03-07T12:00", id="T1 the day before spring"),
        pytest.param("America/New_York", "07:00", "2026-03-08", "2026-03-08T11:00", id="T1 clocks went forward"),
        pytest.param("America/New_York", "07:00", "2026-10-31", "2026-10-31T11:00", id="T2 the day before autumn"),
        pytest.param("America/New_York", "07:00", "2026-11-01", "2026-11-01T12:00", id="T2 clocks went back"),
        pytest.param("America/New_York", "02:30", "2026-03-08", "2026-03-08T07:30", id="T3 an hour that is skipped"),
        pytest.param("America/New_York", "02:30", "2026-03-09", "2026-03-09T06:30", id="T3 and back on the next day"),
        pytest.param("America/New_York", "01:30", "2026-11-01", "2026-11-01T05:30", id="T5 an hour that comes twice"),
        pytest.param("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29T01:30", id="T6 gap"),
        pytest.param("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25T00:30", id="T6 twice"),
        pytest.param("Europe/London", "01:30", "2026-03-29", "2026-03-29T01:30", id="T7 gap"),
        pytest.param("Europe/London", "01:30", "2026-10-25", "2026-10-25T00:30", id="T7 twice"),
        pytest.param("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:45", id="T8 half an hour"),
        pytest.param("Africa/Cairo", "00:00", "2026-04-24", "2026-04-23T22:00", id="T9 gap at midnight"),
        pytest.param("America/Santiago", "00:00", "2026-09-06", "2026-09-06T04:00", id="T10 gap at midnight"),
        pytest.param("Asia/Kathmandu", "07:00", "2026-06-01", "2026-06-01T01:15", id="T11 +05:45"),
        pytest.param("Asia/Kolkata", "07:00", "2026-06-01", "2026-06-01T01:30", id="T11 +05:30"),
        pytest.param("Pacific/Chatham", "07:00", "2026-06-01", "2026-05-31T18:15", id="T11 +12:45"),
        pytest.param("Pacific/Kiritimati", "07:00", "2026-06-01", "2026-05-31T17:00", id="T12 first on earth"),
        pytest.param("Pacific/Pago_Pago", "07:00", "2026-06-01", "2026-06-01T18:00", id="T12 last on earth"),
        pytest.param("Pacific/Apia", "09:00", "2011-12-29", "2011-12-29T19:00", id="T13 before the skipped day"),
        pytest.param("Pacific/Apia", "09:00", "2011-12-31", "2011-12-30T19:00", id="T13 after the skipped day"),
        pytest.param("Africa/Casablanca", "02:30", "2026-02-15", "2026-02-15T01:30", id="T14 Ramadan approaches"),
        pytest.param("Africa/Casablanca", "02:30", "2026-03-22", "2026-03-22T02:30", id="T14 and is over"),
        pytest.param("America/Phoenix", "02:30", "2026-03-08", "2026-03-08T09:30", id="T15 clocks stand"),
        pytest.param("Europe/Berlin", "09:00", "2026-03-23", "2026-03-23T08:00", id="T16 Monday in winter"),
        pytest.param("Europe/Berlin", "09:00", "2026-03-30", "2026-03-30T07:00", id="T16 Monday in summer"),
        pytest.param("Europe/Berlin", "09:00", "2026-10-19", "2026-10-19T07:00", id="T16 last Monday of summer"),
        pytest.param("Europe/Berlin", "09:00", "2026-10-26", "2026-10-26T08:00", id="T16 first Monday of winter"),
    ],
)
def test_a_local_hour_is_this_instant(zone: str, at: str, day: str, expected: str):
    """A gap shifts forward by its length, of two the first counts; and it is the latest slot at that instant."""
    local = time.fromisoformat(at)
    found = slot_on(date.fromisoformat(day), local, zone)

    assert found == utc(expected)
    assert next_slot(daily(at), zone, found - timedelta(microseconds=1)) == found
    assert latest_slot(daily(at), zone, found) == Due(found, date.fromisoformat(day))


def test_two_hours_of_which_one_is_skipped_are_one_instant():
    """T4: 02:30 and 03:30 fall together when the clocks go forward, so a slot is known by its instant."""
    day = date(2026, 3, 8)

    assert slot_on(day, time(2, 30), "America/New_York") == slot_on(day, time(3, 30), "America/New_York")


def test_an_hour_that_comes_twice_is_due_once():
    """T5: nothing at the second 01:30; the next is on the next day."""
    first = utc("2026-11-01T05:30")

    assert next_slot(daily("01:30"), "America/New_York", first) == utc("2026-11-02T06:30")


def test_a_day_that_did_not_happen_is_no_slot():
    """T13: Samoa went from the 29th to the 31st of December 2011."""
    slots = days_of(daily("09:00"), "Pacific/Apia", "2011-12-28T20:00", "2012-01-01T00:00")

    assert slots == [utc("2011-12-29T19:00"), utc("2011-12-30T19:00"), utc("2011-12-31T19:00")]


def test_a_weekly_letter_keeps_its_weekday():
    """T16: only Mondays, in summer and in winter."""
    found = latest_slot(Rule(Frequency((0,)), time(9)), "Europe/Berlin", utc("2026-10-28T00:00"))

    assert (found.slot_at, found.local_date) == (utc("2026-10-26T08:00"), date(2026, 10, 26))


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        pytest.param("2026-01", "2026-01-31T13:00", id="T17 January has one"),
        pytest.param("2026-02", "2026-02-28T13:00", id="T17 February ends on the 28th"),
        pytest.param("2026-03", "2026-03-31T12:00", id="T17 and back to the 31st, in summer time"),
        pytest.param("2026-04", "2026-04-30T12:00", id="T17 April ends on the 30th"),
        pytest.param("2028-02", "2028-02-29T13:00", id="T17 29 February"),
    ],
)
def test_a_monthly_letter_of_the_31st_comes_on_the_last_day(month: str, expected: str):
    """Clamped where a month is shorter, and back on the 31st after it."""
    rule = Rule(Frequency(month_day=31), time(8))
    found = next_slot(rule, "America/New_York", utc(f"{month}-01T00:00"))

    assert found == utc(expected)
    assert latest_slot(rule, "America/New_York", found).slot_at == found


def test_the_days_around_a_change_of_the_clocks_are_as_long_as_they_are():
    """T1, T2: 23 hours in spring, 25 in autumn, 24 on both sides."""
    spring = days_of(daily("07:00"), "America/New_York", "2026-03-06T00:00", "2026-03-10T00:00")
    autumn = days_of(daily("07:00"), "America/New_York", "2026-10-30T00:00", "2026-11-03T00:00")

    assert [(b - a).total_seconds() / 3600 for a, b in pairwise(spring)] == [24, 23, 24]
    assert [(b - a).total_seconds() / 3600 for a, b in pairwise(autumn)] == [24, 25, 24]


@pytest.mark.parametrize(
    ("rule", "zone", "since", "expected"),
    [
        pytest.param(
            Rule(Frequency(hours=6), time(7)),
            "Asia/Seoul",
            "2026-11-22T15:00",
            ["2026-11-22T16:00", "2026-11-22T22:00", "2026-11-23T04:00", "2026-11-23T10:00"],
            id="01:00, 07:00, 13:00 and 19:00 local",
        ),
        pytest.param(
            Rule(Frequency(hours=5), time(7)),
            "UTC",
            "2026-11-23T00:00",
            ["2026-11-23T02:00", "2026-11-23T07:00", "2026-11-23T12:00", "2026-11-23T17:00", "2026-11-23T22:00"],
            id="counts anew each day",
        ),
        pytest.param(
            Rule(Frequency(hours=1), time(0, 30)),
            "America/New_York",
            "2026-03-08T06:00",
            ["2026-03-08T06:30", "2026-03-08T07:30", "2026-03-08T08:30"],
            id="T4 02:30 and 03:30 are one instant when the clocks go forward",
        ),
        pytest.param(
            Rule(Frequency(hours=1), time(0, 30)),
            "America/New_York",
            "2026-11-01T05:00",
            ["2026-11-01T05:30", "2026-11-01T07:30", "2026-11-01T08:30"],
            id="01:30 comes twice and counts once",
        ),
        pytest.param(
            Rule(Frequency(hours=3), time(7), Quiet(time(22), time(7))),
            "Europe/London",
            "2026-06-01T17:00",
            ["2026-06-01T18:00", "2026-06-02T06:00", "2026-06-02T09:00"],
            id="what falls into quiet hours is one mail at their end",
        ),
    ],
)
def test_every_so_many_hours_goes_by_the_clock_on_the_wall(rule: Rule, zone: str, since: str, expected: list[str]):
    """From the newsletter's hour on, and each instant once."""
    slots, at = [], utc(since) - timedelta(microseconds=1)
    while len(slots) < len(expected):
        at = next_slot(rule, zone, at)
        slots.append(at)

    assert slots == [utc(each) for each in expected]


def test_quiet_hours_do_not_move_an_hour_that_somebody_named():
    """Who wants the mail at 23:00 gets it then."""
    rule = Rule(DAILY, time(23), Quiet(time(22), time(7)))

    assert next_slot(rule, "UTC", utc("2026-11-23T00:00")) == utc("2026-11-23T23:00")


INSTANTS = st.integers(946_684_800, 2_143_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)  # 2000 to 2037
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
DAYS = st.sets(st.sampled_from(EVERY_DAY), min_size=1).map(lambda days: tuple(sorted(days)))
FREQUENCIES = st.one_of(
    st.builds(Frequency, days=DAYS),
    st.builds(Frequency, month_day=st.integers(1, 31)),
    st.builds(Frequency, hours=st.integers(1, 23)),
)
QUIET = st.none() | st.builds(Quiet, TIMES, TIMES)
RULES = st.builds(Rule, FREQUENCIES, TIMES, QUIET)
zones = st.sampled_from(ZONES)
EVERY_HOUR = Rule(Frequency(hours=1), time(0, 15), Quiet(time(1), time(0)))


@given(rule=RULES, zone=zones, now=INSTANTS)
@example(daily("09:00"), "Pacific/Apia", utc("2011-12-30T12:00"))
@example(daily("00:00"), "Africa/Cairo", utc("2026-04-23T22:00"))
@example(EVERY_HOUR, "Australia/Lord_Howe", utc("2026-10-03T15:30"))
@example(EVERY_HOUR, "America/Scoresbysund", utc("2024-03-31T00:30"))
def test_the_latest_slot_and_the_next_enclose_every_instant(rule: Rule, zone: str, now: datetime):
    """Latest ≤ now < next, and there is nothing between them."""
    latest, following = latest_slot(rule, zone, now).slot_at, next_slot(rule, zone, now)

    assert latest <= now < following
    assert next_slot(rule, zone, latest) == following
    assert latest_slot(rule, zone, following - timedelta(microseconds=1)).slot_at == latest
    assert half_period(rule, zone, following) == (following - latest) / 2


@given(at=TIMES, zone=zones, start=INSTANTS)
@example(time(9), "Pacific/Apia", utc("2011-12-25T00:00"))
@example(time(0, 30), "Asia/Amman", utc("2022-10-25T00:00"))
@example(time(23, 59), "America/Scoresbysund", utc("2024-03-25T00:00"))
def test_each_local_date_has_one_slot(at: time, zone: str, start: datetime):
    """Ten days of slots are ten local dates in a row, but for those that the calendar of the place leaves out."""
    rule, slots = Rule(DAILY, at), [start]
    for _ in range(10):
        slots.append(next_slot(rule, zone, slots[-1]))
    dates = [latest_slot(rule, zone, slot).local_date for slot in slots[1:]]

    assert all(before < after for before, after in pairwise(dates))
    for before, after in pairwise(dates):
        for missing in (before + timedelta(days=n) for n in range(1, (after - before).days)):
            noon = datetime.combine(missing, time(12), ZoneInfo(zone))
            assert noon.astimezone(UTC).astimezone(ZoneInfo(zone)).date() != missing


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "since",
    [pytest.param("1994-12-01", id="Kiribati left out a day"), pytest.param("2011-12-01", id="and so did Samoa")],
)
def test_every_local_date_that_a_clock_showed_has_its_slot_in_every_zone(zone: str, since: str):
    """And it has one; half a year of each zone, with the two days that a country left out."""
    start, days = utc(since), 180
    found = slots_between(daily("12:00"), zone, start, start + timedelta(days=days), most=days + 2)
    dates = [due.local_date for due in found]
    clock = ZoneInfo(zone)
    shown = {(start + timedelta(hours=hour)).astimezone(clock).date() for hour in range(24, days * 24 - 24, 12)}

    assert len(dates) == len(set(dates))
    assert shown <= set(dates)


@given(rule=RULES)
def test_a_rule_is_read_as_it_was_written(rule: Rule):
    """Rules are kept as text, and equal rules are equal texts; quiet hours only where they say something."""
    kept = rule if rule.frequency.hours else Rule(rule.frequency, rule.at)

    assert parse_rule(rule_text(rule)) == kept


@given(days=DAYS, at=TIMES, zone=zones, now=INSTANTS)
def test_todays_edition_is_dated_today_whatever_the_hour(days: tuple[int, ...], at: time, zone: str, now: datetime):
    """`send --everyone` does not wait for the hour; on other days it is the latest edition."""
    today = now.astimezone(ZoneInfo(zone)).date()
    rule = Rule(Frequency(days), at)
    due = slot_for_today(rule, zone, now)

    if today.weekday() in days:
        assert due.local_date == today
    else:
        assert due == latest_slot(rule, zone, now)


@pytest.mark.parametrize(
    ("frequency", "day", "period"),
    [
        pytest.param(DAILY, "2026-11-23", "2026-11-23", id="daily: the local date"),
        pytest.param(Frequency((0, 3)), "2026-11-26", "2026-11-26", id="twice a week: the local date"),
        pytest.param(Frequency((0,)), "2026-11-23", "2026-W48", id="weekly: the ISO week"),
        pytest.param(
            Frequency((4,)), "2027-01-01", "2026-W53", id="weekly: New Year belongs to the old year's last week"
        ),
        pytest.param(Frequency(month_day=31), "2026-11-30", "2026-11", id="monthly: the month"),
        pytest.param(Frequency(hours=6), "2026-11-23", "2026-11-22T22:00Z", id="every six hours: the instant"),
    ],
)
def test_an_edition_is_named_by_its_period(frequency: Frequency, day: str, period: str):
    """The name is the same for every zone that has this local date."""
    assert period_of(frequency, Due(utc("2026-11-22T22:00"), date.fromisoformat(day))) == period


@given(
    RULES,
    st.sampled_from(ZONES),
    st.integers(0, 19_000_000).map(lambda minutes: utc("2000-01-01T00:00") + timedelta(minutes=minutes)),
    st.integers(0, 30),
    st.integers(1, 9),
)
def test_the_slots_between_two_instants_are_those_that_follow_each_other(rule, zone, since, span, most):
    """From the first on, without the last; the latest of them when there are more than were asked for."""
    until = since + timedelta(days=span)
    expected = []
    slot = next_slot(rule, zone, since - timedelta(microseconds=1))
    while slot < until:
        expected.append(slot)
        slot = next_slot(rule, zone, slot)

    found = slots_between(rule, zone, since, until, most=most)

    assert [due.slot_at for due in reversed(found)] == expected[-most:]
    assert len(set(expected)) == len(expected)
