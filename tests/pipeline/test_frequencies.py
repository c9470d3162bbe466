"""How often, as people write it in files, and what is said to who writes something else."""

from __future__ import annotations

from datetime import time

import pytest

from digest.errors import BadInput
from digest.model.frequency import EVERY_DAY, Frequency, Quiet
from digest.pipeline.frequencies import frequency_words, kept_frequency, read_frequency, read_quiet


@pytest.mark.parametrize(
    ("said", "meant", "written"),
    [
        pytest.param("Daily", Frequency(EVERY_DAY), "daily", id="every day"),
        pytest.param("weekdays", Frequency((0, 1, 2, 3, 4)), "weekdays", id="Monday to Friday"),
        pytest.param("mon|thu", Frequency((0, 3)), "mon,thu", id="days, as a spreadsheet has them"),
        pytest.param("Thursday, monday", Frequency((0, 3)), "mon,thu", id="long names with a comma"),
        pytest.param("weekly", Frequency((4,)), "fri", id="weekly, on the newsletter's first day"),
        pytest.param("weekly on Tuesday", Frequency((1,)), "tue", id="weekly on a day"),
        pytest.param("monthly", Frequency(month_day=1), "monthly 1", id="the first"),
        pytest.param("monthly 31", Frequency(month_day=31), "monthly 31", id="the last"),
        pytest.param("monthly on the last day", Frequency(month_day=31), "monthly 31", id="the last in words"),
        pytest.param("every 6 hours", Frequency(hours=6), "every 6h", id="hours in words"),
        pytest.param("6h", Frequency(hours=6), "every 6h", id="hours in short"),
        pytest.param("hourly", Frequency(hours=1), "every 1h", id="every hour"),
    ],
)
def test_a_frequency_is_read_as_people_write_it(said: str, meant: Frequency, written: str):
    """And what an export writes is read as the same."""
    found = read_frequency(said, first_day=4)

    assert found == meant
    assert frequency_words(kept_frequency(found)) == written
    assert read_frequency(written) == meant


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param("fortnightly", "which is no day", id="a word of nobody"),
        pytest.param("mondy", "did you mean 'monday'", id="a slip of the pen"),
        pytest.param("every 24h", "write 'daily'", id="once a day"),
        pytest.param("every 90h", "from 1 to 23", id="days in hours"),
        pytest.param("every 0h", "from 1 to 23", id="no time at all"),
        pytest.param("monthly 32", "1 to 31", id="no such day"),
        pytest.param("monthly 0", "1 to 31", id="nor this one"),
        pytest.param("|", "no day", id="nothing"),
    ],
)
def test_what_is_no_frequency_is_refused_in_words(said: str, told: str):
    """With what to write instead."""
    with pytest.raises(BadInput, match=told):
        read_frequency(said)


def test_quiet_hours_are_two_different_times():
    """From one to the other, over midnight too."""
    assert read_quiet("22:00-7:00") == Quiet(time(22), time(7))
    for wrong in ("22:00", "22:00-22:00", "22-7", "night"):
        with pytest.raises(ValueError, match="times of day"):
            read_quiet(wrong)
