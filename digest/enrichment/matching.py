"""Which topics and keywords an article matches, with the words and fields that say so.

A topic is its name and keywords; nothing is learned and nothing depends on other articles, so a match can be
explained and repeated. Topics that share no word with an article cost nothing: phrases are found by their
first stem in an index.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from digest.model.article import Article
from digest.model.digest import Field, Why
from digest.model.topic import Topic
from digest.model.words import fold, is_unspaced, stems

WEIGHTS: Mapping[Field, float] = {Field.TITLE: 3.0, Field.DECK: 2.0, Field.HEADING: 1.5, Field.BODY: 0.8}
LEAD = 2.0  #: the first mention in the first paragraph, which tells a short article as a deck does
SHORT = (
    200  #: words; in a text n times as long a mention in the first paragraph is worth an n-th, as any other at least
)
IN_SHORT = 1.0  #: any mention in the body of a short text, where two are enough
LONGEST_LEAD = 80  #: words; a text without paragraphs has its first paragraph too
LABEL_SCORE = 4.0  #: the source's own label is better evidence than any word
ENOUGH = 2.0  #: a title or deck, or several mentions in the body; one passing mention is no match
ENOUGH_FOR_KEYWORD = 0.8  #: a reader who names a word wants each article that has it
_LETTERS = 3  # of a word where words have no spaces, and the space between
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
    """An article's fields as stems with positions and as folded text.

    The first paragraph is `lead` stems of the body, `lead_letters` letters of its folded text, and `lead_weight`
    is what the first mention in it is worth.
    """

    positions: Mapping[Field, Mapping[str, tuple[int, ...]]]
    sequences: Mapping[Field, tuple[str, ...]]
    folded: Mapping[Field, str]
    labels: frozenset[str]
    lead: int
    lead_letters: int
    lead_weight: float


def analyse(article: Article) -> Analysed:
    """Return *article* ready for matching."""
    first, *others = [paragraph for section in article.sections for paragraph in section.paragraphs] or [""]
    texts = {
        Field.TITLE: article.title,
        Field.DECK: article.deck or article.summary,
        Field.HEADING: "\n".join(section.heading for section in article.sections),
    }
    sequences = {field: tuple(stems(text)) for field, text in texts.items()}
    folded = {field: fold(text) for field, text in texts.items()}
    # Each paragraph is read once, and the first can be told from the rest.
    lead, lead_folded = stems(first), fold(first)
    rest = "\n".join(others)
    sequences[Field.BODY] = (*lead, *stems(rest))
    folded[Field.BODY] = f"{lead_folded}\n{fold(rest)}"
    words = _words(folded[Field.BODY], sequences[Field.BODY])
    return Analysed(
        positions={field: _positions(sequence) for field, sequence in sequences.items()},
        sequences=sequences,
        folded=folded,
        labels=frozenset(fold(label) for label in article.topics),
        lead=min(len(lead), LONGEST_LEAD),
        lead_letters=min(len(lead_folded), LONGEST_LEAD * _LETTERS),
        lead_weight=max(WEIGHTS[Field.BODY], LEAD * min(SHORT / max(words, 1), 1.0)),
    )


def _positions(sequence: Sequence[str]) -> dict[str, tuple[int, ...]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(sequence):
        places[one].append(index)
    return {one: tuple(where) for one, where in places.items()}


def _words(text: str, sequence: Sequence[str]) -> int:
    """Return how many words a text has; where they are not separated, as many as it has letters for."""
    return len(text) // _LETTERS if is_unspaced(text) else len(sequence)


def count(analysed: Analysed, field: Field, phrase: Phrase) -> int:
    """Return how often *phrase* stands in *field*."""
    if phrase.substring:
        return analysed.folded[field].count(phrase.substring)
    starts = analysed.positions[field].get(phrase.stems[0], ())
    if len(phrase.stems) == 1:
        return len(starts)
    sequence = analysed.sequences[field]
    return sum(sequence[at : at + len(phrase.stems)] == phrase.stems for at in starts)


def _is_in_lead(analysed: Analysed, phrase: Phrase) -> bool:
    """Whether *phrase*, which stands in the body, stands in its first paragraph."""
    if phrase.substring:
        return phrase.substring in analysed.folded[Field.BODY][: analysed.lead_letters]
    sequence, size = analysed.sequences[Field.BODY], len(phrase.stems)
    starts = analysed.positions[Field.BODY].get(phrase.stems[0], ())
    return any(at + size <= analysed.lead and sequence[at : at + size] == phrase.stems for at in starts)


def _worth(analysed: Analysed, field: Field, phrase: Phrase, times: int) -> float:
    """Return what *times* mentions in *field* are worth: the first its weight, more of them less and less."""
    is_short = field is Field.BODY and analysed.lead_weight >= LEAD
    weight = IN_SHORT if is_short else WEIGHTS[field]
    first = analysed.lead_weight if field is Field.BODY and _is_in_lead(analysed, phrase) else weight
    return first + weight * min(math.log2(times), 3.0)


def score_phrases(analysed: Analysed, phrases: Iterable[Phrase], topic: str = "") -> Why:
    """Return the evidence of all *phrases* together: score, the words found (strongest first), the fields."""
    found: list[tuple[float, str]] = []
    fields: set[Field] = set()
    for phrase in phrases:
        worth = 0.0
        for field in WEIGHTS:
            if times := count(analysed, field, phrase):
                worth += _worth(analysed, field, phrase, times)
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
        return self._with_parents({slug: why for slug, why in self._scored(analysed) if why.score >= ENOUGH})

    def near_misses(self, analysed: Analysed) -> dict[str, Why]:
        """Return slug -> why for each topic whose words the article has, but not enough of them."""
        found = dict(self._scored(analysed))
        matched = self._with_parents({slug: why for slug, why in found.items() if why.score >= ENOUGH})
        return {slug: why for slug, why in self._with_parents(found).items() if slug not in matched}

    def _scored(self, analysed: Analysed) -> Iterator[tuple[str, Why]]:
        """Give each topic with a word or label in the article, and what they come to."""
        labelled = {self._labels[label] for label in analysed.labels if label in self._labels}
        slugs = set(labelled)
        for positions in analysed.positions.values():
            for one in positions.keys() & self._by_stem.keys():
                slugs |= self._by_stem[one]
        for substring, owners in self._substrings.items():
            if any(substring in text for text in analysed.folded.values()):
                slugs |= owners
        for slug in sorted(slugs):
            why = score_phrases(analysed, self._phrases[slug], slug)
            if slug in labelled:
                why = Why(slug, why.words, (Field.LABEL, *why.fields), round(why.score + LABEL_SCORE, 4))
            if why.score:
                yield slug, why

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
