"""The fit that the archive gives to scores, against the same written out by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from digest.enrichment.ranking.smoothing import RIDGE, smooth
from digest.enrichment.ranking.vectors import Vectors

TEXTS = ["cocoa pods rain", "pods rain rain", "bank bonds", "bonds fall", "cocoa bank fall fall fall"]


def matrix(vectors):
    size = len(TEXTS)
    return [vectors.alike([float(at == one) for at in range(size)]) for one in range(size)]


def test_articles_are_as_like_each_other_as_the_other_way_round():
    """The likeness of all pairs is symmetric, and highest with oneself."""
    found = matrix(Vectors([Counter(text.split()) for text in TEXTS]))

    for one, row in enumerate(found):
        assert row == pytest.approx([found[other][one] for other in range(len(TEXTS))])
    assert found[0][1] > 0 == found[0][3]


def test_the_fit_is_that_of_ridge_regression():
    """(K + RIDGE) a = t gives the fit t - RIDGE a; put back in, the equation holds."""
    vectors = Vectors([Counter(text.split()) for text in TEXTS])
    scores = [3.0, 0.0, 0.0, 1.0, 2.0]
    target = [score - sum(scores) / 5 for score in scores]

    fit = smooth(vectors, scores)

    solution = [(one - fitted) / RIDGE for one, fitted in zip(target, fit, strict=True)]
    assert vectors.alike(solution) == pytest.approx(fit)


def test_the_same_score_everywhere_says_nothing():
    """There is no more than chance to be found."""
    assert smooth(Vectors([Counter("a b"), Counter("a c")]), [2.0, 2.0]) == [0.0, 0.0]
