"""Time zones as people write them, and what they are told when there is no such zone."""

from __future__ import annotations

import tomllib

import pytest

from digest.errors import BadInput
from digest.pipeline.newsletters import places
from digest.pipeline.newsletters.places import read_zone


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        pytest.param("PST", "America/Los_Angeles", id="winter time on the Pacific coast"),
        pytest.param("pdt", "America/Los_Angeles", id="summer time, in small letters"),
        pytest.param("KST", "Asia/Seoul", id="Korea"),
        pytest.param("UTC+9", "Etc/GMT-9, or a city like Asia/Tokyo", id="hours east"),
        pytest.param("GMT-05:00", "Etc/GMT+5, or a city like America/New_York", id="hours west"),
        pytest.param("+09:00", "Etc/GMT-9, or a city like Asia/Tokyo", id="an offset alone"),
        pytest.param("UTC+5:30", "Asia/Kolkata, that of a city with this clock", id="half an hour"),
        pytest.param("UTC+99", "Asia/Kolkata, that of a city with this clock", id="no such hour"),
        pytest.param("Seoul", "Asia/Seoul", id="a city alone"),
        pytest.param("Europe/Berlim", "Europe/Berlin", id="a slip of the pen"),
        pytest.param("XST", "Europe/Berlin", id="letters that nobody knows"),
    ],
)
def test_who_writes_no_zone_is_told_one_with_that_clock(text: str, hint: str):
    """A reader who follows the hint must not get the mail hours off."""
    with pytest.raises(BadInput) as told:
        read_zone(text)

    assert str(told.value) == f"{text!r} is no time zone; write an IANA name like {hint}"


def test_every_hint_is_a_zone_that_is_taken():
    """The table names cities, and nothing that is a zone already."""
    hints = tomllib.loads(places._HINTS_FILE.read_text("utf-8"))

    assert all(read_zone(city) == city for table in hints.values() for city in table.values())
    for letters in hints["letters"]:
        with pytest.raises(BadInput):
            read_zone(letters)
