"""Scores that similar articles agree on: ridge regression of the scores on the articles' words.

The fit of t is K (K + RIDGE)⁻¹ t, where K holds the likeness of all pairs of articles: what the words of the whole
archive can explain of t. An article that has the topic's word by chance loses, one that speaks as those do that have
it gains. Solved by conjugate gradients (Hestenes and Stiefel 1952), one product with K a round.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul

from digest.enrichment.ranking.vectors import Vectors

RIDGE = 3.0  #: how little a single article is believed
ROUNDS = 8  #: enough: more of them change the order of hardly any article
_NOTHING = 1e-18  # of the squared length at the start; what is left is rounding


def smooth(vectors: Vectors, scores: Sequence[float]) -> list[float]:
    """Return the fit of *scores* (one for each article) less their mean."""
    target = less_their_mean(scores)
    return [one - RIDGE * left for one, left in zip(target, solve(vectors, target), strict=True)]


def less_their_mean(scores: Sequence[float]) -> list[float]:
    """Return *scores* moved so that their mean is 0."""
    mean = math.fsum(scores) / max(len(scores), 1)
    return [score - mean for score in scores]


def solve(vectors: Vectors, target: Sequence[float], rounds: int = ROUNDS) -> list[float]:
    """Return (K + RIDGE)⁻¹ *target*, what each article adds to the fit of those like it; nearer with more *rounds*."""
    rest, step = list(target), list(target)
    solution = [0.0] * len(target)
    length = began = _dot(rest, rest)
    for _ in range(rounds):
        if length <= began * _NOTHING:
            break
        image = [alike + RIDGE * one for alike, one in zip(vectors.alike(step), step, strict=True)]
        far = length / _dot(step, image)
        solution = [one + far * by for one, by in zip(solution, step, strict=True)]
        rest = [one - far * by for one, by in zip(rest, image, strict=True)]
        length, before = _dot(rest, rest), length
        step = [one + length / before * by for one, by in zip(rest, step, strict=True)]
    return solution


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(map(mul, one, other))
