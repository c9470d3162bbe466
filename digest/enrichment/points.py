"""What the words of a topic or keyword come to in one article: points, which need no other article to be worked out.

A match can be explained by them and repeated, and they mean the same in a new installation as in an old one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from digest.enrichment.phrases import Phrase, PhraseBook, Stems
from digest.enrichment.reading import Analysed
from digest.model.digest import Field, Why

WEIGHTS: Mapping[Field, float] = {Field.TITLE: 3.0, Field.DECK: 2.0, Field.HEADING: 1.5, Field.BODY: 0.8}
LEAD = 2.0  #: the first mention in the first paragraph, which tells a short article as a deck does
SHORT = (
    200  #: words; in a text n times as long a mention in the first paragraph is worth an n-th, as any other at least
)
IN_SHORT = 1.0  #: any mention in the body of a short text, where two are enough


@dataclass(slots=True)
class Mentions:
    """How often one phrase stands in each field, and whether in the first paragraph."""

    times: dict[Field, int]
    in_lead: bool = False


def mentions(analysed: Analysed, book: PhraseBook) -> dict[Stems, Mentions]:
    """Return what each phrase of *book* that the article has has in it."""
    found: dict[Stems, Mentions] = {}
    for field in WEIGHTS:
        in_body = field is Field.BODY
        for stems, end in book.standing(analysed.sequences[field]):
            _note(found, stems, field, in_lead=in_body and end <= analysed.lead)
        for stems, end in book.standing_in_letters(analysed.folded.get(field, "")):
            _note(found, stems, field, in_lead=in_body and end <= analysed.lead_letters)
    return found


def _note(found: dict[Stems, Mentions], stems: Stems, field: Field, *, in_lead: bool) -> None:
    one = found.get(stems)
    if one is None:
        one = found[stems] = Mentions({})
    one.times[field] = one.times.get(field, 0) + 1
    one.in_lead = one.in_lead or in_lead


def score_phrases(
    analysed: Analysed, found: Mapping[Stems, Mentions], phrases: Iterable[Phrase], topic: str = ""
) -> Why:
    """Return the evidence of all *phrases* together: score, the words found (strongest first), the fields."""
    telling: list[tuple[float, str]] = []
    fields: set[Field] = set()
    for phrase in phrases:
        if one := found.get(phrase.stems):
            telling.append((_worth(analysed, one), phrase.shown))
            fields |= one.times.keys()
    telling.sort(key=lambda each: (-each[0], each[1]))
    words = tuple(dict.fromkeys(shown for _, shown in telling))
    order = tuple(field for field in WEIGHTS if field in fields)
    return Why(topic, words, order, round(math.fsum(worth for worth, _ in telling), 4))


def _worth(analysed: Analysed, one: Mentions) -> float:
    """Return what the mentions of a phrase are worth: in each field the first its weight, more of them less."""
    in_lead = max(WEIGHTS[Field.BODY], LEAD * min(SHORT / max(analysed.size, 1), 1.0))
    total = 0.0
    for field, times in one.times.items():
        is_short = field is Field.BODY and in_lead >= LEAD
        weight = IN_SHORT if is_short else WEIGHTS[field]
        first = in_lead if field is Field.BODY and one.in_lead else weight
        total += first + weight * min(math.log2(times), 3.0)
    return total
