"""The moment that a person names with --at, --since and --until."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer

from digest.cli.options import clock_at, moment

SEVEN_IN_SEOUL = datetime(2026, 11, 22, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-11-23T07:00+09:00", id="an offset"),
        pytest.param("2026-11-23 07:00+09:00", id="a space instead of the T"),
        pytest.param("2026-11-23T07:00 Asia/Seoul", id="a zone"),
        pytest.param("2026-11-23 07:00 asia/seoul", id="a zone in small letters"),
        pytest.param("2026-11-22T22:00Z", id="UTC as a letter"),
        pytest.param("2026-11-22 22:00 UTC", id="UTC as a zone"),
    ],
)
def test_a_time_with_an_offset_or_a_zone_is_taken_without_a_word(text, capsys):
    """All of these are one instant."""
    assert moment(text) == SEVEN_IN_SEOUL
    assert capsys.readouterr().err == ""


def test_a_time_without_a_zone_is_utc_and_says_so(capsys):
    """An editor in Seoul sees at once that seven in the morning was not hers."""
    assert moment("2026-11-22 22:00") == SEVEN_IN_SEOUL
    assert capsys.readouterr().err == "note: 2026-11-22 22:00 UTC was taken; write +09:00 or Asia/Seoul after it\n"


def test_an_hour_that_the_clock_skips_is_the_one_after_it():
    """Half past two does not exist on that night in Berlin: it is half past three, as for a reader's own hour."""
    assert moment("2026-03-29T02:30 Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("yesterday", "is not a time", id="a word"),
        pytest.param("2026-11-23T07:00 Asia/Soul", "Asia/Seoul", id="a zone that is misspelt"),
        pytest.param("2026-11-23T07:00+09:00 Asia/Seoul", "both", id="an offset and a zone"),
        pytest.param("", "is not a time", id="nothing"),
        pytest.param("0001-01-01T00:00 Asia/Seoul", "is not a time", id="before all time"),
    ],
)
def test_what_is_no_time_is_refused_with_what_to_write(text, words):
    """No traceback, no guess."""
    with pytest.raises(typer.BadParameter, match=words):
        moment(text)


@pytest.mark.parametrize("text", ["0001-01-01", "1969-12-31T23:59Z", "2201-01-01", "9999-12-31T23:59Z"])
def test_a_clock_does_not_show_what_no_calendar_around_it_reaches(text):
    """The days before and after are computed with; a log may be asked for since then all the same."""
    with pytest.raises(typer.BadParameter, match="from 1970 to 2200"):
        clock_at(text)

    assert moment(text).year == int(text[:4])


def test_without_a_time_the_clock_shows_now():
    """Which is what nearly everybody wants."""
    assert abs((clock_at(None) - datetime.now(UTC)).total_seconds()) < 5
