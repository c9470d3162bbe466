"""Lines that tell about the article and are not part of it: date, author, the page's own address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, fold, weight
from digest.collection.dateline import author_of_dateline, says_only_when
from digest.collection.dates import parse_date
from digest.collection.language import language_tag
from digest.collection.links import http_url
from digest.collection.markers import Markers
from digest.collection.names import is_name

ZONE = 8
_LABELLED = re.compile(r"^\W*([^:：=＝]{1,40}?)\s*[:：=＝]\s*(.+)$")
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
        if told is None and kept and len(lines) > 1 and _stands_over_date(lines[0], lines[1], markers):
            told = Facts(author=lines[0].text)
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


def _stands_over_date(block: Block, below: Block, markers: Markers) -> bool:
    """Whether *block* is nothing but a name, over the line *below* that says when: a byline without a word for it."""
    words = block.text.split()
    bare = block.shape is not Shape.HEADING and 2 <= len(words) <= 4 and not ends_sentence(block.text, questions=True)
    return bare and "," not in block.text and is_name(words) and author_of_dateline(below.text, markers) is not None


def read_fact(line: str, markers: Markers, *, title_known: bool = True) -> Facts | None:
    """Return what *line* tells about the article, None when it is part of the article."""
    if weight(line) > 200:
        return None
    bare = "" if " " in line else http_url(line.strip("<>"))
    if bare:
        return Facts(url=bare)
    return _labelled(line, markers) or _date_line(line, markers) or _byline(line, markers, title_known)


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
        return Facts(published_at=when) if when or says_only_when(value, markers, strangers=2) else None
    if label in markers.topics and weight(value) <= 160:
        return Facts(topics=tuple(part for part in (word.strip(" #") for word in re.split("[,;、،#]", value)) if part))
    if label in _LANGUAGE and language_tag(value):
        return Facts(language=language_tag(value))
    if label in markers.byline and weight(value) <= 80 and not ends_sentence(value):
        return Facts(author=value)
    return None


def _date_line(line: str, markers: Markers) -> Facts | None:
    author = author_of_dateline(line, markers)
    return None if author is None else Facts(published_at=parse_date(line, markers), author=author)


def _byline(line: str, markers: Markers, title_known: bool) -> Facts | None:
    words = line.split()
    if not title_known or weight(line) > 80 or not 1 < len(words) <= 9 or ends_sentence(line, questions=True):
        return None
    for after in markers.byline_after:
        name = re.fullmatch(rf"\W*(\S{{2,6}}(?:\s\S{{1,8}})?)\s*{after}(?:\s+\S+@\S+)?\W*", line)
        if name and weight(line) <= 60:
            return Facts(author=name[1])
    for count in (1, 2, 3):
        if fold(" ".join(words[:count])) in markers.byline and is_name(words[count:]):
            return Facts(author=" ".join(words[count:]))
    return None
