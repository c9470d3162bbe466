"""Sections: the parts of other newsletters in one mail, between its articles and its foot.

A section has its heading and its articles among those of the mail, and in the foot why it came and the link with
which its reader leaves it: a slot of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from digest.rendering.clean import clean_text
from digest.rendering.encoder import Block
from digest.rendering.marks import Mould, SlotRef, cut_text, fragment_mark, region, regions_of, url_mark

if TYPE_CHECKING:
    from digest.rendering.parts import DigestParts, Section
    from digest.rendering.templates import Sheets

LEAVE = "leave_"  #: what the slots of the links to leave a part begin with; then comes the newsletter's number
_BREAK = Block(("\n\n",))


class Sections:
    """Makes what stands around the cards of sections, for one press; what was inlined once is kept."""

    def __init__(self, sheets: Sheets, raw_shell: str) -> None:
        """Take the templates, and the shell before it is inlined."""
        self._sheets = sheets
        self._raw_shell = raw_shell
        self._known: dict[tuple[object, ...], Block] = {}

    def html(self, parts: DigestParts, card: Callable[..., Block]) -> list[Block]:
        """Return the blocks of the sections of *parts*, which come after its own articles."""
        blocks: list[Block] = []
        for one, before in _in_order(parts):
            blocks.append(self._html("opening", "cards", one, before))
            blocks += [card(choice, html=True) for choice in one.cards]
        return blocks

    def closings_html(self, sections: Sequence[Section]) -> list[Block]:
        """Return what the foot says of *sections*."""
        return [self._html("closing", "follows", one) for one in sections]

    def text(self, parts: DigestParts, card: Callable[..., Block]) -> list[Block]:
        """Return the same for the text part."""
        blocks: list[Block] = []
        for one, before in _in_order(parts):
            blocks.append(self._text("opening", one, "\n\n", before))
            for choice in one.cards:
                blocks += [_BREAK, card(choice, html=False)]
        return blocks

    def closings_text(self, sections: Sequence[Section]) -> list[Block]:
        """Return what the foot of the text part says of *sections*."""
        return [self._text("closing", one, "\n\n") for one in sections]

    def _html(self, name: str, place: str, one: Section, before: str = "") -> Block:
        key = ("html", name, before, *_facts(one))
        if key not in self._known:
            view = section_view(one, link=url_mark("slot", one.slot), before=before)
            raw = self._sheets.fragment("html", name, view)
            self._known[key] = self._inlined(raw, place, f"sections.html, {name}")
        return self._known[key]

    def _text(self, name: str, one: Section, breaks: str, before: str = "") -> Block:
        key = ("txt", name, before, *_facts(one))
        if key not in self._known:
            view = section_view(one, link=url_mark("slot", one.slot), before=before)
            said = self._sheets.fragment("txt", name, view)
            self._known[key] = _atoms(cut_text(f"{breaks}{said}", f"sections.txt, {name}"))
        return self._known[key]

    def _inlined(self, raw: str, place: str, where: str) -> Block:
        document = self._raw_shell.replace(fragment_mark(place), region("section", raw))
        return _atoms(regions_of(self._sheets.inliner.inline(document), where)["section"])


def last_more(parts: DigestParts) -> str:
    """Return how many articles gave way of what stands last in the mail; a section says it of what is before it."""
    return parts.sections[-1].more if parts.sections else parts.more


def _in_order(parts: DigestParts) -> list[tuple[Section, str]]:
    before = (parts.more, *(one.more for one in parts.sections))
    return list(zip(parts.sections, before, strict=False))


def section_view(one: Section, *, link: str, before: str = "") -> dict[str, object]:
    """Return what a template sees of a section; *link* leads to leaving it, *before* ends what stands above it."""
    return {
        "more_before": clean_text(before),
        "name": clean_text(one.name),
        "description": clean_text(one.description),
        "lead": clean_text(one.lead),
        "follows": clean_text(one.follows),
        "announcement": one.edition.announcement,
        "note": one.edition.note,
        "sender_name": clean_text(one.sender),
        "postal_lines": tuple(line for line in map(clean_text, one.postal_lines) if line),
        "unsubscribe_url": link,
    }


def _facts(one: Section) -> tuple[object, ...]:
    return (one.name, one.slot, one.description, one.lead, one.follows, one.edition, one.sender, one.postal_lines)


def _atoms(mould: Mould) -> Block:
    return Block(tuple(each for each in mould if isinstance(each, str | SlotRef)))
