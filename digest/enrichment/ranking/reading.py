"""Articles as the ranking reads them: stems by field, and letters where words have no spaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from digest.model.words import fold, is_unspaced, stems

LEAD = 40  #: stems; the beginning of a text says what it is about
_LETTERS = 3  # of a word, where words have no spaces


@dataclass(frozen=True, slots=True)
class Item:
    """One article to be ranked: `id` as its file has it, `day` as 2026-11-23, and what it says."""

    id: int | str
    day: str
    title: str
    text: str
    deck: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """An item's title, deck and lead, and whole text as stems, each with its folded text where that is searched.

    `size` is its length in words.
    """

    fields: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    folded: tuple[str, str, str]
    size: int


def read(item: Item) -> Read:
    """Return *item* as stems."""
    title, deck, text = stems(item.title), stems(item.deck), stems(item.text)
    lead, body = (*deck, *text[: LEAD - len(deck)]), (*deck, *text)
    folded = tuple(fold(part) for part in (item.title, f"{item.deck}\n{item.text}"))
    if not any(map(is_unspaced, folded)):
        return Read((tuple(title), lead, body), ("", "", ""), len(title) + len(body))
    opening = folded[1][: LEAD * _LETTERS]
    size = sum(max(1, len(one) // _LETTERS) if is_unspaced(one) else 1 for one in (*title, *body))
    return Read((tuple(title), lead, body), (folded[0], opening, folded[1]), size)


def terms(one: Read) -> Counter[str]:
    """Return how often each term stands in the text; in the title it counts twice.

    A term is a stem, or two neighbouring letters where words have no spaces.
    """
    title, _, body = one.fields
    found = Counter(_terms_of(body))
    for term in _terms_of(title):
        found[term] += 2
    return found


def _terms_of(sequence: Iterable[str]) -> Iterator[str]:
    for one in sequence:
        if len(one) > 1 and is_unspaced(one):
            yield from (one[at : at + 2] for at in range(len(one) - 1))
        else:
            yield one
