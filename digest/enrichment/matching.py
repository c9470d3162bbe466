"""Which topics and keywords an article matches, with the words and fields that say so.

A topic's words in an article come to points (`points`), and once there is an archive, what its articles say with
those words corrects them (`opinion`). Topics that share no word with an article cost nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from digest.enrichment.opinion import Opinion
from digest.enrichment.phrases import Phrase, PhraseBook, Stems, phrase_of, phrases_of
from digest.enrichment.points import mentions, score_phrases
from digest.enrichment.reading import Analysed
from digest.model.digest import Field, Why
from digest.model.topic import Topic, parents_of
from digest.model.words import fold

VERSION = 2  #: raise it when the same article may match otherwise: what was found is kept
LABEL_SCORE = 4.0  #: the source's own label is better evidence than any word
ENOUGH = 2.0  #: a title or deck, or several mentions in the body; one passing mention is no match
ENOUGH_FOR_KEYWORD = 0.8  #: a reader who names a word wants each article that has it


@dataclass(frozen=True, slots=True)
class _Book:
    """A vocabulary as it is sought in articles of one language."""

    phrases: Mapping[str, tuple[Phrase, ...]]
    owners: Mapping[Stems, tuple[str, ...]]
    index: PhraseBook


class Matcher:
    """Matches articles against one vocabulary, and against what an archive has to say of it, if there is one."""

    def __init__(
        self,
        vocabulary: Sequence[Topic],
        archive: Sequence[Analysed] = (),
        examples: Mapping[str, Collection[int]] | None = None,
    ) -> None:
        """*examples* are places in *archive*, by slug."""
        self._topics = {topic.slug: topic for topic in vocabulary}
        self._parents = {topic.slug: topic.parent for topic in vocabulary}
        self._books: dict[str, _Book] = {}
        self._labels: dict[str, str] = {}
        for topic in vocabulary:
            for label in (topic.slug, topic.name, *topic.names.values()):
                self._labels[fold(label)] = topic.slug
        self._opinion: Opinion | None = None
        if archive:
            points = [self._points(one) for one in archive]
            self._opinion = Opinion(vocabulary, archive, points, examples or {})

    def topics(self, analysed: Analysed) -> dict[str, Why]:
        """Return slug -> why for each topic the article matches; a parent is matched by its children."""
        found = self._scored(analysed)
        matched = self._with_parents({slug: why for slug, why in found.items() if why.score >= ENOUGH})
        return self._without_denied(analysed, matched)

    def near_misses(self, analysed: Analysed) -> dict[str, Why]:
        """Return slug -> why for each topic whose words the article has, but not enough of them."""
        found = self._scored(analysed)
        matched = self._with_parents({slug: why for slug, why in found.items() if why.score >= ENOUGH})
        nearly = {slug: why for slug, why in self._with_parents(found).items() if slug not in matched}
        return self._without_denied(analysed, nearly)

    def _scored(self, analysed: Analysed) -> dict[str, Why]:
        """Return each topic with a word or label in the article, and what they come to."""
        found = self._points(analysed)
        if self._opinion:
            found = self._opinion.of(analysed, found)
        for slug in sorted({self._labels[label] for label in analysed.labels if label in self._labels}):
            why = found.get(slug) or Why(slug, (), (), 0.0)
            found[slug] = Why(slug, why.words, (Field.LABEL, *why.fields), round(why.score + LABEL_SCORE, 4))
        return found

    def _without_denied(self, analysed: Analysed, found: dict[str, Why]) -> dict[str, Why]:
        """Return *found* without the topics that an editor said the article is not about: labels with a minus."""
        denied = {self._labels.get(label[1:]) for label in analysed.labels if label.startswith("-")}
        return {slug: why for slug, why in found.items() if slug not in denied} if denied else found

    def _points(self, analysed: Analysed) -> dict[str, Why]:
        """Return slug -> why for each topic of which the article has a word."""
        book = self._book(analysed.language)
        found = mentions(analysed, book.index)
        slugs = sorted({slug for stems in found for slug in book.owners[stems]})
        return {slug: score_phrases(analysed, found, book.phrases[slug], slug) for slug in slugs}

    def _book(self, language: str) -> _Book:
        if language not in self._books:
            self._books[language] = _book(self._topics.values(), language)
        return self._books[language]

    def _with_parents(self, found: dict[str, Why]) -> dict[str, Why]:
        everything = dict(found)
        for slug, why in found.items():
            for parent, share in parents_of(slug, self._parents):
                score = round(why.score * share, 4)
                if parent not in everything or everything[parent].score < score:
                    everything[parent] = Why(parent, why.words, why.fields, score, slug)
        return everything


def _book(topics: Iterable[Topic], language: str) -> _Book:
    phrases = {topic.slug: phrases_of(topic.words_in(language), language) for topic in topics}
    owners: defaultdict[Stems, list[str]] = defaultdict(list)
    for slug, own in phrases.items():
        for phrase in own:
            owners[phrase.stems].append(slug)
    index = PhraseBook(phrase for own in phrases.values() for phrase in own)
    return _Book(phrases, {stems: tuple(slugs) for stems, slugs in owners.items()}, index)


def match_keyword(analysed: Analysed, keyword: str) -> Why | None:
    """Return why a reader's free *keyword* suits the article, or None."""
    known = _keyword(keyword, analysed.language)
    if known is None:
        return None
    phrase, book = known
    why = score_phrases(analysed, mentions(analysed, book), [phrase])
    return why if why.score >= ENOUGH_FOR_KEYWORD else None


@lru_cache(maxsize=4_096)
def _keyword(keyword: str, language: str) -> tuple[Phrase, PhraseBook] | None:
    phrase = phrase_of(keyword, language)
    return (phrase, PhraseBook([phrase])) if phrase else None
