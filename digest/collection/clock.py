"""Times of day as dates carry them: "15:20 KST", "3:20 p. m.", "午後3時20分", and the zone that is written behind."""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from typing import NamedTuple

# RFC 5322, section 4.3, and names that no two regions share.
_ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8}
_ZONES |= {"PDT": -7, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "KST": 9, "JST": 9}
# Capitals only: "à 10h30 est publié" names no zone.
_ZONE = re.compile(rf"\s*\(?(?:(?:UTC|GMT)\s?)?([+-]\d{{2}}:?\d{{2}}|(?:{'|'.join(_ZONES)})\b)")
_LETTERS = re.compile(
    r"\b(?P<hour>\d{1,2})[:h](?P<minute>\d{2})(?!\d)(?::\d{2}(?:[.,]\d+)?)?"
    r"(?:\s*(?P<half>[ap]\.?\s?m\b|[πμ]\.?\s?μ\b)\.?)?",
    re.IGNORECASE,
)
# Chinese, Japanese and Korean write the half of the day before the hour, and may name the weekday before both.
_EAST = re.compile(
    r"\W*(?:(?:[^\W\d]曜日?|[^\W\d]요일|(?:星期|周|週)[^\W\d]|[^\W\d](?=\s*[)）]))[)）\s,]*)?"
    r"(?:(?P<early>오전|午前|上午|凌晨|早上)|(?P<late>오후|午後|下午|晚上)|kl\.?|um|à|at)?\s*"
    r"(?P<hour>\d{1,2})(?:[:h](?P<minute>\d{2})(?!\d)(?::\d{2})?|\s*[時时시點点](?:\s*(?P<said>\d{1,2})\s*[分분])?)",
    re.IGNORECASE,
)


class Clock(NamedTuple):
    """A time of day, and where in its text it begins and ends, its zone included."""

    hour: int
    minute: int
    zone: timezone
    start: int
    end: int


def find_clock(text: str) -> Clock | None:
    """Return the first time of day in *text* that has a colon, or an h as in French."""
    found = _LETTERS.search(text)
    if not found:
        return None
    half = (found["half"] or " ")[0].casefold()
    hour = _of_24(int(found["hour"]), early=half in ("a", "π"), late=half in ("p", "μ"))
    zone, end = _zone_after(text, found.end())
    return Clock(hour, int(found["minute"]), zone, found.start(), end)


def clock_after(text: str, at: int) -> Clock | None:
    """Return the time of day that stands in *text* at *at*, behind a date of year, month and day."""
    found = _EAST.match(text, at)
    if not found:
        return None
    western = _LETTERS.match(text, found.start("hour"))
    half = ((western and western["half"]) or " ")[0].casefold()
    late, early = found["late"] or half in ("p", "μ"), found["early"] or half in ("a", "π")
    hour = _of_24(int(found["hour"]), early=bool(early), late=bool(late))
    zone, end = _zone_after(text, western.end() if western else found.end())
    return Clock(hour, int(found["minute"] or found["said"] or 0), zone, found.start("hour"), end)


def zone_of(name: str | None) -> timezone:
    """Return the zone that *name* means, "+09:00", "-0500" or "EST"; UTC when it is none that we know."""
    if not name or name[0] not in "+-":
        return timezone(timedelta(hours=_ZONES.get((name or "").upper(), 0)))
    minutes = int(name[1:3]) * 60 + int(name[-2:])
    return timezone(timedelta(minutes=-minutes if name[0] == "-" else minutes))


def _zone_after(text: str, at: int) -> tuple[timezone, int]:
    found = _ZONE.match(text, at)
    return (zone_of(found[1]), found.end()) if found else (zone_of(None), at)


def _of_24(hour: int, *, early: bool, late: bool) -> int:
    """Return *hour* of the day: 12 in the morning is 0, 3 in the afternoon 15; what counts to 24 stays."""
    if hour > 12 or not (early or late):
        return hour
    return hour % 12 + (12 if late else 0)
