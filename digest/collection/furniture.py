"""What stands on a page but is not the article: share buttons, newsletter boxes, comments."""

from __future__ import annotations

from collections.abc import Sequence

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, weight
from digest.collection.disclaimer import Judge, Strength
from digest.collection.related import is_related_heading

_MARKS = " *_-–—•·#▶►■:：|[]【】<>+…↗→←↑"
LONG = 120


def without_furniture(blocks: Sequence[Block], judged: Judge) -> list[Block]:
    """Return *blocks* without furniture; the first block, the title, always stays.

    A comments box ends the page, unless a disclaimer or a related list follows it or most of the article does.
    """
    markers = judged.markers
    bare = [block.text.strip(_MARKS) for block in blocks]
    strong = [index > 0 and markers.end.match(text) for index, text in enumerate(bare)]
    marked = [index > 0 and (strong[index] or markers.lines.match(text)) for index, text in enumerate(bare)]
    for index in range(len(blocks) - 1, 1, -1):
        if not marked[index] and markers.end_weak.match(bare[index]):
            following = index + 1
            opens = following >= len(blocks) or marked[following] or is_related_heading(blocks[following], markers)
            # "Comments" over a short line is a box; over a paragraph it may be a heading of the article.
            if opens or (blocks[following].shape is not Shape.PARAGRAPH and weight(blocks[following].text) < 60):
                strong[index] = marked[index] = True
    cut = _cut(blocks, strong, marked, judged)
    return [block for index, block in enumerate(blocks[:cut]) if not marked[index]]


def _cut(blocks: Sequence[Block], strong: Sequence[bool], marked: Sequence[bool], judged: Judge) -> int:
    """Return where the page ends: at the first comments box with nothing of the article behind it."""
    last_anchor = 0
    for index in range(len(blocks) - 1, 0, -1):
        block = blocks[index]
        if is_related_heading(block, judged.markers) or judged(block.text).strength is Strength.SURE:
            last_anchor = index
            break
    for index, ends in enumerate(strong):
        if not ends or index < last_anchor:
            continue
        before = sum(1 for at in range(1, index) if not marked[at] and _is_paragraph(blocks[at]))
        after = sum(1 for block in blocks[index + 1 :] if _is_paragraph(block))
        if (last_anchor or index > 1) and (after == 0 or before >= after):
            return index
    return len(blocks)


def _is_paragraph(block: Block) -> bool:
    return weight(block.text) >= LONG and ends_sentence(block.text)
