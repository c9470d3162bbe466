"""Which line of a plain page is its title: the first, unless what stands above the title shows itself as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, weight
from digest.collection.disclaimer import Judge, is_notice, is_stamp
from digest.collection.furniture import is_furniture
from digest.collection.header import read_fact
from digest.collection.headings import LONGEST_DECK
from digest.collection.markers import Markers

LONGEST_ABOVE = 6
LONGEST_HEAD = 20
LONGEST_TITLE = 160
LONGEST_SURE_TITLE = 70
LONGEST_KICKER = 24
SHORTEST_TITLE = 12


def title_first(page: Sequence[Block], judged: Judge) -> list[Block]:
    """Return *page* with its title, marked as a heading, before what stands above it; a kicker is dropped.

    Notices, share buttons and metadata lines stand above a title only when a line that can be one follows them.
    """
    if not page:
        return []
    at = _first_own_line(page, judged)
    first, below = page[at], page[at + 1 : at + 1 + LONGEST_HEAD]
    verdict = judged(first.text)
    stamp = "sponsored" in verdict.kinds and is_stamp(verdict, first.text)
    if _is_kicker(first, [block for block in below if not _is_beside(block, judged)], judged.markers, sure=stamp):
        found = title_first([*page[:at], *page[at + 1 :]], judged)
        # "Paid content" over the title is a disclaimer, and stays.
        return [found[0], first, *found[1:]] if stamp else found
    return [replace(page[at], shape=Shape.HEADING), *page[:at], *page[at + 1 :]]


def _is_beside(block: Block, judged: Judge) -> bool:
    return is_furniture(block.text, judged.markers) or read_fact(block.text, judged.markers) is not None


def _first_own_line(page: Sequence[Block], judged: Judge) -> int:
    """Return the index of the first line that is the article's own and can be its title, 0 when there is none."""
    noticed = False
    for index, block in enumerate(page[: LONGEST_ABOVE + 1]):
        if is_notice(judged(block.text), block.text):
            noticed = True
        elif not is_furniture(block.text, judged.markers) and read_fact(block.text, judged.markers) is None:
            # Under a share button the deck ends as a sentence does; a whole notice is sure enough without that.
            open_ended = not ends_sentence(block.text, questions=False)
            as_title = weight(block.text) <= LONGEST_SURE_TITLE or _is_deck(page, index + 1)
            can_be = weight(block.text) <= LONGEST_TITLE and (noticed or (open_ended and as_title))
            return index if index + 1 < len(page) and can_be else 0
    return 0


def _is_kicker(first: Block, below: Sequence[Block], markers: Markers, *, sure: bool) -> bool:
    """Whether the line *first* only names the department: a longer title, a deck and a paragraph are *below* it.

    A title and a paragraph are enough under words that we know for a department, or when it is *sure* by itself.
    """
    kicker = first.text
    known = sure or markers.kicker.match(kicker.strip(" |/:#"))
    if len(below) < (2 if known else 3) or ends_sentence(kicker) or not any(map(str.isalnum, kicker)):
        return False
    title, under = below[0].text, below[1].text
    if ends_sentence(title, questions=False) or weight(title) > LONGEST_TITLE or weight(under) <= weight(title):
        return False
    if known:
        # A text of that name would go on with a paragraph, which ends as one.
        return weight(kicker) <= 2 * LONGEST_KICKER and weight(title) >= SHORTEST_TITLE
    short = weight(kicker) <= LONGEST_KICKER and len(kicker.split()) <= 3 and 2 * weight(kicker) <= weight(title)
    return short and ends_sentence(under) and _is_deck(below, 1)


def _is_deck(page: Sequence[Block], at: int) -> bool:
    """Whether a paragraph follows the line at *at* and is clearly longer; the whole page is not known yet."""
    if at + 1 >= len(page):
        return False
    text = page[at + 1].text
    return ends_sentence(text) and weight(page[at].text) <= min(LONGEST_DECK, 0.85 * weight(text))
