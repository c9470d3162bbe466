"""How often a newsletter comes, as people write it, and the one form in which we keep it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time
from typing import Any

from digest.errors import BadInput
from digest.model.frequency import EVERY_DAY, Frequency, Quiet
from digest.pipeline.newsletters.checked_table import suggestion
from digest.scheduling.cadence import DAY_NAMES, frequency_text, parse_frequency

_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = {"daily": EVERY_DAY, "weekdays": EVERY_DAY[:5], "weekends": EVERY_DAY[5:]}
_EXAMPLES = '"daily", "weekdays", "mon|thu", "weekly fri", "monthly 31" or "every 6h"'
_LOCAL_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_MONTHLY = re.compile(r"monthly(?: (?:on (?:the )?)?(?:day )?(\d{1,2}|last)(?:st|nd|rd|th)?(?: day)?)?")
_HOURS = re.compile(r"(?:every )?(\d{1,4}) ?(?:h|hours?)")
_WEEKLY = re.compile(r"weekly(?: (?:on )?([a-z]+))?")


def read_frequency(text: str, first_day: int = 0) -> Frequency:
    """Return the frequency of a text like "daily", "mon|thu", "weekly", "monthly 31" or "every 6h".

    "weekly" without a day is on *first_day* (0 = Monday). Raises BadInput in words.
    """
    said = " ".join(text.casefold().split())
    if said in ("hourly", "every hour"):
        return Frequency(hours=1)
    if hours := _HOURS.fullmatch(said):
        return _hours(int(hours[1]), text)
    if monthly := _MONTHLY.fullmatch(said):
        day = 31 if monthly[1] == "last" else int(monthly[1] or 1)
        if not 1 <= day <= 31:
            raise BadInput(f"{text[:30]!r}: a month has days 1 to 31 (31 is its last day, whichever that is)")
        return Frequency(month_day=day)
    if (weekly := _WEEKLY.fullmatch(said)) and not weekly[1]:
        return Frequency((first_day,))
    names = weekly[1] if weekly else said
    try:
        return Frequency(read_days(names if names in _DAYS else re.split(r"[|;,\s]+", names.strip("|;, "))))
    except ValueError as problem:
        raise BadInput(f"{text[:30]!r} {problem}; write {_EXAMPLES}") from None


def _hours(number: int, text: str) -> Frequency:
    if number == 24:
        raise BadInput(f"{text[:30]!r} is once a day; write 'daily'")
    if not 1 <= number <= 23:
        raise BadInput(f"{text[:30]!r}: write a number of hours from 1 to 23, or days")
    return Frequency(hours=number)


def read_days(value: Any) -> tuple[int, ...]:
    """Return days (0 = Monday) of "daily", "weekdays", "weekends" or a list of names; raises ValueError."""
    if isinstance(value, str) and value.strip().lower() in _DAYS:
        return _DAYS[value.strip().lower()]
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(one, str) for one in names):
        raise ValueError('must be "daily", "weekdays" or a list like ["mon", "thu"]')
    days = set()
    for one in names:
        short = one.strip().lower()
        if short not in DAY_NAMES and short not in _LONG_DAYS:
            raise ValueError(f"has {one[:30]!r}, which is no day{suggestion(short[:30], (*DAY_NAMES, *_LONG_DAYS))}")
        days.add(DAY_NAMES.index(short[:3]))
    return tuple(sorted(days))


def read_local_time(text: str) -> time:
    """Return the time of "07:00" or "7:00"; raises ValueError on any other."""
    found = _LOCAL_TIME.fullmatch(text.strip())
    if not found:
        raise ValueError('must be a time of day like "07:00"')
    return time(int(found[1]), int(found[2]))


def read_quiet(text: str) -> Quiet:
    """Return the hours of "22:00-07:00"; raises ValueError on any other."""
    start, dash, end = text.replace("\u2013", "-").partition("-")
    try:
        quiet = Quiet(read_local_time(start), read_local_time(end))
    except ValueError:
        raise ValueError('must be two times of day like "22:00-07:00"') from None
    if not dash or quiet.start == quiet.end:
        raise ValueError('must be two different times of day like "22:00-07:00"')
    return quiet


def frequency_words(kept: str) -> str:
    """Return a kept frequency ("mon,tue,wed,thu,fri") as a person would write it ("weekdays"); "" stays ""."""
    names = {days: name for name, days in _DAYS.items()}
    return (names.get(_sorted(parse_frequency(kept).days)) or kept) if kept else ""


def _sorted(days: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(set(days)))


def kept_frequency(frequency: Frequency | None) -> str:
    """Return the form in which a reader's own frequency is kept; "" for the newsletter's."""
    return frequency_text(frequency) if frequency else ""
