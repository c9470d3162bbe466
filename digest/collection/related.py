"""The publisher's list of related articles: where it is, and what its lines say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, fold, sentences, weight
from digest.collection.disclaimer import Judge, is_notice
from digest.collection.links import http_url
from digest.collection.lists import find_unnamed_list, text_resumes, usual_paragraph
from digest.collection.markers import Markers
from digest.model.article import RelatedLink

LONGEST_ENTRY = 420
MOST_ENTRIES = 50
LONGEST_SCRAP = 60
SHORTEST_TEXT = 160
_MARKS = " *_-–—•·#▶►■□▲△◆◇:：|[]【】<>〈〉《》+"
_BULLET = re.compile(r"^(?:[-*•·‣◦▪▶►■□○●–—→»›+]+\s+|[•·‣◦▪▶►■□○●→]+|\[\d{1,2}\]\s*)")
_NUMBER = re.compile(r"^\(?(\d{1,2})\s*(?:[.)．]|、|번\.?)\s*(?=\D)")
_MARKDOWN = re.compile(r"^!?\[((?:[^\[\]]|\[[^\[\]]*\])+)\]\((\S+?)(?:\s+[\"'][^\"']*[\"'])?\)(.*)$")
_URL = re.compile(r"<?(https?://[^\s<>\"'）」』】]+)>?", re.IGNORECASE)
_AROUND_URL = " \t-–—|:：·•→>(<[（【「"


@dataclass(frozen=True, slots=True)
class RelatedList:
    """Entries, and which blocks they were (headings of the list among them)."""

    entries: tuple[RelatedLink, ...] = ()
    used: frozenset[int] = frozenset()


def is_related_heading(block: Block, markers: Markers) -> bool:
    """Whether *block* is nothing but the heading of a list of related articles."""
    text = block.text.strip(_MARKS)
    return weight(text) <= 60 and markers.related.match(text)


def find_related(blocks: Sequence[Block], judged: Judge) -> RelatedList:
    """Return the entries under every related heading in *blocks*; furniture is already gone."""
    markers = judged.markers
    used: set[int] = set()
    entries: list[RelatedLink] = []
    index = 1
    while index < len(blocks):
        if not is_related_heading(blocks[index], markers) or _heads_text(blocks, index, judged):
            index += 1
            continue
        stop = _end_of_list(blocks, index, judged)
        members = [
            at
            for at in range(index + 1, stop)
            if not is_notice(judged(blocks[at].text), blocks[at].text) and not is_related_heading(blocks[at], markers)
        ]
        kept = _without_strangers(blocks, members)
        used.update([index, *members])
        used.update(at for at in range(index + 1, stop) if is_related_heading(blocks[at], markers))
        entries.extend(entries_of([blocks[at] for at in kept]))
        index = stop
    if not used:
        found = find_unnamed_list(blocks, judged)
        used.update(found)
        members = _without_strangers(blocks, list(found)[1:])
        entries = entries_of([blocks[at] for at in members])
    return RelatedList(tuple(dict.fromkeys(entries))[:MOST_ENTRIES], frozenset(used))


def _heads_text(blocks: Sequence[Block], heading: int, judged: Judge) -> bool:
    """Whether a paragraph like the article's others follows the *heading*: then it is a heading of the article."""
    if heading + 1 >= len(blocks) or judged(blocks[heading - 1].text).strength:
        return False
    first = blocks[heading + 1]
    usual = usual_paragraph(blocks[max(1, heading - MOST_ENTRIES) : heading])
    # An entry is one sentence or two short ones; a paragraph has more to say.
    share = 0.8 if len(sentences(first.text)) > 1 else 0.95
    as_long = usual > 0 and weight(first.text) >= max(SHORTEST_TEXT, share * usual)
    return as_long and ends_sentence(first.text) and not first.links


def _is_label(block: Block, markers: Markers) -> bool:
    text = block.text.strip(_MARKS)
    return weight(text) <= 60 and markers.labels.match(text)


def _short(block: Block) -> bool:
    return weight(block.text) <= 100 and not ends_sentence(block.text, questions=False) and not block.links


def _end_of_list(blocks: Sequence[Block], heading: int, judged: Judge) -> int:
    """Return the index after the last entry of the list under *heading*."""
    markers = judged.markers
    marked_up = blocks[heading].shape is Shape.HEADING
    # After the disclaimer the article is over, so nothing of it can follow the list.
    over = bool(judged(blocks[heading - 1].text).strength) and heading * 2 > len(blocks)
    for at in range(heading + 1, len(blocks)):
        block = blocks[at]
        if block.shape is Shape.HEADING and not is_related_heading(block, markers) and not block.links:
            if marked_up or at > heading + 1:
                return at
            continue
        if (_is_label(block, markers) or fold(block.text) in markers.topics) and at + 1 < len(blocks):
            return at
        if weight(_URL.sub("", block.text)) > LONGEST_ENTRY and not block.links:
            # The article goes on: this was a box within it. A short line just before is the next heading.
            return at - 1 if at - heading > 1 and _short(blocks[at - 1]) else at
        if _body_goes_on(blocks, heading, at) or (not over and text_resumes(blocks, heading, at)):
            return at
    return len(blocks)


def _body_goes_on(blocks: Sequence[Block], heading: int, at: int) -> bool:
    """Whether the entries stood together and a blank line before *at* leads back into the article."""
    inside = blocks[heading + 2 : at]
    if not blocks[at].after_blank or at - heading < 3 or any(block.after_blank for block in inside):
        return False
    rest = blocks[at:]
    return sum(1 for block in rest if weight(block.text) >= 160 and ends_sentence(block.text)) >= 2


def _without_strangers(blocks: Sequence[Block], members: list[int]) -> list[int]:
    """Return *members* up to the first line that is far shorter than every entry before it.

    Entries of one list look alike; a word or two after long entries opens site furniture in words we
    do not know. After a single entry it takes two such lines.
    """
    shortest = LONGEST_ENTRY
    for position, at in enumerate(members[: MOST_ENTRIES + 20]):
        if position == 0 or blocks[at].links or _URL.search(blocks[at].text) or _is_marked(blocks[at].text):
            continue
        shortest = min(shortest, weight(_URL.sub("", blocks[members[position - 1]].text)))
        if position > 1 and weight(blocks[at].text) < min(30, shortest / 3):
            return members[:position]
        tail = [blocks[later] for later in members[position:]]
        scraps = all(weight(block.text) <= min(LONGEST_SCRAP, shortest / 2) and _short(block) for block in tail)
        if len(tail) > 1 and scraps and not any(_URL.search(block.text) for block in tail):
            return members[:position]
    return members


def _is_marked(text: str) -> bool:
    """Whether *text* shows itself as a point of a list."""
    return bool(_BULLET.match(text) or _NUMBER.match(text))


def entries_of(blocks: Sequence[Block]) -> list[RelatedLink]:
    """Return one entry per block; a line that is only an address belongs to the title before it."""
    entries: list[RelatedLink] = []
    numbers = [_NUMBER.match(_BULLET.sub("", block.text)) for block in blocks]
    numbered = all(
        found is not None and int(found[1]) == position
        for position, found in enumerate(
            (number for number, block in zip(numbers, blocks, strict=True) if not _only_url(block.text)), 1
        )
    )
    for block in blocks:
        linked = [link for link in block.links if link.title or link.url]
        if linked:
            entries.extend(linked if len(linked) > 1 else [_with_text(block.text, linked[0])])
            continue
        entry = read_entry(block.text, numbered=numbered)
        if entry is None:
            continue
        if not entry.title and entries and not entries[-1].url:
            entries[-1] = RelatedLink(entries[-1].title, entry.url)
        else:
            entries.append(entry if entry.title else RelatedLink(entry.url, entry.url))
    return entries


def _with_text(text: str, link: RelatedLink) -> RelatedLink:
    """Return *link* with the words of its line when it is only "read more" beside them."""
    plain = _BULLET.sub("", text).strip()
    if not link.title or weight(link.title) * 3 < weight(plain):
        return RelatedLink(plain or link.title, link.url)
    return link


def read_entry(line: str, *, numbered: bool = False) -> RelatedLink | None:
    """Return the entry on *line*: title with or without address, bullet and (when *numbered*) number gone.

    None when nothing readable is left.
    """
    text = _BULLET.sub("", line.strip()).strip()
    if numbered:
        text = _NUMBER.sub("", text).strip()
    found = _MARKDOWN.match(text)
    if found:
        rest = found[3].strip(_AROUND_URL)
        title = found[1].strip() if weight(rest) < 3 else f"{found[1].strip()} {found[3].strip()}"
        return RelatedLink(title, http_url(found[2].strip("<>")))
    address = _URL.search(text)
    if address:
        url = address[1].rstrip(".,;:!?)]，。")
        before, after = (
            text[: address.start()].rstrip(_AROUND_URL),
            text[address.end() :].strip(_AROUND_URL + ")）】」]."),
        )
        return RelatedLink(before or after, http_url(url))
    return RelatedLink(text) if any(letter.isalnum() for letter in text) else None


def _only_url(text: str) -> bool:
    found = _URL.search(text)
    return found is not None and not any(letter.isalnum() for letter in _URL.sub("", text))
