"""How much of a topic's own words an article has: BM25 over fields, against an archive that nobody labelled.

Robertson, Zaragoza, Taylor, "Simple BM25 Extension to Multiple Weighted Fields" (2004): mentions are weighted by
field and added before they saturate.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from digest.enrichment.phrases import Phrase, PhraseBook, Stems, phrase_of
from digest.enrichment.ranking.reading import Read
from digest.model.topic import Topic, parents_of

FIELDS = (5.0, 2.0, 1.0)  #: what a mention adds in the title, in the lead, anywhere in the text
SATURATION = 1.2  #: k1 of BM25
LENGTH = 0.5  #: b of BM25
WORD_OF_PHRASE = 0.3  #: a single word of a phrase, against the whole phrase
SEVERAL = 0.25  #: power of the number of phrases; two different words tell more than one word twice


@dataclass(frozen=True, slots=True)
class _Sought:
    """What tells the topics in articles of one language: the owners of each phrase with its weight for them."""

    owners: Mapping[Stems, Sequence[tuple[str, float]]]
    book: PhraseBook


class Evidence:
    """What an archive makes of topics' words: how rare each of them is in it, and how long its articles are."""

    def __init__(self, topics: Sequence[Topic], archive: Sequence[Read]) -> None:
        self._topics = topics
        self._sought: dict[str, _Sought] = {}
        mentions = [self._mentions(one) for one in archive]
        spread = Counter(stems for found in mentions for stems in found)
        self._size = len(archive)
        self._usual = sum(one.size for one in archive) / max(len(archive), 1) or 1.0
        self._rarity = {stems: self._rarity_of(articles) for stems, articles in spread.items()}
        #: for each topic what its words come to in each article of the archive, from 0
        self.scores: dict[str, list[float]] = {topic.slug: [0.0] * len(archive) for topic in topics}
        for at, (one, found) in enumerate(zip(archive, mentions, strict=True)):
            for slug, score in self._worth(one, found).items():
                self.scores[slug][at] = score

    def of(self, one: Read) -> dict[str, float]:
        """Return slug -> what the topic's words come to in an article that need not be in the archive."""
        return self._worth(one, self._mentions(one))

    def _rarity_of(self, articles: int) -> float:
        return math.log1p((self._size - articles + 0.5) / (articles + 0.5))

    def _worth(self, one: Read, found: Mapping[Stems, float]) -> dict[str, float]:
        owners = self._in(one.language).owners
        score: defaultdict[str, float] = defaultdict(float)
        several: defaultdict[str, float] = defaultdict(float)
        length = 1 - LENGTH + LENGTH * one.size / self._usual
        for stems in sorted(found):
            rarity = self._rarity.get(stems) or self._rarity_of(0)
            worth = rarity * _saturated(found[stems] / length)
            for slug, weight in owners[stems]:
                score[slug] += weight * worth
                several[slug] += weight
        return {slug: total * several[slug] ** SEVERAL for slug, total in score.items()}

    def _mentions(self, one: Read) -> dict[Stems, float]:
        """Return how often each phrase stands in *one*, weighted by field."""
        book = self._in(one.language).book
        times: defaultdict[Stems, float] = defaultdict(float)
        for weight, sequence, letters in zip(FIELDS, one.fields, one.folded, strict=True):
            for stems, _ in book.standing(sequence):
                times[stems] += weight
            for stems, _ in book.standing_in_letters(letters):
                times[stems] += weight
        return times

    def _in(self, language: str) -> _Sought:
        if language not in self._sought:
            self._sought[language] = _sought(self._topics, language)
        return self._sought[language]


def evidence(topics: Sequence[Topic], archive: Sequence[Read]) -> dict[str, list[float]]:
    """Return for each topic (by slug) what its words, or a share of those below it, come to in each article."""
    own = Evidence(topics, archive).scores
    everything = {slug: list(scores) for slug, scores in own.items()}
    parents = {topic.slug: topic.parent for topic in topics}
    for slug, scores in own.items():
        for above, share in parents_of(slug, parents):
            everything[above] = [max(one, share * below) for one, below in zip(everything[above], scores, strict=True)]
    return everything


def _saturated(times: float) -> float:
    return times * (SATURATION + 1) / (times + SATURATION)


def _sought(topics: Iterable[Topic], language: str) -> _Sought:
    owners: defaultdict[Stems, list[tuple[str, float]]] = defaultdict(list)
    phrases: list[Phrase] = []
    for topic in topics:
        for phrase, weight in _telling(topic.words_in(language), language):
            owners[phrase.stems].append((topic.slug, weight))
            phrases.append(phrase)
    return _Sought(owners, PhraseBook(phrases))


def _telling(texts: Collection[str], language: str) -> list[tuple[Phrase, float]]:
    """Return each phrase with its weight, once; of a phrase its single words too."""
    heaviest: dict[Stems, tuple[Phrase, float]] = {}
    for text in texts:
        whole = phrase_of(text, language)
        if whole is None:
            continue
        heaviest[whole.stems] = (whole, 1.0)
        if len(whole.stems) > 1 and not whole.substring:
            for word in whole.stems:
                heaviest.setdefault((word,), (Phrase(word, (word,)), WORD_OF_PHRASE))
    return list(heaviest.values())
