"""Lists of related articles by their shape alone: lines alike at the end, and where an article goes on after a box."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from statistics import median

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, sentences, weight
from digest.collection.disclaimer import Judge
from digest.collection.header import read_fact

LONGEST_ENTRY = 300
LONGEST_HEADING = 60
SHORTEST_ENTRY = 18
SHORTEST_PARAGRAPH = 160
FEWEST = 3
MOST = 40
FEWEST_AFTER_NOTICE = 2
#: An entry ends as a paragraph does, but is shorter than the article's usual one by this much.
SHORTER = 0.72
_POINT = re.compile(r"^\s*(?:[-*•·‣◦▪■●○–—]\s|\d{1,2}[.)]\s)")


def usual_paragraph(blocks: Sequence[Block]) -> float:
    """Return the weight of a usual paragraph among *blocks*, 0 when none is one."""
    sizes = [weight(block.text) for block in blocks if weight(block.text) >= 80 and ends_sentence(block.text)]
    return median(sizes) if sizes else 0


def find_unnamed_list(blocks: Sequence[Block], judged: Judge) -> range:
    """Return heading and entries, to the end of *blocks*, of a list under words we do not know; else nothing.

    It is a short line and at least three lines alike that are no paragraphs; two, when a disclaimer stands before.
    """
    first = max(2, len(blocks) // 3, len(blocks) - MOST)
    for heading in range(first, len(blocks) - FEWEST_AFTER_NOTICE):
        if _is_list(blocks, heading, judged):
            return range(heading, len(blocks))
    return range(0)


def _is_list(blocks: Sequence[Block], heading: int, judged: Judge) -> bool:
    head, members = blocks[heading], blocks[heading + 1 :]
    if weight(head.text) > LONGEST_HEADING or not _is_short(head) or _POINT.match(head.text):
        return False
    noticed = bool(judged(blocks[heading - 1].text).strength)
    fewest = FEWEST_AFTER_NOTICE if noticed else FEWEST
    if any(block.shape is Shape.HEADING for block in members[:fewest]):
        return False
    if len(members) < fewest:
        return False
    least = min(weight(block.text) for block in members[:fewest])
    entries = list(takewhile(lambda block: weight(block.text) * 2 > least, members))
    scraps = members[len(entries) :]
    longest = max(least / 2, min(LONGEST_HEADING, 0.8 * least))
    if any(weight(block.text) > longest or block.shape is Shape.HEADING for block in scraps):
        return False
    sizes = [weight(block.text) for block in entries]
    alike = max(sizes) <= min(420 if noticed else LONGEST_ENTRY, 4 * min(sizes)) and min(sizes) >= SHORTEST_ENTRY
    # A byline, a date and an address at the end are no list either.
    if not alike or weight(head.text) > min(sizes):
        return False
    if any(read_fact(block.text, judged.markers) for block in [head, *members]):
        return False
    usual = usual_paragraph(blocks[1:heading])
    return noticed or (usual > 0 and _are_entries(entries, usual))


def _are_entries(entries: Sequence[Block], usual: float) -> bool:
    """Whether *entries* are no paragraphs: a third without a full stop, or all far shorter than a *usual* one."""
    if any(block.shape is not Shape.LINE or _POINT.match(block.text) for block in entries):
        return False
    if any(len(sentences(block.text)) > 3 for block in entries):
        return False
    open_ended = sum(1 for block in entries if not ends_sentence(block.text, questions=False))
    return 3 * open_ended >= len(entries) or all(weight(block.text) <= SHORTER * usual for block in entries)


def text_resumes(blocks: Sequence[Block], heading: int, at: int) -> bool:
    """Whether the article goes on at the line *at* after a box of related articles under *heading*.

    It goes on with a paragraph that is longer than the entries and as long as the article's others, or with a
    heading over such a paragraph.
    """
    near = [block for block in blocks[at : at + 2] if _is_text(block, SHORTEST_PARAGRAPH)]
    inside = [weight(block.text) for block in blocks[max(heading + 1, at - MOST) : at]]
    if not near or not inside:
        return False
    needed = max(1.25 * max(inside), 0.6 * usual_paragraph(blocks[max(1, heading - MOST) : heading]))
    if _is_text(blocks[at], needed):
        return True
    return at + 1 < len(blocks) and _is_text(blocks[at + 1], needed) and _is_next_heading(blocks, heading, at)


def _is_text(block: Block, needed: float) -> bool:
    return weight(block.text) >= needed and ends_sentence(block.text) and not block.links


def _is_next_heading(blocks: Sequence[Block], heading: int, at: int) -> bool:
    """Whether the line before a paragraph is its heading and not the last entry of the box."""
    if not _is_short(blocks[at]):
        return False
    before = blocks[max(heading + 1, at - MOST) : at]
    if all(ends_sentence(block.text, questions=False) for block in before):
        return True
    parted = blocks[at].after_blank and not any(block.after_blank for block in before[1:])
    return parted or weight(blocks[at].text) < 0.8 * min(weight(block.text) for block in before)


def _is_short(block: Block) -> bool:
    return weight(block.text) <= 110 and not ends_sentence(block.text, questions=False) and not block.links
