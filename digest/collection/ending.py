"""What stands between the last paragraph and the site's furniture: end marks, tags, the author's box, kind words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, fold, weight
from digest.collection.markers import Markers

LONGEST_TAG = 40
MOST_TAGS = 15
LONGEST_BOX = 420
MOST_CLOSING = 6
# Press releases end with "###" or "-30-"; whom to ask stands below.
_END_MARK = re.compile(r"^(?:(?:#\s*){3,}|-\s*30\s*-|[-–—*\s]*(?:ends|ende|fin)[-–—*\s]*)$", re.IGNORECASE)
_BARS = re.compile(r"\s+[|·•/]\s+")
_BULLET = re.compile(r"^\s*(?:[-*•·#]\s*)")


def to_end_mark(blocks: Sequence[Block]) -> Sequence[Block]:
    """Return *blocks* up to the mark that ends a press release, all of them when there is none."""
    for at, block in enumerate(blocks):
        if at > 2 and block.shape in (Shape.LINE, Shape.PARAGRAPH) and _END_MARK.match(block.text):
            return blocks[:at] if any(ends_sentence(before.text) for before in blocks[1:at]) else blocks
    return blocks


def without_tags(page: Sequence[Block], markers: Markers) -> tuple[list[Block], tuple[str, ...]]:
    """Return *page* without the list of its topics near the end, and those: a line "Topics", and short lines."""
    for at in range(len(page) - 2, max(1, len(page) // 2), -1):
        if fold(page[at].text) not in markers.topics:
            continue
        end = at + 1
        while end < min(len(page), at + 1 + MOST_TAGS) and _is_tag(page[end]):
            end += 1
        if end > at + 1:
            tags = tuple(tag for block in page[at + 1 : end] for tag in _BARS.split(_BULLET.sub("", block.text)))
            return [*page[:at], *page[end:]], tags
    return list(page), ()


def _is_tag(block: Block) -> bool:
    return weight(block.text) <= LONGEST_TAG and not ends_sentence(block.text)


def without_closing(page: Sequence[Block], markers: Markers, author: str) -> list[Block]:
    """Return *page* without the last paragraphs that tell who the *author* is, or speak to readers of the site."""
    name, kept, after = fold(author), list(page), list[Block]()
    for block in page[:2:-1][:MOST_CLOSING]:
        box = bool(name) and " " in name and fold(block.text).startswith(f"{name} ")
        if weight(block.text) <= LONGEST_BOX and (box or markers.closing.match(block.text)):
            kept.pop()
        elif ends_sentence(block.text):
            break
        else:
            after.append(kept.pop())
    return [*kept, *reversed(after)]
