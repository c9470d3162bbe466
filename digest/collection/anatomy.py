"""A page as blocks -> its parts: title, deck, sections, disclaimer, related list; furniture is dropped.

Plain text, Markdown and HTML all pass through here, so one wording is known to all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, weight
from digest.collection.disclaimer import Disclaimers, Judge, find_disclaimers
from digest.collection.furniture import without_furniture
from digest.collection.header import Facts, take_facts
from digest.collection.headings import has_deck, to_sections
from digest.collection.markers import Markers
from digest.collection.related import find_related
from digest.model.article import RelatedLink, Section

MOST_BLOCKS = 5_000


@dataclass(frozen=True, slots=True)
class Parts:
    """What a page consists of; `facts` are what its metadata lines told."""

    title: str
    deck: str
    sections: tuple[Section, ...]
    disclaimer: str
    related: tuple[RelatedLink, ...]
    ai_generated: bool | None
    facts: Facts


def dissect(blocks: Sequence[Block], markers: Markers, *, title: str = "", with_deck: bool = True) -> Parts:
    """Return the parts of the page *blocks*.

    With *title* the blocks are the page under its title; else the first block that is not a disclaimer or a
    metadata line is the title. A deck is looked for unless *with_deck* is false. Blocks beyond the first 5,000
    are not read: no article has as many paragraphs.
    """
    judged = Judge(markers)
    page = [Block(title, Shape.HEADING)] if title else []
    page += [block for block in blocks[:MOST_BLOCKS] if any(letter.isalnum() for letter in block.text)]
    if not title:
        page = _title_first(page, judged)
    page, facts = take_facts(without_furniture(page, judged), markers, lists=True)
    related = find_related(page, judged)
    page = [block for index, block in enumerate(page) if index not in related.used]
    page, more = take_facts(page, markers)
    said = find_disclaimers(page, judged)
    body = _body(page, said)
    body, still_more = take_facts(body, markers)
    heading, rest = (body[0].text, body[1:]) if body else ("", [])
    deck = ""
    if with_deck and has_deck(rest):
        deck, rest = rest[0].text, rest[1:]
    return Parts(
        title=title or heading,
        deck=deck,
        sections=to_sections(rest),
        disclaimer="\n".join(page[index].text for index in said.found),
        related=related.entries,
        ai_generated=said.ai_generated,
        facts=facts.with_more(more).with_more(still_more),
    )


def _title_first(page: list[Block], judged: Judge) -> list[Block]:
    """Return *page* with the title before disclaimers and share buttons that stand above it."""
    for index, block in enumerate(page[:6]):
        above = without_furniture([Block("."), block], judged)
        if len(above) == 2 and not find_disclaimers([Block("."), block], judged).found:
            kept, _ = take_facts([block], judged.markers)
            if kept:
                return [block, *page[:index], *page[index + 1 :]]
    return page


def _body(page: Sequence[Block], said: Disclaimers) -> list[Block]:
    """Return *page* without disclaimers, and without short lines after the last of them."""
    gone = {*said.found, *said.labels}
    end = len(page)
    if said.found:
        last = said.found[-1]
        after = page[last + 1 :]
        if last > len(page) // 2 and all(weight(b.text) <= 60 and not ends_sentence(b.text) for b in after):
            end = last
    return [block for index, block in enumerate(page[:end]) if index not in gone]
