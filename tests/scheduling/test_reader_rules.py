"""Quiet hours, quiet days and caps for mail of events."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model.frequency import Quiet
from digest.scheduling.reader_rules import ReaderRules, day_of, has_room, send_time
from digest.scheduling.zones import zone_of

NIGHT = Quiet(time(22), time(7))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("zone", "quiet", "due", "goes"),
    [
        pytest.param("Europe/London", NIGHT, "2026-06-01T21:30", "2026-06-02T06:00", id="Q1 in the night"),
        pytest.param("Europe/London", NIGHT, "2026-06-02T05:59", "2026-06-02T06:00", id="Q2 its last minute"),
        pytest.param("Europe/London", NIGHT, "2026-06-02T06:00", "2026-06-02T06:00", id="Q2 its end is open"),
        pytest.param("Europe/Berlin", NIGHT, "2026-03-28T23:30", "2026-03-29T05:00", id="Q3 clocks go forward"),
        pytest.param("Europe/Berlin", NIGHT, "2026-10-24T22:30", "2026-10-25T06:00", id="Q4 clocks go back"),
        pytest.param(
            "America/New_York", Quiet(time(22), time(2, 30)), "2026-03-08T04:00", "2026-03-08T07:30", id="Q5 in the gap"
        ),
        pytest.param("Asia/Kolkata", Quiet(time(13), time(14)), "2026-06-01T08:00", "2026-06-01T08:30", id="Q6 lunch"),
        pytest.param("Asia/Kolkata", Quiet(time(13), time(14)), "2026-06-01T12:30", "2026-06-01T12:30", id="Q6 not"),
        pytest.param(
            *("Europe/Berlin", Quiet(time(2, 30), time(2, 45)), "2026-03-29T00:59", "2026-03-29T00:59"),
            id="quiet time that the clocks jump over",
        ),
        pytest.param(
            *("Europe/Berlin", Quiet(time(1), time(2, 30)), "2026-10-25T00:29", "2026-10-25T00:30"),
            id="its end comes twice: the first",
        ),
        pytest.param(
            *("Europe/Berlin", Quiet(time(1), time(2, 30)), "2026-10-25T01:15", "2026-10-25T01:30"),
            id="in its last hour once more",
        ),
        pytest.param(
            *("Australia/Lord_Howe", NIGHT, "2026-10-03T13:00", "2026-10-03T20:00"), id="half an hour in the night"
        ),
        pytest.param(
            "Africa/Cairo", Quiet(time(22), time(0)), "2026-04-23T21:00", "2026-04-23T22:00", id="no midnight"
        ),
    ],
)
def test_mail_that_is_due_in_quiet_hours_goes_when_they_end(zone: str, quiet: Quiet, due: str, goes: str) -> None:
    """By the clock on the reader's wall (Q7, critical mail, is in tests/pipeline/test_event_rules.py)."""
    assert send_time(at(due), ReaderRules(quiet), zone) == at(goes)


def test_a_quiet_day_ends_with_the_quiet_hours_of_the_next() -> None:
    """Saturday and Sunday are quiet, and so is every night."""
    rules = ReaderRules(NIGHT, (5, 6))

    assert send_time(at("2026-06-05T21:30"), rules, "UTC") == at("2026-06-05T21:30")
    assert send_time(at("2026-06-06T12:00"), rules, "UTC") == at("2026-06-08T07:00")
    assert send_time(at("2026-06-05T22:30"), rules, "UTC") == at("2026-06-08T07:00")


def test_not_all_days_can_be_quiet() -> None:
    """No mail would ever go."""
    with pytest.raises(ValueError, match="not all days"):
        send_time(at("2026-06-01T00:00"), ReaderRules(None, tuple(range(7))), "UTC")


def test_a_cap_counts_the_mails_of_the_readers_own_day() -> None:
    """Eleven at night in Seoul is two in the afternoon in UTC."""
    late, early = at("2026-06-01T14:00"), at("2026-06-01T16:00")

    assert not has_room(ReaderRules(daily_cap=1), [late], late + timedelta(minutes=30), "Asia/Seoul")
    assert has_room(ReaderRules(daily_cap=1), [late], early, "Asia/Seoul")
    assert has_room(ReaderRules(), [late] * 50, late, "Asia/Seoul")


@settings(max_examples=60)
@given(
    st.integers(0, 365 * 24 * 60),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kolkata"]
    ),
    st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1]),
    st.sets(st.integers(0, 6), max_size=6),
)
def test_mail_never_goes_in_a_quiet_time_nor_before_it_is_due(
    minute: int, zone: str, hours: tuple[time, time], days: set[int]
) -> None:
    """And the days around it have an order."""
    due, rules = (
        datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute),
        ReaderRules(Quiet(*hours), tuple(sorted(days))),
    )
    goes = send_time(due, rules, zone)
    begins, ends = day_of(goes, zone)

    assert due <= goes <= due + timedelta(days=9)
    assert goes.astimezone(zone_of(zone)).weekday() not in days
    assert send_time(goes, rules, zone) == goes
    assert begins <= goes < ends
