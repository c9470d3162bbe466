"""Dates whose month is a word: "November 3, 2026 at 3:20 pm", "mar., 03 nov. 2026 10:00 +0100"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from digest.collection.clean import fold
from digest.collection.clock import find_clock

# What may stand between a day and its month: "3 de noviembre", "3rd of November".
_MOST_BETWEEN = 2
_LONGEST_BETWEEN = 4  #: letters
_WORDS = re.compile(r"\d+|[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff])*(?:\s+الثاني|\s+الأول)?")
_THAI = re.compile("[\u0e00-\u0e7f]")
_THAI_ERA = 543  #: years that the Buddhist era is ahead
_FIRST_YEAR = 1900
_LAST_YEAR = 2090


class _Word(NamedTuple):
    """A word or number, folded; `parted` when a comma stands before it."""

    text: str
    parted: bool

    @property
    def day(self) -> int:
        """The day of the month that it may be, or 0."""
        return int(self.text) if self.text.isdecimal() and len(self.text) <= 2 and 1 <= int(self.text) <= 31 else 0


def date_in_words(text: str, months: Mapping[str, int]) -> datetime | None:
    """Return the first date in *text* whose month is one of *months*, folded names to 1-12; None when there is none.

    Without a zone it is UTC, without a time midnight. Raises ValueError for a 31st of November.
    """
    clock = find_clock(text)
    if clock:
        text = f"{text[: clock.start]} {text[clock.end :]}"
    words = _words(text)
    found = _day_and_month(words, months)
    years = (int(word.text) for word in words if word.text.isdecimal() and len(word.text) == 4)
    year = next((number for number in years if number > _FIRST_YEAR), 0)
    if year > _LAST_YEAR and _THAI.search(text):
        year -= _THAI_ERA
    if not (found and year):
        return None
    hour, minute, zone = (clock.hour, clock.minute, clock.zone) if clock else (0, 0, UTC)
    return datetime(year, found[1], found[0], hour, minute, tzinfo=zone)


def _words(text: str) -> list[_Word]:
    words, end = list[_Word](), 0
    for found in _WORDS.finditer(text):
        words.append(_Word(fold(found[0]), any(comma in text[end : found.start()] for comma in ",،、")))
        end = found.end()
    return words


def _day_and_month(words: Sequence[_Word], months: Mapping[str, int]) -> tuple[int, int] | None:
    """Return the first day and month that stand together.

    "mar., 03 nov. 2026" is no day in March: some languages shorten Tuesday so.
    """
    named = [at for at, word in enumerate(words) if word.text in months]
    days = {at: _day_before(words, at) for at in named}
    for at in named:
        behind = words[at + 1].day if at + 1 < len(words) else 0
        taken = any(days[other] == at + 1 for other in named)
        if days[at] >= 0:
            return words[days[at]].day, months[words[at].text]
        if behind and not taken:
            return behind, months[words[at].text]
    day = next((word.day for word in words if word.day), 0)
    return (day, months[words[named[0]].text]) if day and named else None


def _day_before(words: Sequence[_Word], month: int) -> int:
    """Return where the day of the *month*-th word stands before it, -1 when it does not."""
    for at in range(month - 1, max(-1, month - 2 - _MOST_BETWEEN), -1):
        if words[at + 1].parted:
            return -1
        if words[at].day:
            return at
        if words[at].text.isdecimal() or len(words[at].text) > _LONGEST_BETWEEN:
            return -1
    return -1
