"""Scores that similar articles agree on: ridge regression of the scores on the articles' words.

The fit of t is K (K + RIDGE)⁻¹ t, where K holds the likeness of all pairs of articles: what the words of the whole
archive can explain of t. An article that has the topic's word by chance loses, one that speaks as those do that have
it gains. Solved by conjugate gradients (Hestenes and Stiefel 1952), one product with K a round for all scores at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul

from digest.enrichment.ranking.vectors import Values, Vectors

RIDGE = 3.0  #: how little a single article is believed
ROUNDS = 8  #: enough: more of them change the order of hardly any article
_NOTHING = 1e-18  # of the squared length at the start; what is left is rounding


def smooth(vectors: Vectors, scores: Sequence[Values]) -> list[list[float]]:
    """Return the fit of each of *scores* (one for each article) less their mean."""
    targets = [less_their_mean(one) for one in scores]
    return [fitted(*each) for each in zip(targets, solve(vectors, targets), strict=True)]


def fitted(target: Values, solution: Values) -> list[float]:
    """Return the fit of *target* whose `solve` is *solution*."""
    return [one - RIDGE * left for one, left in zip(target, solution, strict=True)]


def less_their_mean(scores: Values) -> list[float]:
    """Return *scores* moved so that their mean is 0."""
    mean = math.fsum(scores) / max(len(scores), 1)
    return [score - mean for score in scores]


def solve(vectors: Vectors, targets: Sequence[Values], rounds: int = ROUNDS) -> list[list[float]]:
    """Return (K + RIDGE)⁻¹ t, what each article adds to the fit of those like it, for each of *targets* t.

    Nearer with more *rounds*.
    """
    searches = [_Search(target) for target in targets]
    for _ in range(rounds):
        going = [each for each in searches if each.goes_on]
        if not going:
            break
        for each, alike in zip(going, vectors.alike([one.step for one in going]), strict=True):
            each.go(alike)
    return [each.solution for each in searches]


class _Search:
    """One solution on its way: what is left to explain, and the direction of the next step."""

    def __init__(self, target: Values) -> None:
        self.solution = [0.0] * len(target)
        self.step = list(target)
        self._rest = list(target)
        self._length = self._began = _dot(target, target)

    @property
    def goes_on(self) -> bool:
        return self._length > self._began * _NOTHING

    def go(self, alike: Values) -> None:
        """Take a step; *alike* is the product of K and its direction."""
        image = [one + RIDGE * by for one, by in zip(alike, self.step, strict=True)]
        far = self._length / _dot(self.step, image)
        self.solution = [one + far * by for one, by in zip(self.solution, self.step, strict=True)]
        self._rest = [one - far * by for one, by in zip(self._rest, image, strict=True)]
        before, self._length = self._length, _dot(self._rest, self._rest)
        self.step = [one + self._length / before * by for one, by in zip(self._rest, self.step, strict=True)]


def _dot(one: Values, other: Values) -> float:
    return math.fsum(map(mul, one, other))
