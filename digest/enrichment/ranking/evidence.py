"""How much of a topic's own words an article has: BM25 over fields, against an archive that nobody labelled.

Robertson, Zaragoza, Taylor, "Simple BM25 Extension to Multiple Weighted Fields" (2004): mentions are weighted by
field and added before they saturate.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from digest.enrichment.matching import PARENT_SHARE, Phrase, phrase_of
from digest.enrichment.ranking.reading import Read
from digest.model.topic import Topic

FIELDS = (5.0, 2.0, 1.0)  #: what a mention adds in the title, in the lead, anywhere in the text
SATURATION = 1.2  #: k1 of BM25
LENGTH = 0.5  #: b of BM25
WORD_OF_PHRASE = 0.3  #: a single word of a phrase, against the whole phrase
SEVERAL = 0.25  #: power of the number of phrases; two different words tell more than one word twice

Stems = tuple[str, ...]
Scores = dict[int, float]  # by the article's place in the archive; the others have 0


def evidence(topics: Sequence[Topic], archive: Sequence[Read]) -> dict[str, list[float]]:
    """Return for each topic (by slug) what its words come to in each article of *archive*, from 0."""
    sought = {topic.slug: _sought(topic) for topic in topics}
    found = _scores([phrase for phrases in sought.values() for phrase, _ in phrases], archive)
    own: dict[str, list[float]] = {}
    for slug, phrases in sought.items():
        own[slug] = [0.0] * len(archive)
        several = [0.0] * len(archive)
        for phrase, weight in phrases:
            for at, score in found[phrase.stems].items():
                own[slug][at] += weight * score
                several[at] += weight
        own[slug] = [score * many**SEVERAL for score, many in zip(own[slug], several, strict=True)]
    return _with_children(topics, own)


def _sought(topic: Topic) -> list[tuple[Phrase, float]]:
    """Return what tells the topic, each phrase with its weight, once."""
    heaviest: dict[Stems, tuple[Phrase, float]] = {}
    for text in (topic.name, *topic.names.values(), *topic.keywords):
        whole = phrase_of(text)
        if whole is None:
            continue
        heaviest[whole.stems] = (whole, 1.0)
        if len(whole.stems) > 1 and not whole.substring:
            for word in whole.stems:
                heaviest.setdefault((word,), (Phrase(word, (word,)), WORD_OF_PHRASE))
    return list(heaviest.values())


def _scores(phrases: Iterable[Phrase], archive: Sequence[Read]) -> dict[Stems, Scores]:
    """Return what each phrase is worth in each article that has it."""
    mentions = _mentions(phrases, archive)
    usual = sum(one.size for one in archive) / max(len(archive), 1) or 1.0
    found: dict[Stems, Scores] = {}
    for stems, places in mentions.items():
        rarity = math.log1p((len(archive) - len(places) + 0.5) / (len(places) + 0.5))
        found[stems] = {
            at: rarity * _saturated(times / (1 - LENGTH + LENGTH * archive[at].size / usual))
            for at, times in places.items()
        }
    return found


def _saturated(times: float) -> float:
    return times * (SATURATION + 1) / (times + SATURATION)


def _mentions(phrases: Iterable[Phrase], archive: Sequence[Read]) -> dict[Stems, Scores]:
    """Return how often each phrase stands in each article, weighted by field."""
    known = {phrase.stems: phrase for phrase in phrases}
    beginning: defaultdict[str, list[Stems]] = defaultdict(list)
    for stems, phrase in known.items():
        if not phrase.substring:
            beginning[stems[0]].append(stems)
    found: dict[Stems, Scores] = {stems: {} for stems in known}
    for at, one in enumerate(archive):
        times: defaultdict[Stems, float] = defaultdict(float)
        for weight, sequence, text in zip(FIELDS, one.fields, one.folded, strict=True):
            for stems in _standing(beginning, sequence):
                times[stems] += weight
            if text:
                for stems, phrase in known.items():
                    if phrase.substring and (count := text.count(phrase.substring)):
                        times[stems] += weight * count
        for stems, total in times.items():
            found[stems][at] = total
    return found


def _standing(beginning: Mapping[str, Sequence[Stems]], sequence: Stems) -> Iterable[Stems]:
    """Give each phrase as often as it stands in *sequence*."""
    for at, one in enumerate(sequence):
        for stems in beginning.get(one, ()):
            if sequence[at : at + len(stems)] == stems:
                yield stems


def _with_children(topics: Sequence[Topic], own: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """Return what tells each topic or, for a share, one below it."""
    everything = {slug: list(scores) for slug, scores in own.items()}
    parents = {topic.slug: topic.parent for topic in topics}
    for slug, scores in own.items():
        above, share, seen = parents[slug], PARENT_SHARE, {slug}
        while above in everything and above not in seen:
            everything[above] = [max(one, share * below) for one, below in zip(everything[above], scores, strict=True)]
            seen.add(above)
            above, share = parents[above], share * PARENT_SHARE
    return everything
