"""How often, as people write it in files, and what is said to who writes something else."""

from __future__ import annotations

import csv
import io
from datetime import time
from pathlib import Path

import pytest

from digest.errors import BadInput, BadNewsletter
from digest.model.frequency import EVERY_DAY, Frequency, Quiet
from digest.pipeline.newsletters.apply_newsletters import apply_file
from digest.pipeline.newsletters.frequencies import frequency_words, kept_frequency, read_frequency, read_quiet
from digest.pipeline.subscribers.export_subscribers import export_subscribers
from digest.pipeline.subscribers.import_subscribers import import_file
from tests.house import SECRET, House


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


def test_a_list_with_frequencies_and_pauses_goes_out_as_it_came_in(house: House):
    """Each reader's own, a pause until a midnight in their zone; and moved to another installation it is the same."""
    house.reader("anna@example.org", timezone="Asia/Seoul", frequency="weekdays", paused_until="2026-12-24")
    house.reader("ben@example.org", frequency="monthly 31", send_at="06:30")
    house.reader("cho@example.org")
    out = io.StringIO()
    export_subscribers(house.engine, out, newsletter="daily")
    found = {row["email"]: row for row in csv.DictReader(io.StringIO(out.getvalue()))}

    assert [(row["frequency"], row["paused_until"], row["state"]) for row in found.values()] == [
        ("weekdays", "2026-12-23T15:00:00+00:00", "paused"),
        ("monthly 31", "", "active"),
        ("", "", "active"),
    ]
    assert [row for (row,) in house.rows("SELECT rule FROM cadences ORDER BY rule")] == [
        "mon,tue,wed,thu,fri,sat,sun|07:00",
        "mon,tue,wed,thu,fri|07:00",
        "monthly 31|06:30",
    ]


def test_a_file_without_the_column_leaves_the_frequency_and_one_with_an_empty_cell_takes_it_back(house: House):
    """As with the hour."""
    house.reader("anna@example.org", frequency="weekly fri")
    house.reader("anna@example.org", name="Anna")
    kept = house.rows("SELECT frequency FROM subscriptions")
    house.reader("anna@example.org", frequency="")

    assert (kept, house.rows("SELECT frequency FROM subscriptions")) == ([("fri",)], [("",)])


def test_a_cell_that_is_no_frequency_or_day_is_told_with_its_column(house: House):
    """And the row is left out."""
    rows = "email,frequency,paused_until\nanna@example.org,fortnightly,soon\n"
    done = import_file(
        house.engine, io.BytesIO(rows.encode()), newsletter="daily", now=house.clock.now(), secret=SECRET
    )

    assert [(each.line, each.column) for each in done.problems] == [(2, "frequency"), (2, "paused_until")]


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        pytest.param('frequency = "monthly 31"', "monthly 31|07:00", id="monthly"),
        pytest.param('frequency = "every 4h"\nquiet = "22:00-06:00"', "every 4h|07:00|22:00-06:00", id="with a rest"),
        pytest.param('days = ["mon", "thu"]\nquiet = "22:00-06:00"', "mon,thu|07:00", id="days have named hours"),
    ],
)
def test_a_newsletter_file_says_how_often(house: House, tmp_path: Path, said: str, rule: str):
    """And the database says the same again."""
    file = tmp_path / "letters.toml"
    file.write_text(
        '[newsletters.letter]\nname = "Letter"\npostal_address = "1 Example Street"\n'
        f'sender = {{name = "Press", address = "press@example.org"}}\n[newsletters.letter.schedule]\n{said}\n'
    )
    apply_file(house.engine, file, now=house.clock.now())
    house.reader("anna@example.org", "letter")

    assert house.rows("SELECT rule FROM cadences") == [(rule,)]
    assert apply_file(house.engine, file, now=house.clock.now()).changes == ()


def test_a_newsletter_has_days_or_a_frequency_and_not_both(house: House, tmp_path: Path):
    """Every problem is told with its line."""
    file = tmp_path / "letters.toml"
    file.write_text(
        '[newsletters.letter]\nname = "Letter"\npostal_address = "1 Example Street"\n'
        'sender = {name = "Press", address = "press@example.org"}\n'
        '[newsletters.letter.schedule]\ndays = "daily"\nfrequency = "every 30h"\nquiet = "at night"\n'
    )
    with pytest.raises(BadNewsletter) as caught:
        apply_file(house.engine, file, now=house.clock.now())

    assert [line.partition("schedule.")[2].split()[0] for line in str(caught.value).splitlines()] == [
        "frequency",
        "frequency",
        "quiet",
    ]
