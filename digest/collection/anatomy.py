"""A page as blocks -> its parts: title, deck, sections, disclaimer, related list; furniture is dropped.

Plain text, Markdown and HTML all pass through here, so one wording is known to all of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, weight
from digest.collection.disclaimer import Disclaimers, Judge, find_disclaimers
from digest.collection.ending import to_end_mark, without_closing, without_tags
from digest.collection.furniture import without_furniture, without_tail
from digest.collection.header import Facts, take_facts
from digest.collection.headings import has_deck, to_sections
from digest.collection.markers import Markers
from digest.collection.named import name_parts
from digest.collection.related import find_related
from digest.collection.title import title_first
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
    page += [
        block
        for block in to_end_mark(blocks[:MOST_BLOCKS])
        if _says_something(block.text, first=not title and block is blocks[0])
    ]
    named = name_parts(page, markers)
    page = whole = list(named.page)
    if not title and not named.title:
        page = title_first(page, judged)
    kept = without_furniture(page, judged)
    ended = bool(kept) and kept[-1] is not page[-1]
    page, facts = take_facts(kept, markers, lists=True)
    related = find_related(page, judged)
    page = [block for index, block in enumerate(page) if index not in related.used]
    page, topics = without_tags(page, markers)
    page, more = take_facts(page, markers)
    page = without_closing(page, markers, facts.author or more.author)
    size, page = len(page), without_tail(page, judged, ended=ended)
    ended = ended or len(page) < size or bool(related.used)
    said = find_disclaimers(page, judged, anchored=ended)
    body = _body(page, said)
    body, still_more = take_facts(body, markers)
    heading, rest = (body[0].text, body[1:]) if body else ("", [])
    deck = ""
    before, after = _parted(whole, heading, rest, judged)
    if with_deck and (named.deck or has_deck(rest, before=before, after=after)):
        deck, rest = (named.deck, rest) if named.deck else (rest[0].text, rest[1:])
    return Parts(
        title=title or heading,
        deck=deck,
        sections=to_sections(rest),
        disclaimer="\n".join(page[index].text for index in said.found),
        related=related.entries,
        ai_generated=said.ai_generated,
        facts=facts.with_more(more).with_more(still_more).with_more(Facts(topics=topics)),
    )


def _says_something(text: str, *, first: bool) -> bool:
    """Whether *text* is more than a rule between parts; a title may be an emoji."""
    if any(letter.isalnum() for letter in text):
        return True
    return first and any(sign >= "\u2600" and unicodedata.category(sign) == "So" for sign in text)


def _parted(whole: Sequence[Block], heading: str, rest: Sequence[Block], judged: Judge) -> tuple[bool, bool]:
    """Return whether lines about the article stood before, and after, the first block of *rest* on the *whole* page.

    Those above the title, *heading*, do not count.
    """
    at = next((index for index, block in enumerate(whole) if rest[1:] and block is rest[0]), len(whole) - 1)
    if at + 1 >= len(whole):
        return False, False
    title = next((index for index, block in enumerate(whole) if block.text == heading), at)
    before = any(not judged(block.text).strength for block in whole[title + 1 : at])
    return before, whole[at + 1] is not rest[1]


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
