"""How often a newsletter comes, and in which hours it rests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Frequency:
    """One of three: days of the week (0 = Monday), a day of the month (31 is its last day), every so many hours."""

    days: tuple[int, ...] = ()
    month_day: int = 0
    hours: int = 0

    def __post_init__(self) -> None:
        """Refuse what names none of the three, or more than one."""
        if (bool(self.days) + bool(self.month_day) + bool(self.hours)) != 1:
            raise ValueError("a frequency has days of the week, a day of the month or a number of hours")
        if not (set(self.days) <= set(EVERY_DAY) and 0 <= self.month_day <= 31 and 0 <= self.hours <= 23):
            raise ValueError("a frequency has days 0 to 6, a day of the month 1 to 31 or 1 to 23 hours")


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local hours without mail, from `start` to before `end`, over midnight when `end` is earlier."""

    start: time
    end: time
