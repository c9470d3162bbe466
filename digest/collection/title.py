"""Which line of a plain page is its title: the first, unless what stands above the title shows itself as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, weight
from digest.collection.disclaimer import Judge, is_notice
from digest.collection.furniture import is_furniture
from digest.collection.header import read_fact
from digest.collection.headings import LONGEST_DECK

LONGEST_ABOVE = 6
LONGEST_TITLE = 160
LONGEST_SURE_TITLE = 70
LONGEST_KICKER = 24


def title_first(page: Sequence[Block], judged: Judge) -> list[Block]:
    """Return *page* with its title, marked as a heading, before what stands above it; a kicker is dropped.

    Notices, share buttons and metadata lines stand above a title only when a line that can be one follows them.
    """
    if not page:
        return []
    at = _first_own_line(page, judged)
    if at == 0 and _is_kicker(page):
        return title_first(page[1:], judged)
    return [replace(page[at], shape=Shape.HEADING), *page[:at], *page[at + 1 :]]


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


def _is_kicker(page: Sequence[Block]) -> bool:
    """Whether the first line only names the department: a longer title, a deck and a paragraph follow it."""
    if len(page) < 4:
        return False
    kicker, title = page[0].text, page[1].text
    return (
        weight(kicker) <= LONGEST_KICKER
        and len(kicker.split()) <= 3
        and any(letter.isalnum() for letter in kicker)
        and not ends_sentence(kicker)
        and not ends_sentence(title, questions=False)
        and 2 * weight(kicker) <= weight(title) <= LONGEST_TITLE
        and ends_sentence(page[2].text)
        and weight(page[2].text) > weight(title)
        and _is_deck(page, 2)
    )


def _is_deck(page: Sequence[Block], at: int) -> bool:
    """Whether a paragraph follows the line at *at* and is clearly longer; the whole page is not known yet."""
    if at + 1 >= len(page):
        return False
    text = page[at + 1].text
    return ends_sentence(text) and weight(page[at].text) <= min(LONGEST_DECK, 0.85 * weight(text))
