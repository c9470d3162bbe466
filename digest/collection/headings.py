"""Lines -> sections: which short lines are headings, and which paragraph is the deck."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, sentences, weight
from digest.model.article import Section

LONGEST_HEADING = 110
LONGEST_LONG_HEADING = 150
LONGEST_LEAD_IN = 60
LONGEST_DECK = 280
SURE_DECK = 160
_BULLET = re.compile(r"^\s*(?:[-*•·‣◦▪■●○–—]\s|\d{1,2}[.)]\s)")
_NOT_AT_END = ",，、،;；-–—"
_QUOTES = '"“«„「『‹'


def is_heading(blocks: Sequence[Block], index: int) -> bool:
    """Whether the line at *index* is a heading: short, no full stop, and a longer paragraph under it.

    A heading may stand over another one, when text stands before the two.
    """
    if _stands_over_text(blocks, index):
        return True
    if index + 1 >= len(blocks) or blocks[index].shape is not Shape.LINE:
        return False
    text, under = blocks[index].text, blocks[index + 1]
    alone = index > 0 and ends_sentence(blocks[index - 1].text) and weight(blocks[index - 1].text) > weight(text)
    short = weight(text) <= LONGEST_HEADING and text[-1] not in ":：" and _reads_as_heading(text)
    if not (alone and short):
        return False
    # Under a heading of a few words an answer of a few words is a paragraph too.
    answered = weight(text) <= LONGEST_LEAD_IN and under.shape is Shape.LINE and ends_sentence(under.text)
    return answered or _stands_over_text(blocks, index + 1)


def _stands_over_text(blocks: Sequence[Block], index: int) -> bool:
    block = blocks[index]
    if block.shape is not Shape.LINE:
        return block.shape is Shape.HEADING
    size = weight(block.text)
    if size > LONGEST_LONG_HEADING or index + 1 >= len(blocks) or not _reads_as_heading(block.text):
        return False
    under = blocks[index + 1]
    if under.shape is Shape.HEADING:
        return False
    below = weight(under.text)
    if block.text[-1] in ":：":
        # "She said:" leads into a quotation, "What we need:" into a list.
        over_text = ends_sentence(under.text) and below > 2 * size and under.text[0] not in _QUOTES
        return size <= LONGEST_LEAD_IN and over_text and not _BULLET.match(under.text)
    if size > LONGEST_HEADING:
        return below > 1.4 * size and ends_sentence(under.text) and len(sentences(block.text)) == 1
    if _BULLET.match(under.text):
        return True
    return below > size and (ends_sentence(under.text) or below > LONGEST_HEADING)


def _reads_as_heading(text: str) -> bool:
    if not any(letter.isalnum() for letter in text) or text[-1] in _NOT_AT_END or _BULLET.match(text) or "| " in text:
        return False
    if ends_sentence(text, questions=False) or text[0] in '"“«„「『':
        return False
    # A remark of two sentences, or one that trails off, belongs to the text.
    return not text.endswith(("...", "…")) and len(sentences(text)) <= 2


def to_sections(blocks: Sequence[Block]) -> tuple[Section, ...]:
    """Return *blocks* as sections; text before the first heading is a section with heading ""."""
    sections: list[Section] = []
    heading, paragraphs = "", list[str]()
    for index, block in enumerate(blocks):
        if is_heading(blocks, index):
            if heading or paragraphs:
                sections.append(Section(heading, tuple(paragraphs)))
            heading, paragraphs = block.text, []
        else:
            paragraphs.append(block.text)
    if heading or paragraphs:
        sections.append(Section(heading, tuple(paragraphs)))
    return tuple(sections)


def has_deck(blocks: Sequence[Block], *, before: bool = False, after: bool = False) -> bool:
    """Whether the first of *blocks* (the page under its title) is a deck and not the first paragraph.

    A deck is short beside the article's paragraphs and one to three sentences long, and text follows it. Lines about
    the article (date, author, buttons) part the deck from the text, or title and deck from it: *after* and *before*
    the first block say where some stood.
    """
    if len(blocks) < 2 or blocks[0].shape is not Shape.LINE:
        return False
    text, size = blocks[0].text, weight(blocks[0].text)
    if size > LONGEST_DECK or len(sentences(text)) > 3 or text[-1] in ":：" or _BULLET.match(text):
        return False
    followed_by_heading = is_heading(blocks, 1)
    if is_heading(blocks, 0) and size <= 60 and not followed_by_heading and not after:
        return False
    rest = [at for at in range(1, len(blocks)) if not is_heading(blocks, at)]
    if not rest:
        return False
    typical = median(weight(blocks[at].text) for at in _paragraphs(blocks, rest))
    if before and not after and len(sentences(text)) > 1 and size > 0.6 * typical:
        return False
    if size <= SURE_DECK:
        return size < typical or not ends_sentence(text) or (not before and _leads_into(text, blocks[1].text))
    grouped = any(not block.after_blank for block in blocks[2:])
    apart = followed_by_heading or len(sentences(text)) == 1 or (blocks[1].after_blank and grouped)
    return size < 0.85 * typical or (apart and size < typical)


def _leads_into(text: str, below: str) -> bool:
    """Whether *text* says in one sentence what *below*, a longer paragraph of several, begins to tell."""
    return len(sentences(text)) == 1 and len(sentences(below)) > 1 and weight(text) < weight(below)


def _paragraphs(blocks: Sequence[Block], among: Sequence[int]) -> Sequence[int]:
    """Return the indexes *among* that are paragraphs; the points of a list are shorter and do not count."""
    found = [at for at in among if blocks[at].shape is not Shape.ITEM and not _BULLET.match(blocks[at].text)]
    return found or among
