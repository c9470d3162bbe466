"""How good a ranking is: nDCG (Järvelin and Kekäläinen 2002) with relevance 0 or 1, for each day and topic."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

Pair = tuple[str, str]  # day, slug
Relevant = Mapping[Pair, Collection[Any]]


def relevant(labelled: Iterable[tuple[Any, str, Iterable[str]]], slugs: Collection[str]) -> dict[Pair, set[Any]]:
    """Return the ids that are right for each day and topic that has any; *labelled* gives id, day and topics."""
    found: defaultdict[Pair, set[Any]] = defaultdict(set)
    for key, day, topics in labelled:
        for slug in slugs & set(topics):
            found[day, slug].add(key)
    return dict(found)


def ndcg(ids: Sequence[Any], right: Collection[Any], top: int = 10) -> float:
    """Return 1 when the best places hold nothing but *right* ones, 0 when none of them is there."""
    gained = sum(1 / math.log2(place + 2) for place, key in enumerate(ids[:top]) if key in right)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(len(right), top)))


def gains(ranking: Mapping[str, Mapping[str, Sequence[Any]]], right: Relevant) -> dict[Pair, float]:
    """Return nDCG@10 for each day and topic with an article that is right."""
    return {(day, slug): ndcg(ranking[day].get(slug, ()), ids) for (day, slug), ids in sorted(right.items())}


def mean(values: Collection[float]) -> float:
    """Return the plain mean."""
    return math.fsum(values) / len(values)


def interval(values: Sequence[float], resamples: int = 2_000) -> tuple[float, float]:
    """Return the bounds within which 95 % of the means of resamples lie (percentile bootstrap); always the same."""
    drawn = random.Random(0)
    means = sorted(mean(drawn.choices(values, k=len(values))) for _ in range(resamples))
    return means[int(0.025 * resamples)], means[int(0.975 * resamples) - 1]
