"""Dates as sources write them -> aware UTC, or None when they make no sense."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from digest.collection.clock import clock_after, zone_of
from digest.collection.dates_in_words import date_in_words
from digest.collection.markers import Markers

EARLIEST_YEAR = 1990
LATEST_YEAR = 2090
# A clock that is wrong, or a zone that was forgotten, makes a date lie up to a day ahead.
AHEAD = timedelta(days=1)

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(r"(\d{4})\s*[年년./]\s*(\d{1,2})\s*[月월./]\s*(\d{1,2})\s*[日일.]?\.?")
_DAY_FIRST = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](\d{4})\b")
_WEEKDAY_BEFORE = re.compile(r"[^\W\d_]{2,12}[.,]*\s+(?=\d)")


def parse_date(raw: object, markers: Markers | None = None) -> datetime | None:
    """Return the instant that *raw* names, aware UTC; None when it is no date or not sane.

    Reads ISO 8601 / RFC 3339, RFC 5322, 2026年11月20日, 2026. 11. 20., 20.11.2026, and month names of *markers*'
    languages, with the time of day that stands beside. A date without a zone is taken as UTC, without a time as
    midnight. Years before 1990 (the epoch
    of a broken clock among them) and after 2090 are not sane.
    """
    if isinstance(raw, datetime):
        return _aware(raw)
    if not isinstance(raw, str) or not raw.strip() or len(raw) > 100:
        return None
    text = " ".join(raw.split())
    try:
        found = _iso(text) or _mail(text) or _year_first(text) or _day_first(text)
        return found or _aware(date_in_words(text, markers.months if markers else {}))
    except (ValueError, OverflowError):
        return None


def sane(when: datetime | None, now: datetime | None) -> datetime | None:
    """Return *when*, or None when it lies in the future of *now* (a source that post-dates wins no freshness)."""
    if when is None or now is None or when <= now + AHEAD:
        return when
    return None


def _aware(when: datetime | None) -> datetime | None:
    if when is None or not EARLIEST_YEAR < when.year < LATEST_YEAR:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)


def _iso(text: str) -> datetime | None:
    found = _ISO.search(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    clock = clock_after(text, found.end(3))
    if clock and not found[7]:  # "2026-11-03 오후 3:20", "2026-11-03 3:20 pm EST"
        return _aware(datetime(year, month, day, clock.hour, clock.minute, min(second, 59), tzinfo=clock.zone))
    return _aware(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone_of(found[7])))


def _mail(text: str) -> datetime | None:
    weekday = _WEEKDAY_BEFORE.match(text)  # in whatever language; RFC 5322 needs none
    text = text[weekday.end() :] if weekday else text
    if not re.match(r"\d{1,2}\s+[A-Za-z]{3,9}\s+\d{2,4}\s+\d", text):
        return None
    try:
        return _aware(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError):
        return None


def _year_first(text: str) -> datetime | None:
    found = _YEAR_FIRST.search(text)
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups())
    clock = clock_after(text, found.end())
    if not clock:
        return _aware(datetime(year, month, day, tzinfo=UTC))
    return _aware(datetime(year, month, day, clock.hour, clock.minute, tzinfo=clock.zone))


def _day_first(text: str) -> datetime | None:
    found = _DAY_FIRST.search(text)
    if not found:
        return None
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    if "." in found[0] or first > 12:
        day, month = first, second
    elif second > 12:
        day, month = second, first
    else:
        # 11/12/2026 is November in one country and December in another.
        return None
    return _aware(datetime(year, month, day, tzinfo=UTC))
