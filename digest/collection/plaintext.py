"""The plain-text article page -> article: title, deck, paragraphs under headings, disclaimer, related list."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import datetime

from digest.collection.anatomy import Parts, dissect
from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, is_wide, split_lines
from digest.collection.dates import sane
from digest.collection.language import guess_language
from digest.collection.markers import Markers, load_markers, own_first
from digest.errors import BadArticle
from digest.model.article import Article

MAX_TEXT = 512 * 1024
LONGEST_TITLE = 500
_MARKDOWN_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_WIDEST_WRAP = 120


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
    parts = dissect(to_blocks(lines), own_first(markers, language))
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


def to_blocks(lines: Sequence[str]) -> list[Block]:
    """Return one block per paragraph of *lines* (clean; "" is a blank line); wrapped lines are joined."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line:
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    groups = [group for group in groups if group]
    width = _wrap_width(groups)
    blocks: list[Block] = []
    for group in groups:
        for position, line in enumerate(_join(group, width) if width else group):
            heading = _MARKDOWN_HEADING.match(line)
            text, shape = (heading[1], Shape.HEADING) if heading else (line, Shape.LINE)
            # The title may be marked as a heading too; it stays the first block either way.
            blocks.append(Block(text, shape if blocks else Shape.LINE, after_blank=position == 0))
    return [block for block in blocks if block.text]


def _wrap_width(groups: Sequence[Sequence[str]]) -> int:
    """Return the width at which the page's lines were wrapped, 0 when each line is a paragraph of its own.

    Wrapped lines are of similar length, none is long, and most break in the middle of a sentence.
    """
    lines = [line for group in groups for line in group]
    widest = max(len(line) for line in lines)
    inner = [line for group in groups for line in group[:-1] if len(group) > 1]
    if len(groups) < 2 or widest > _WIDEST_WRAP or len(inner) < 3:
        return 0
    full = [line for line in inner if len(line) >= 0.6 * widest]
    broken = [line for line in full if not ends_sentence(line)]
    return widest if len(broken) >= 3 and len(broken) * 10 >= len(inner) * 6 else 0


def _join(group: Sequence[str], width: int) -> list[str]:
    """Return the paragraphs of a wrapped *group*; a line that ends early ends its paragraph."""
    paragraphs = [group[0]]
    for before, line in itertools.pairwise(group):
        early = len(before) < 0.6 * width
        bullet = line[:2] in ("- ", "* ", "• ") or line.startswith(("http://", "https://"))
        if early or bullet:
            paragraphs.append(line)
        else:
            glue = "" if is_wide(paragraphs[-1][-1]) and is_wide(line[0]) else " "
            paragraphs[-1] += glue + line
    return paragraphs
