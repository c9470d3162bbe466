"""The best articles of each day for each topic, from the topics' definitions and what the articles say.

First a topic's own words give each article a score (`evidence`), then the whole archive, which nobody labelled,
says which of those scores its words bear out (`smoothing`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from digest.enrichment.ranking.evidence import evidence
from digest.enrichment.ranking.reading import EXAMPLE, OTHERS, Item, read, terms
from digest.enrichment.ranking.smoothing import smooth
from digest.enrichment.ranking.vectors import Vectors
from digest.model.topic import Topic

_TOGETHER = 16  # topics are fitted at once: it takes little longer than one

Examples = Mapping[str, Collection[Item]]
"""Slug -> articles that an editor gave for the topic."""
Ranking = dict[str, dict[str, list[int | str]]]
"""Day -> slug -> ids of articles, best first."""


def rank(
    topics: Sequence[Topic],
    items: Sequence[Item],
    top: int,
    examples: Examples | None = None,
    progress: Callable[[int], None] | None = None,
) -> Ranking:
    """Return at most *top* articles for each day of *items* and each topic, in order of days and *topics*.

    A topic without a word in any article has no list. *items* are the archive as well; their order changes nothing.
    *examples* that are not among them are read but not ranked.
    """
    archive = _in_order(items, examples or {})
    texts = [read(item) for item in archive]
    vectors = Vectors([terms(text) for text in texts])
    targets = evidence(topics, texts)
    if examples:
        targets = _with_examples(targets, archive, examples)
    days: defaultdict[str, list[int]] = defaultdict(list)
    for at, item in enumerate(archive):
        if item.day:
            days[item.day].append(at)
    ranking: Ranking = {day: {} for day in days}
    told = [slug for slug, scores in targets.items() if any(scores)]
    for first in range(0, len(told), _TOGETHER):
        part = told[first : first + _TOGETHER]
        for slug, fit in zip(part, smooth(vectors, [targets[slug] for slug in part]), strict=True):
            for day, places in days.items():
                best = sorted(places, key=lambda at: (-fit[at], at))[:top]
                ranking[day][slug] = [archive[at].id for at in best]
        if progress is not None:
            progress(len(part))
    if progress is not None:
        progress(len(targets) - len(told))
    return ranking


def _in_order(items: Sequence[Item], examples: Examples) -> list[Item]:
    """Return all articles, each once."""
    everything = {*items, *(one for given in examples.values() for one in given)}
    return sorted(everything, key=lambda item: (item.day, str(item.id), item.title, item.text))


def _with_examples(
    scores: dict[str, list[float]], archive: Sequence[Item], examples: Examples
) -> dict[str, list[float]]:
    """Return *scores* with more for examples of the topic, and less for those of other topics only."""
    chosen = {item for given in examples.values() for item in given}
    taught: dict[str, list[float]] = {}
    for slug, own in scores.items():
        good, best = set(examples.get(slug, ())), max(own, default=0.0) or 1.0
        taught[slug] = [
            score + EXAMPLE * best if item in good else score * OTHERS if item in chosen else score
            for item, score in zip(archive, own, strict=True)
        ]
    return taught
