"""The block: one line or paragraph of a page, before anybody knows what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from digest.model.article import RelatedLink


class Shape(StrEnum):
    """What the markup says a block is."""

    LINE = "line"  #: plain text: a heading or a paragraph, its words must tell
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"  #: an entry of a list


@dataclass(frozen=True, slots=True)
class Block:
    """One line of clean text. `links` are the links in it; `after_blank`: a blank line stands before it."""

    text: str
    shape: Shape = Shape.LINE
    links: tuple[RelatedLink, ...] = ()
    after_blank: bool = False
