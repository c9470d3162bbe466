"""Articles as the ranking reads them: stems by field, and letters where words have no spaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from digest.enrichment.phrases import LETTERS_OF_A_WORD
from digest.enrichment.reading import Analysed
from digest.model.digest import Field
from digest.model.words import fold, is_unspaced, stems

EXAMPLE = 2.0  #: what being an example is worth, against the most that a topic's words come to in any article
OTHERS = 0.5  #: what the topic's words are worth in an article that is an example of other topics only
LEAD = 40  #: stems; the beginning of a text says what it is about


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
    """An article's title, deck and lead, and whole text as stems, each with its folded text where that is searched.

    `size` is its length in words; `language`, by whose rules the stems are made, is "" when unknown.
    """

    fields: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    folded: tuple[str, str, str]
    size: int
    language: str = ""


def read(item: Item) -> Read:
    """Return *item* as stems."""
    return _read(
        stems(item.title), stems(item.deck), stems(item.text), fold(item.title), fold(f"{item.deck}\n{item.text}")
    )


def read_again(one: Analysed) -> Read:
    """Return an article that was read for matching as the ranking reads it."""
    own, folded = one.sequences, one.folded
    body = (*own[Field.HEADING], *own[Field.BODY])
    text = "\n".join(folded.get(field, "") for field in (Field.DECK, Field.HEADING, Field.BODY)).strip()
    return _read(own[Field.TITLE], own[Field.DECK], body, folded.get(Field.TITLE, ""), text, language=one.language)


def _read(title: Sequence[str], deck: Sequence[str], text: Sequence[str], *folded: str, language: str = "") -> Read:
    lead, body = (*deck, *text[: max(LEAD - len(deck), 0)]), (*deck, *text)
    if not any(map(is_unspaced, folded)):
        return Read((tuple(title), lead, body), ("", "", ""), len(title) + len(body), language)
    opening = folded[1][: LEAD * LETTERS_OF_A_WORD]
    size = sum(max(1, len(one) // LETTERS_OF_A_WORD) if is_unspaced(one) else 1 for one in (*title, *body))
    return Read((tuple(title), lead, body), (folded[0], opening, folded[1]), size, language)


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
