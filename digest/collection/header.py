"""Lines that tell about the article and are not part of it: date, author, the page's own address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, fold, weight
from digest.collection.dates import parse_date
from digest.collection.language import language_tag
from digest.collection.links import http_url
from digest.collection.markers import Markers

ZONE = 8
_LABELLED = re.compile(r"^\W*([^:：=＝]{1,40}?)\s*[:：=＝]\s*(.+)$")
_YEAR = re.compile(r"\d{4}")
_WITHOUT_CASE = re.compile("[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0eff\u1100-\u11ff\u2e80-\uffdc]")
_DATE_WORDS = frozenset(
    word
    for row in (
        "am pm a m p utc gmt kst jst cet cest est edt pst bst ist msk at um uhr of th st nd rd de del den le der t z",
        "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag 년 월 일 年 月 日 오전 오후 г в",
    )
    for word in row.split()
)
_PARTICLES = frozenset(
    {*("and", "und", "et", "y", "e", "i", "и", "&", "of", "for")}
    | {
        *(
            "de",
            "da",
            "do",
            "dos",
            "del",
            "della",
            "di",
            "van",
            "von",
            "der",
            "den",
            "la",
            "le",
            "el",
            "al",
            "bin",
            "ben",
        )
    }
)
_TOPICS = frozenset(
    {"topics", "topic", "tags", "tag", "categories", "category", "keywords", "주제", "태그", "タグ", "トピック"}
)
_LANGUAGE = frozenset({"language", "lang", "sprache", "langue", "idioma", "언어", "言語"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What such lines told; empty where they told nothing."""

    published_at: datetime | None = None
    url: str = ""
    author: str = ""
    language: str = ""
    topics: tuple[str, ...] = ()

    def with_more(self, more: Facts) -> Facts:
        """Return these facts, gaps filled from *more*."""
        return Facts(
            self.published_at or more.published_at,
            self.url or more.url,
            self.author or more.author,
            self.language or more.language,
            self.topics or more.topics,
        )


def take_facts(blocks: Sequence[Block], markers: Markers, *, lists: bool = False) -> tuple[list[Block], Facts]:
    """Return *blocks* without such lines at either end, and what those lines told.

    Only the first lines (before the first long paragraph) and the last lines are looked at; a title is never
    taken for one unless it says what it is ("URL: …"). With *lists*, a list of related articles may still stand at
    the end, so that a bare address there belongs to its entry.
    """
    kept: list[Block] = []
    facts = Facts()
    lines = list(blocks)
    while lines and len(kept) <= ZONE:
        told = (
            read_fact(lines[0].text, markers, title_known=bool(kept)) if lines[0].shape is not Shape.HEADING else None
        )
        if told is not None:
            facts = facts.with_more(told)
        elif weight(lines[0].text) > 160 and len(kept) >= 2:
            break
        else:
            kept.append(lines[0])
        lines.pop(0)
    kept.extend(lines)
    while len(kept) > 2:
        told = read_fact(kept[-1].text, markers, title_known=True)
        if told is None or kept[-1].shape is Shape.HEADING or (lists and http_url(kept[-1].text)):
            break
        facts = facts.with_more(told)
        kept.pop()
    return kept, facts


def read_fact(line: str, markers: Markers, *, title_known: bool = True) -> Facts | None:
    """Return what *line* tells about the article, None when it is part of the article."""
    if weight(line) > 200:
        return None
    bare = "" if " " in line else http_url(line.strip("<>"))
    if bare:
        return Facts(url=bare)
    return _labelled(line, markers) or _date_line(line, markers, title_known) or _byline(line, markers, title_known)


def _labelled(line: str, markers: Markers) -> Facts | None:
    found = _LABELLED.match(line)
    if not found:
        return None
    label, value = fold(found[1]), found[2].strip()
    if label in markers.source:
        url = http_url(value.strip("<>"))
        return Facts(url=url) if url else None
    if label in markers.published:
        when = parse_date(value, markers)
        return Facts(published_at=when) if when or _is_date(value, markers, 2) else None
    if label in _TOPICS and weight(value) <= 160:
        return Facts(topics=tuple(part for part in (word.strip(" #") for word in re.split("[,;、،#]", value)) if part))
    if label in _LANGUAGE and language_tag(value):
        return Facts(language=language_tag(value))
    if label in markers.byline and weight(value) <= 80 and not ends_sentence(value):
        return Facts(author=value)
    return None


def _date_line(line: str, markers: Markers, title_known: bool) -> Facts | None:
    if weight(line) > 100 or not _YEAR.search(line):
        return None
    folded = fold(line)
    labels = sorted(markers.published, key=len, reverse=True)
    label = next((word for word in labels if folded.startswith(f"{word} ")), "")
    rest = folded.removeprefix(label)
    if not _is_date(rest, markers, 1 if title_known and label else 0):
        return None
    return Facts(published_at=parse_date(line, markers))


def _is_date(text: str, markers: Markers, strangers: int) -> bool:
    words = re.findall(r"\d+|[^\W\d]+", fold(text))
    if weight(text) > 60 or not any(word.isdecimal() and len(word) == 4 for word in words):
        return False
    unknown = [
        word for word in words if not word.isdecimal() and word not in _DATE_WORDS and word not in markers.months
    ]
    known = len(words) - len(unknown)
    return known >= 3 and len(unknown) <= strangers


def _byline(line: str, markers: Markers, title_known: bool) -> Facts | None:
    words = line.split()
    if not title_known or weight(line) > 80 or not 1 < len(words) <= 9 or ends_sentence(line, questions=True):
        return None
    for after in markers.byline_after:
        name = re.fullmatch(rf"\W*(\S{{2,6}}(?:\s\S{{1,8}})?)\s*{after}(?:\s+\S+@\S+)?\W*", line)
        if name and weight(line) <= 60:
            return Facts(author=name[1])
    for count in (1, 2):
        if fold(" ".join(words[:count])) in markers.byline and _is_name(words[count:]):
            return Facts(author=" ".join(words[count:]))
    return None


def _is_name(words: Sequence[str]) -> bool:
    """Whether *words* could be names: capitals, or a few words of a script without them."""
    if not words:
        return False
    if any(_WITHOUT_CASE.match(word) for word in words):
        return len(words) <= 4
    plain = [word.strip(",.()") for word in words]
    return plain[0][:1].isupper() and all(word[:1].isupper() or word.casefold() in _PARTICLES for word in plain)
