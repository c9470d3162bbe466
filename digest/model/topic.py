"""Topics: labels that editors define; the whole set is the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

PARENT_SHARE = 0.8  #: what a topic's match is worth to readers of its parent


@dataclass(frozen=True, slots=True)
class Topic:
    """A label with the words and phrases that tell it, and its name in each language.

    `keywords` are matched in every language; a phrase has several words. `keywords_in` has more of them by language
    tag, for articles in that language only. `names` maps a language tag to the name shown there; `name` is shown
    elsewhere. `examples` are articles that an editor gave for it: addresses (URLs) or numbers of stored articles, or
    texts. Whoever follows `parent` (a slug) gets this topic's articles too.
    """

    slug: str
    name: str
    keywords: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    keywords_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    examples: tuple[str, ...] = ()

    def name_in(self, locale: str) -> str:
        """Return the name for *locale*, else the plain name."""
        return self.names.get(locale) or self.names.get(locale.split("-", maxsplit=1)[0]) or self.name

    def words_in(self, language: str) -> tuple[str, ...]:
        """Return everything that tells the topic in articles of *language* (the first part of a tag; "": any).

        A name in another language is left out when it could be a word of this one: "Handel" is no name in English.
        """
        names = (name for tag, name in self.names.items() if _is_for(tag, language) or not name.isascii())
        more = (word for tag, words in self.keywords_in.items() if _is_for(tag, language) for word in words)
        return (self.name, *names, *self.keywords, *more)


def _is_for(tag: str, language: str) -> bool:
    return not language or tag.partition("-")[0].lower() == language


def parents_of(slug: str, parents: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    """Give each topic above *slug*, nearest first, with its share of a match; *parents* is slug -> parent.

    A circle ends where it began.
    """
    parent, share, seen = parents.get(slug, ""), PARENT_SHARE, {slug}
    while parent in parents and parent not in seen:
        yield parent, share
        seen.add(parent)
        parent, share = parents[parent], share * PARENT_SHARE
