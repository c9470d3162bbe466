"""Which topics and keywords an article matches, with the words and fields that say so.

A topic is its name and keywords; nothing is learned and nothing depends on other articles, so a match can be
explained and repeated. Topics that share no word with an article cost nothing: phrases are found by their
first stem in an index.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from digest.model.article import Article
from digest.model.digest import Field, Why
from digest.model.topic import Topic
from digest.model.words import fold, is_unspaced, stems

WEIGHTS: Mapping[Field, float] = {Field.TITLE: 3.0, Field.DECK: 2.0, Field.HEADING: 1.5, Field.BODY: 0.8}
LABEL_SCORE = 4.0  #: the source's own label is better evidence than any word
ENOUGH = 2.0  #: a title or deck, or several mentions in the body; one passing mention is no match
ENOUGH_FOR_KEYWORD = 0.8  #: a reader who names a word wants each article that has it
PARENT_SHARE = 0.8  #: what a topic's match is worth to readers of its parent


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word or phrase as searched for: stems, or the folded text where words have no spaces."""

    shown: str
    stems: tuple[str, ...]
    substring: str = ""


def phrase_of(text: str) -> Phrase | None:
    """Return the phrase of *text*, or None when it has no letters or digits."""
    parts = tuple(stems(text))
    if not parts:
        return None
    return Phrase(text, parts, fold(text).strip() if is_unspaced(text) else "")


@dataclass(frozen=True, slots=True)
class Analysed:
    """An article's fields as stems with positions and as folded text."""

    positions: Mapping[Field, Mapping[str, tuple[int, ...]]]
    sequences: Mapping[Field, tuple[str, ...]]
    folded: Mapping[Field, str]
    labels: frozenset[str]


def analyse(article: Article) -> Analysed:
    """Return *article* ready for matching."""
    texts = {
        Field.TITLE: article.title,
        Field.DECK: article.deck or article.summary,
        Field.HEADING: "\n".join(section.heading for section in article.sections),
        Field.BODY: "\n".join(paragraph for section in article.sections for paragraph in section.paragraphs),
    }
    positions: dict[Field, dict[str, tuple[int, ...]]] = {}
    sequences: dict[Field, tuple[str, ...]] = {}
    for field, text in texts.items():
        sequences[field] = tuple(stems(text))
        places: defaultdict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(sequences[field]):
            places[one].append(index)
        positions[field] = {one: tuple(where) for one, where in places.items()}
    labels = frozenset(fold(label) for label in article.topics)
    return Analysed(positions, sequences, {field: fold(text) for field, text in texts.items()}, labels)


def count(analysed: Analysed, field: Field, phrase: Phrase) -> int:
    """Return how often *phrase* stands in *field*."""
    if phrase.substring:
        return analysed.folded[field].count(phrase.substring)
    starts = analysed.positions[field].get(phrase.stems[0], ())
    if len(phrase.stems) == 1:
        return len(starts)
    sequence = analysed.sequences[field]
    return sum(sequence[at : at + len(phrase.stems)] == phrase.stems for at in starts)


def score_phrases(analysed: Analysed, phrases: Iterable[Phrase], topic: str = "") -> Why:
    """Return the evidence of all *phrases* together: score, the words found (strongest first), the fields."""
    found: list[tuple[float, str]] = []
    fields: set[Field] = set()
    for phrase in phrases:
        worth = 0.0
        for field, weight in WEIGHTS.items():
            if times := count(analysed, field, phrase):
                worth += weight * min(1.0 + math.log2(times), 4.0)
                fields.add(field)
        if worth:
            found.append((worth, phrase.shown))
    found.sort(key=lambda each: (-each[0], each[1]))
    words = tuple(dict.fromkeys(shown for _, shown in found))
    order = tuple(field for field in WEIGHTS if field in fields)
    return Why(topic, words, order, round(sum(worth for worth, _ in found), 4))


class Matcher:
    """Matches articles against one vocabulary."""

    def __init__(self, vocabulary: Sequence[Topic]) -> None:
        self._topics = {topic.slug: topic for topic in vocabulary}
        self._phrases: dict[str, tuple[Phrase, ...]] = {}
        self._by_stem: defaultdict[str, set[str]] = defaultdict(set)
        self._substrings: dict[str, set[str]] = defaultdict(set)
        self._labels: dict[str, str] = {}
        for topic in vocabulary:
            texts = dict.fromkeys([topic.name, *topic.names.values(), *topic.keywords])
            by_meaning = {phrase.stems: phrase for text in texts if (phrase := phrase_of(text))}
            self._phrases[topic.slug] = tuple(by_meaning.values())
            for phrase in by_meaning.values():
                if phrase.substring:
                    self._substrings[phrase.substring].add(topic.slug)
                else:
                    self._by_stem[phrase.stems[0]].add(topic.slug)
            for label in (topic.slug, topic.name, *topic.names.values()):
                self._labels[fold(label)] = topic.slug

    def topics(self, analysed: Analysed) -> dict[str, Why]:
        """Return slug -> why for each topic the article matches; a parent is matched by its children."""
        labelled = {self._labels[label] for label in analysed.labels if label in self._labels}
        slugs = set(labelled)
        for positions in analysed.positions.values():
            for one in positions.keys() & self._by_stem.keys():
                slugs |= self._by_stem[one]
        for substring, owners in self._substrings.items():
            if any(substring in text for text in analysed.folded.values()):
                slugs |= owners
        found: dict[str, Why] = {}
        for slug in sorted(slugs):
            why = score_phrases(analysed, self._phrases[slug], slug)
            if slug in labelled:
                why = Why(slug, why.words, (Field.LABEL, *why.fields), round(why.score + LABEL_SCORE, 4))
            if why.score >= ENOUGH:
                found[slug] = why
        return self._with_parents(found)

    def _with_parents(self, found: dict[str, Why]) -> dict[str, Why]:
        everything = dict(found)
        for slug, why in found.items():
            parent, share, seen = self._topics[slug].parent, PARENT_SHARE, {slug}
            while parent in self._topics and parent not in seen:
                score = round(why.score * share, 4)
                if parent not in everything or everything[parent].score < score:
                    everything[parent] = Why(parent, why.words, why.fields, score)
                seen.add(parent)
                parent, share = self._topics[parent].parent, share * PARENT_SHARE
        return everything


def match_keyword(analysed: Analysed, keyword: str) -> Why | None:
    """Return why a reader's free *keyword* suits the article, or None."""
    phrase = phrase_of(keyword)
    if phrase is None:
        return None
    why = score_phrases(analysed, [phrase])
    return why if why.score >= ENOUGH_FOR_KEYWORD else None
