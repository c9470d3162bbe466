"""Pages that name their parts themselves: "Title: …", "Subtitle: …"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from digest.collection.blocks import Block, Shape
from digest.collection.clean import fold
from digest.collection.header import ZONE
from digest.collection.markers import Markers

_COLONS = ":：="


@dataclass(frozen=True, slots=True)
class Named:
    """The page, its title first and without its label; whether it had one; and the deck that was named, taken out."""

    page: tuple[Block, ...]
    title: bool
    deck: str


def name_parts(page: Sequence[Block], markers: Markers) -> Named:
    """Return *page* with what its first lines name as title and deck; the title moves to the top, as a heading.

    A deck that is named counts only under a title that is: "Subtitle: …" alone may be the article's own words.
    """
    kept = list(page)
    at, title = next(
        ((index, value) for index, block in enumerate(page[:ZONE]) if (value := _after(block, markers.title))), (0, "")
    )
    if not title:
        return Named(tuple(page), False, "")
    heading = replace(kept.pop(at), text=title, shape=Shape.HEADING)
    for index, block in enumerate(kept[:ZONE]):
        if deck := _after(block, markers.deck):
            del kept[index]
            return Named((heading, *kept), True, deck)
    return Named((heading, *kept), True, "")


def _after(block: Block, labels: frozenset[str]) -> str:
    """Return what stands behind a label of *labels* and a colon, "" when *block* does not begin with one."""
    end = min((place for colon in _COLONS if (place := block.text.find(colon)) > 0), default=0)
    return block.text[end + 1 :].strip() if end and fold(block.text[:end]) in labels else ""
