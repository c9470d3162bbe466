"""Durations as people write them: "30m", "12h", "3d", "1h30m"; whole seconds."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SHAPE = re.compile(r"(?:\d{1,9}[wdhms])+")
_PART = re.compile(r"(\d+)([wdhms])")


def read_duration(text: str) -> timedelta:
    """Return the duration of *text* (weeks, days, hours, minutes, seconds); else raises ValueError."""
    compact = text.replace(" ", "").lower()
    if not _SHAPE.fullmatch(compact):
        raise ValueError('write a duration like "30m", "12h" or "3d"')
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(compact))
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError("this duration is too long") from None


def duration_text(duration: timedelta) -> str:
    """Return the shortest text that `read_duration` takes back: "3d", "1h30m", "0s"; whole seconds only."""
    rest = int(duration.total_seconds())
    parts = []
    for unit in "dhms":
        number, rest = divmod(rest, _UNITS[unit])
        parts.extend([f"{number}{unit}"] if number else [])
    return "".join(parts) or "0s"
