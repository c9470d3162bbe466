"""Related links: the publisher's own list, each entry led to an article we know, never to a dead end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from digest.model.article import RelatedLink
from digest.model.words import text_key


@dataclass(frozen=True, slots=True)
class Known:
    """An article of the archive that a related entry can lead to."""

    article_id: int
    title: str
    url: str
    language: str = ""


def keys_of(link: RelatedLink) -> str:
    """Return the key under which an archive finds the entry's deck or title."""
    return text_key(link.title)


def resolve(
    links: Collection[RelatedLink], archive: Mapping[str, Known], *, leave_out: Collection[int], limit: int
) -> list[tuple[RelatedLink, Known | None]]:
    """Return at most *limit* entries with the article each leads to, or None when there is none.

    *archive* maps `text_key` of a title or deck to its article: only the same words count, so a link is never
    wrong. An entry that leads to an article in *leave_out* (those in this mail), or that came before, is dropped.
    """
    found: list[tuple[RelatedLink, Known | None]] = []
    seen: set[int | str] = set(leave_out)
    for link in links:
        if len(found) >= limit:
            break
        key = keys_of(link)
        known = archive.get(key)
        same = known.article_id if known is not None else key
        if same in seen:
            continue
        seen.add(same)
        found.append((link, known))
    return found
