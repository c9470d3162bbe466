"""Quiet hours: what falls into them waits for their end on the reader's wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.frequency import Quiet
from digest.scheduling.quiet import after_quiet

NIGHT = Quiet(time(22), time(7))
ZONES = sorted(zone for zone in available_timezones() if "/" in zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "quiet", "due", "sent"),
    [
        pytest.param("Europe/London", NIGHT, "2026-06-01T21:30", "2026-06-02T06:00", id="Q1 07:00 BST"),
        pytest.param("Europe/London", NIGHT, "2026-06-02T05:59", "2026-06-02T06:00", id="Q2 the last minute"),
        pytest.param("Europe/London", NIGHT, "2026-06-02T06:00", "2026-06-02T06:00", id="Q2 the end is open"),
        pytest.param("Europe/Berlin", NIGHT, "2026-03-28T23:30", "2026-03-29T05:00", id="Q3 a night of summer time"),
        pytest.param("Europe/Berlin", NIGHT, "2026-10-24T22:30", "2026-10-25T06:00", id="Q4 a night of winter time"),
        pytest.param(
            "America/New_York",
            Quiet(time(22), time(2, 30)),
            "2026-03-08T04:00",
            "2026-03-08T07:30",
            id="Q5 the end is skipped",
        ),
        pytest.param(
            "Asia/Kolkata", Quiet(time(13), time(14)), "2026-06-01T08:00", "2026-06-01T08:30", id="Q6 at noon"
        ),
        pytest.param(
            "Asia/Kolkata", Quiet(time(13), time(14)), "2026-06-01T12:30", "2026-06-01T12:30", id="Q6 afterwards"
        ),
        pytest.param(
            "America/New_York",
            Quiet(time(22), time(1, 30)),
            "2026-11-01T06:10",
            "2026-11-01T06:30",
            id="the end comes twice and the first is past",
        ),
    ],
)
def test_a_mail_in_quiet_hours_waits_for_their_end(zone: str, quiet: Quiet, due: str, sent: str):
    """By the clock on the wall, also when it is changed meanwhile."""
    assert after_quiet(utc(due), quiet, zone) == utc(sent)


@given(
    st.sampled_from(ZONES),
    st.builds(Quiet, st.times(), st.times()),
    st.integers(946_684_800, 2_143_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_no_mail_waits_for_longer_than_two_days_or_goes_before_its_time(zone: str, quiet: Quiet, due: datetime):
    """Nor twice: what waited until the end is not moved again, but for a night in which the clocks go back over it."""
    sent = after_quiet(due, quiet, zone)

    assert due <= sent <= due + timedelta(hours=48)
