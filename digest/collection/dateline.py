"""A line that says when the article appeared, and perhaps where, by whom and how long it takes to read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from digest.collection.clean import ends_sentence, fold, weight
from digest.collection.dates import parse_date
from digest.collection.markers import Markers
from digest.collection.names import is_name

LONGEST = 140
LONGEST_LABEL = 3  #: words
LONGEST_PLACE = 3
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
# A hyphen parts a line only between spaces: "2026-11-09" is one date.
_PARTS = re.compile(r"\s*[,;:/]\s+|\s*[|·•：，、—]\s*|\s+[-–]\s+")
_AROUND = " \t.()[]<>-–"
_TOKENS = re.compile(r"\d+|[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff])*")


def author_of_dateline(line: str, markers: Markers) -> str | None:
    """Return the author that *line* names, "" when none; None when it tells more than when, where and by whom.

    Every part of such a line is a date, a time, words for one, a name after the words for an author, one place, or
    furniture such as "6 min read": "Oslo - 9 Nov 2026 | By Ada Finch".
    """
    if weight(line) > LONGEST or not _YEAR.search(line) or ends_sentence(line, questions=False):
        return None
    author, dated, places = "", False, 0
    for part in _PARTS.split(line):
        if markers.lines.match(part):
            continue
        for words in _without_labels(part.strip(_AROUND).split(), markers.published | markers.source):
            said = " ".join(words)
            when, by = _before_author(words, markers)
            if (not when or says_only_when(" ".join(when), markers)) and (by or when):
                dated |= bool(_YEAR.search(" ".join(when)))
                author = author or by
                continue
            places += 1
            if places > 1 or len(words) > LONGEST_PLACE or not is_name(words) or any(map(str.isdigit, said)):
                return None
    return author if dated and (not places or parse_date(line, markers) is not None) else None


def says_only_when(text: str, markers: Markers, *, strangers: int = 0) -> bool:
    """Whether *text* has nothing but numbers, months and the words around them, save so many *strangers*."""
    words = [word for token in fold(text).split() for word in _TOKENS.findall(token)]
    known = [word for word in words if word.isdecimal() or word in markers.clock or word in markers.months]
    numbers = any(word.isdecimal() for word in words)
    return weight(text) <= 60 and len(words) - len(known) <= strangers and numbers


def _without_labels(words: Sequence[str], labels: Collection[str]) -> Iterator[list[str]]:
    """Give the runs of *words* between those that are labels ("updated on")."""
    run: list[str] = []
    at = 0
    while at < len(words):
        size = next((n for n in range(LONGEST_LABEL, 0, -1) if fold(" ".join(words[at : at + n])) in labels), 0)
        if size:
            if run:
                yield run
            run = []
        else:
            run.append(words[at])
        at += size or 1
    if run:
        yield run


def _before_author(words: list[str], markers: Markers) -> tuple[list[str], str]:
    """Return the *words* before those for an author, and the author's name; all of them and "" when there is none."""
    for at in range(len(words)):
        for size in (1, 2, 3):
            if fold(" ".join(words[at : at + size])) in markers.byline and is_name(words[at + size :]):
                return words[:at], " ".join(words[at + size :])
    return words, ""
