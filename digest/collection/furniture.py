"""What stands on a page but is not the article: share buttons, newsletter boxes, comments."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, fold, weight
from digest.collection.dateline import author_of_dateline
from digest.collection.disclaimer import Judge, is_notice
from digest.collection.markers import Folded, Lines, Markers
from digest.collection.related import is_related_heading

_MARKS = " *_-–—•·#▶►■:：|[]【】<>+…↗→←↑"
_BULLET = re.compile(r"^\s*(?:[-*•·‣◦▪■●○–—]\s|\d{1,2}[.)]\s)")
_GOES_ON = re.compile(r"[:：]\s*(\S.*)$|，(.*)$")
_BARS = re.compile(r"\s[|·•/]\s")
HEAD = 8  #: lines under the title among which its date stands
LONG = 120
LONGEST_REST = 40
LONGEST_SCRAP = 60
SHORTEST_TEXT = 100


def without_furniture(blocks: Sequence[Block], judged: Judge) -> list[Block]:
    """Return *blocks* without furniture; the first block, the title, always stays.

    A comments box ends the page, unless a disclaimer or a related list follows it or text of the article does.
    """
    markers = judged.markers
    bare = [block.text.strip(_MARKS) for block in blocks]
    strong = [index > 0 and _fits(text, markers.end) for index, text in enumerate(bare)]
    marked = [
        index > 0 and (strong[index] or (is_furniture(text, markers) and not _is_dateline(text, index, markers)))
        for index, text in enumerate(bare)
    ]
    listed = next((at for at in range(1, len(blocks)) if is_related_heading(blocks[at], markers)), len(blocks))
    for index in range(listed + 1, len(blocks)):
        if marked[index] and _is_entry(blocks, bare, marked, index, markers):
            marked[index] = strong[index] = False
    for index in range(len(blocks) - 1, 1, -1):
        if not marked[index] and markers.end_weak.match(bare[index]):
            following = index + 1
            opens = following >= len(blocks) or marked[following] or is_related_heading(blocks[following], markers)
            # "Comments" over a short line is a box; over a paragraph it may be a heading of the article.
            if opens or (blocks[following].shape is not Shape.PARAGRAPH and weight(blocks[following].text) < 60):
                strong[index] = marked[index] = True
    for index in range(2, len(blocks)):
        # Beside other furniture, or at the very end, a longer line may begin as furniture does.
        nearby = marked[index - 1] or (index == len(blocks) - 1 and listed > index)
        if nearby and not marked[index] and _fits_loosely(blocks[index].text, bare[index], markers, marked[index - 1]):
            marked[index] = True
    for index in range(3, len(blocks) - 1):
        if marked[index] and markers.edge.match(bare[index]) and _is_heading_of_text(blocks, marked, index, judged):
            marked[index] = False
    cut = _cut(blocks, strong, marked, judged)
    return [block for index, block in enumerate(blocks[:cut]) if not marked[index]]


def _is_dateline(text: str, index: int, markers: Markers) -> bool:
    """Whether *text* tells when the article appeared, furniture beside it: "3 November 2026 | 6 min read"."""
    return index <= HEAD and author_of_dateline(text, markers) is not None


def _is_heading_of_text(blocks: Sequence[Block], marked: Sequence[bool], index: int, judged: Judge) -> bool:
    """Whether the line at *index* stands alone between two paragraphs of the article, as its headings do."""
    before, after = blocks[index - 1], blocks[index + 1]
    alone = not marked[index - 1] and not marked[index + 1] and blocks[index].shape in (Shape.LINE, Shape.HEADING)
    return alone and all(_is_paragraph(block) and not judged(block.text).strength for block in (before, after))


def is_furniture(text: str, markers: Markers) -> bool:
    """Whether the line *text* reads as furniture, wherever it stands."""
    bare = text.strip(_MARKS)
    known = _fits(bare, markers.end) or _fits(bare, markers.lines) or _is_menu(bare, markers.end, markers.lines)
    return known or _is_credit(bare, markers)


def without_tail(blocks: Sequence[Block], judged: Judge, *, ended: bool = False) -> list[Block]:
    """Return *blocks* without the scraps after the last paragraph: furniture in words that we do not know.

    One scrap may be the article's own, two are not; *ended*: known furniture followed, so one is enough.
    """
    end = len(blocks)
    while end > 2 and _is_scrap(blocks[end - 1]):
        end -= 1
    while end < len(blocks) and ends_sentence(blocks[end].text, questions=False):
        end += 1
    scraps = blocks[end:]
    spoken = sum(1 for block in scraps if ends_sentence(block.text, questions=False))
    before = blocks[end - 1].text if end > 1 else ""
    follows_text = (weight(before) >= SHORTEST_TEXT or judged(before).strength > 0) and ends_sentence(before)
    if len(scraps) < (1 if ended else 2) or spoken * 3 > len(scraps) or not follows_text:
        return list(blocks)
    return list(blocks[:end])


def _is_scrap(block: Block) -> bool:
    return (
        block.shape is Shape.LINE
        and weight(block.text) <= LONGEST_SCRAP
        and not block.links
        and not _BULLET.match(block.text)
    )


def _is_credit(text: str, markers: Markers) -> bool:
    """Whether the line *text* says who made a picture, and nothing of the article: "Photo: Ada Finch"."""
    label, colon, name = text.replace("：", ":").partition(":")
    return bool(colon and name) and weight(name) <= LONGEST_SCRAP and fold(label) in markers.credit and not _says(name)


def _says(name: str) -> bool:
    return ends_sentence(name) and len(name.split()) > 3


def _is_menu(bare: str, *every: Lines) -> bool:
    """Whether *bare* is a row of links, half of which at least are furniture: "Unsubscribe | Help"."""
    parts = [part.strip(_MARKS) for part in _BARS.split(bare)]
    known = sum(1 for part in parts if any(_fits(part, lines) for lines in every))
    return 1 < len(parts) <= 12 and 2 * known >= len(parts) and all(weight(part) <= LONGEST_SCRAP for part in parts)


def _fits(bare: str, lines: Lines) -> bool:
    """Whether *bare* is one of *lines*, or begins as one of them does and says little more."""
    if not lines.match(bare):
        return False
    rest = _rest(bare, lines)
    return weight(rest) <= LONGEST_REST and not _goes_on(rest)


def _fits_loosely(text: str, bare: str, markers: Markers, beside: bool) -> bool:
    """Whether *bare* begins as furniture does, however long, and is no sentence of the article."""
    found = next((lines for lines in (markers.end, markers.lines) if lines.match(bare)), None)
    if found is None:
        return False
    a_paragraph = ends_sentence(text) and weight(text) > 2 * LONGEST_REST and not bare.startswith(("©", "ⓒ"))
    return not _goes_on(_rest(bare, found)) and (beside or not a_paragraph) and weight(text) < LONG


def _rest(bare: str, lines: Lines) -> str:
    """Return what follows the words at the beginning of *bare* that make it furniture, "" when they are all."""
    if not lines.beginnings.begins(Folded.of(bare)):
        return ""
    end = bisect_left(range(len(bare)), True, key=lambda size: lines.beginnings.begins(Folded.of(bare[:size])))
    return bare[end:]


def _goes_on(rest: str) -> bool:
    """Whether *rest* has a colon and a clause behind it, as titles have: "Follow us home: dogs that …"."""
    found = _GOES_ON.search(rest)
    return found is not None and weight(found[1] or found[2] or "") > 12


def _is_entry(
    blocks: Sequence[Block], bare: Sequence[str], marked: Sequence[bool], index: int, markers: Markers
) -> bool:
    """Whether the line at *index*, under a related heading, stands among entries of its own length."""
    if len(bare[index].split()) < 4 and weight(bare[index]) < 20:
        return False
    if index + 1 < len(blocks) and not marked[index + 1]:
        after = weight(bare[index + 1])
        own = weight(bare[index])
        return after <= 4 * own and own <= 4 * after and not markers.end_weak.match(bare[index + 1])
    return False


def _cut(blocks: Sequence[Block], strong: Sequence[bool], marked: Sequence[bool], judged: Judge) -> int:
    """Return where the page ends: at the first comments box with nothing of the article behind it."""
    last_anchor = 0
    for index in range(len(blocks) - 1, 0, -1):
        block = blocks[index]
        if is_related_heading(block, judged.markers) or is_notice(judged(block.text), block.text):
            last_anchor = index
            break
    for index, ends in enumerate(strong):
        if not ends or index < last_anchor:
            continue
        before = sum(1 for at in range(1, index) if not marked[at] and _is_paragraph(blocks[at]))
        after = sum(1 for block in blocks[index + 1 :] if _is_paragraph(block))
        # Paragraphs behind the box are readers' comments only where the article is known to have ended.
        ended = last_anchor * 2 > index and before >= after
        if (last_anchor or index > 1) and (after == 0 or ended):
            return index
    return len(blocks)


def _is_paragraph(block: Block) -> bool:
    return weight(block.text) >= LONG and ends_sentence(block.text)
