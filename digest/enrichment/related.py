"""Related links: the publisher's own list, each entry led to an article we know, never to a dead end; neighbours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from digest.model.article import RelatedLink
from digest.model.words import fold, is_unspaced, text_key

LIKE_ENOUGH = 0.35  #: from this likeness on (`digest.enrichment.neighbours`) an article is worth a link
# Letters that head one article alone, as measured on news: shorter titles ("Weather", "Morning briefing") come again,
# and so do longer ones with numbers, which meet by chance.
CERTAIN, CERTAIN_WITH_NUMBERS = 40, 80


@dataclass(frozen=True, slots=True)
class Known:
    """An article of the archive that a related entry can lead to."""

    article_id: int
    title: str
    url: str
    language: str = ""
    story_id: int = 0


def keys_of(link: RelatedLink) -> str:
    """Return the key under which an archive finds the entry's deck or title; "" for words that may head several."""
    letters = [letter for letter in fold(link.title) if letter.isalnum()]
    # A letter of a script without spaces says about as much as two of an alphabet.
    length = sum(2 if is_unspaced(letter) else 1 for letter in letters)
    has_numbers = any(letter.isdigit() for letter in letters)
    return text_key(link.title) if length >= (CERTAIN_WITH_NUMBERS if has_numbers else CERTAIN) else ""


def resolve(
    links: Collection[RelatedLink],
    archive: Mapping[str, Known],
    *,
    leave_out: Collection[int],
    limit: int,
    told: Collection[int] = (),
) -> list[tuple[RelatedLink, Known | None]]:
    """Return at most *limit* entries with the article each leads to, or None when there is none.

    *archive* maps the URL of an entry, and `keys_of` it, to its article: only the same address, or enough of the
    same words, count, so a link is never wrong. An entry that leads to an article in *leave_out* (those in this
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
