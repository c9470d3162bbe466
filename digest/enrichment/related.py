"""Related links: the publisher's own list, each entry led to an article we know, never to a dead end; neighbours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from digest.model.article import RelatedLink
from digest.model.words import fold, is_unspaced, text_key

LIKE_ENOUGH = 0.35  #: from this likeness on (`digest.enrichment.neighbours`) an article is worth a link
# Letters from which on words stand for one article alone, as measured on news: a shorter title ("Weather", "Morning
# briefing") comes again; a deck is a sentence, and seldom does; numbers meet by chance.
CERTAIN_TITLE, CERTAIN_DECK, CERTAIN_WITH_NUMBERS = 40, 15, 80


@dataclass(frozen=True, slots=True)
class Known:
    """An article of the archive that a related entry can lead to; *by_deck*: found by its deck, not by its title."""

    article_id: int
    title: str
    url: str
    language: str = ""
    story_id: int = 0
    by_deck: bool = False


def keys_of(link: RelatedLink) -> str:
    """Return the key under which an archive finds the entry's deck or title."""
    return text_key(link.title)


def is_certain(words: str, known: Known) -> bool:
    """Whether an entry with the *words* of the title or deck of *known* can only mean that article."""
    letters = [letter for letter in fold(words) if letter.isalnum()]
    # A letter of a script without spaces says about as much as two of an alphabet.
    length = sum(2 if is_unspaced(letter) else 1 for letter in letters)
    if any(letter.isdigit() for letter in letters):
        return length >= CERTAIN_WITH_NUMBERS
    return length >= (CERTAIN_DECK if known.by_deck else CERTAIN_TITLE)


def resolve(
    links: Collection[RelatedLink],
    archive: Mapping[str, Known],
    *,
    leave_out: Collection[int],
    limit: int,
    told: Collection[int] = (),
) -> list[tuple[RelatedLink, Known | None]]:
    """Return at most *limit* entries with the article each leads to, or None when there is none.

    *archive* maps the URL of an entry, and `keys_of` it, to its article where that is certain: only the same address,
    or the same words, count, so a link is never wrong. An entry that leads to an article in *leave_out* (those in this
    mail), to one of a story in *told*, or to one that came before, is dropped.
    """
    found: list[tuple[RelatedLink, Known | None]] = []
    seen: set[int | str] = set(leave_out)
    for link in links:
        if len(found) >= limit:
            break
        known = next((archive[key] for key in (link.url, keys_of(link)) if key and key in archive), None)
        same = known.article_id if known is not None else text_key(link.title)
        if same in seen or (known is not None and is_told(known, told)):
            continue
        seen.add(same)
        found.append((link, known))
    return found


def is_told(known: Known, told: Collection[int]) -> bool:
    """Whether *known* is of a story in *told*, or was one of them before it became part of another."""
    return known.story_id in told or known.article_id in told
