"""The plain-text article page -> article: title, deck, paragraphs under headings, disclaimer, related list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from digest.collection.anatomy import Parts, dissect
from digest.collection.blocks import Block, Shape
from digest.collection.clean import split_lines
from digest.collection.dates import sane
from digest.collection.disclaimer import Judge, Strength
from digest.collection.language import guess_language
from digest.collection.markers import Markers, load_markers, own_first
from digest.collection.wrapping import Known, find_wrap, unwrap
from digest.errors import BadArticle
from digest.model.article import Article

MAX_TEXT = 512 * 1024
LONGEST_TITLE = 500
_MARKDOWN_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


def read_plaintext(text: str, *, now: datetime | None = None, languages: Markers | None = None) -> Article:
    """Return the article that the page *text* holds.

    *languages* are the marker tables to use, all shipped ones when None. Dates later than *now* are dropped.
    Raises BadArticle when there is no title, nothing under the title, or more than 512 KB of text.
    """
    if len(text) > MAX_TEXT:
        raise BadArticle(f"the text has {len(text):,} characters; at most {MAX_TEXT:,} are read as one article")
    lines = split_lines(text)
    if not any(lines):
        raise BadArticle("the file is empty; put the title on the first line and the article below it")
    markers = load_markers() if languages is None else languages
    language = guess_language("\n".join(lines), markers)
    own = own_first(markers, language)
    judged = Judge(own)
    known = Known(lambda text: judged(text).strength is Strength.SURE, own.related.match)
    parts = dissect(to_blocks(lines, known), own)
    check_parts(parts)
    return Article(
        title=parts.title,
        deck=parts.deck,
        sections=parts.sections,
        disclaimer=parts.disclaimer,
        related=parts.related,
        language=parts.facts.language or language,
        published_at=sane(parts.facts.published_at, now),
        url=parts.facts.url,
        author=parts.facts.author,
        topics=parts.facts.topics,
        ai_generated=parts.ai_generated,
    )


def check_parts(parts: Parts) -> None:
    """Raise BadArticle when *parts* lack a title or a text."""
    if not parts.title:
        raise BadArticle("there is no title; put it on the first line")
    if len(parts.title) > LONGEST_TITLE:
        raise BadArticle(f"the first line should be the title, but it has {len(parts.title):,} characters")
    if not parts.deck and not parts.sections:
        raise BadArticle(f"there is nothing under the title {parts.title[:60]!r}; put the article below it")


def to_blocks(lines: Sequence[str], known: Known) -> list[Block]:
    """Return one block per paragraph of *lines* (clean; "" is a blank line); wrapped lines are joined."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line:
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    groups = [group for group in groups if group]
    wrap = find_wrap(groups)
    blocks: list[Block] = []
    for group in groups:
        whole = unwrap(group, wrap, known, titled=not blocks) if wrap else group
        for position, line in enumerate(whole):
            heading = _MARKDOWN_HEADING.match(line)
            text, shape = (heading[1], Shape.HEADING) if heading else (line, Shape.LINE)
            # The title may be marked as a heading too; it stays the first block either way.
            blocks.append(Block(text, shape if blocks else Shape.LINE, after_blank=position == 0))
    return [block for block in blocks if block.text]
