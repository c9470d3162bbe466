"""Dates as sources write them -> aware UTC, or None when they make no sense."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from digest.collection.clean import fold
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
_TIME_AFTER = re.compile(r"^\W*(?:\(.\)\s*)?(?:오전\s*|午前\s*|kl\.?\s*|um\s+|à\s+|at\s+)?(\d{1,2})[:h時时](\d{2})")
_DAY_FIRST = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](\d{4})\b")
_WORDS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff])*(?:\s+الثاني|\s+الأول)?")
_THAI = re.compile("[\u0e00-\u0e7f]")
_THAI_ERA = 543  #: years that the Buddhist era is ahead
_NUMBERS = re.compile(r"\d+")
_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::\d{2})?\s*([ap]\.?m\.?)?", re.IGNORECASE)


def parse_date(raw: object, markers: Markers | None = None) -> datetime | None:
    """Return the instant that *raw* names, aware UTC; None when it is no date or not sane.

    Reads ISO 8601 / RFC 3339, RFC 5322, 2026年11月20日, 2026. 11. 20., 20.11.2026, and month names of *markers*'
    languages. A date without a zone is taken as UTC, without a time as midnight. Years before 1990 (the epoch
    of a broken clock among them) and after 2090 are not sane.
    """
    if isinstance(raw, datetime):
        return _aware(raw)
    if not isinstance(raw, str) or not raw.strip() or len(raw) > 100:
        return None
    text = " ".join(raw.split())
    try:
        return _iso(text) or _mail(text) or _year_first(text) or _day_first(text) or _in_words(text, markers)
    except (ValueError, OverflowError):
        return None


def sane(when: datetime | None, now: datetime | None) -> datetime | None:
    """Return *when*, or None when it lies in the future of *now* (a source that post-dates wins no freshness)."""
    if when is None or now is None or when <= now + AHEAD:
        return when
    return None


def _aware(when: datetime) -> datetime | None:
    if not EARLIEST_YEAR < when.year < LATEST_YEAR:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)


def _iso(text: str) -> datetime | None:
    found = _ISO.search(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    return _aware(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_zone(found[7])))


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _mail(text: str) -> datetime | None:
    if not re.match(r"(?:[A-Za-z]{3,9},?\s+)?\d{1,2}\s+[A-Za-z]{3,9}\s+\d{2,4}\s+\d", text):
        return None
    try:
        return _aware(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError):
        return None


def _year_first(text: str) -> datetime | None:
    found = _YEAR_FIRST.search(text)
    if not found:
        return None
    clock = _TIME_AFTER.match(text[found.end() :])
    hour, minute = (int(clock[1]), int(clock[2])) if clock else (0, 0)
    return _aware(datetime(int(found[1]), int(found[2]), int(found[3]), hour, minute, tzinfo=UTC))


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


def _in_words(text: str, markers: Markers | None) -> datetime | None:
    names = [fold(word) for word in _WORDS.findall(text)]
    month = next((markers.months[name] for name in names if markers and name in markers.months), 0)
    clock = _CLOCK.search(text)
    numbers = [int(number) for number in _NUMBERS.findall(_CLOCK.sub(" ", text)) if len(number) <= 4]
    year = next((number for number in numbers if number > 1900), 0)
    if year > LATEST_YEAR and _THAI.search(text):
        year -= _THAI_ERA
    day = next((number for number in numbers if 1 <= number <= 31), 0)
    if not (month and year and day):
        return None
    hour, minute = (int(clock[1]), int(clock[2])) if clock else (0, 0)
    if clock and clock[3]:
        hour = hour % 12 + (12 if clock[3].lower().startswith("p") else 0)
    return _aware(datetime(year, month, day, hour, minute, tzinfo=UTC))
