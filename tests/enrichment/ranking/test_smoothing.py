"""The fit that the archive gives to scores, against the same written out by hand."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.enrichment.ranking.smoothing import RIDGE, smooth
from digest.enrichment.ranking.vectors import MOST, SLOPE, Vectors

TEXTS = ["cocoa pods rain", "pods rain rain", "bank bonds", "bonds fall", "cocoa bank fall fall fall"]


def matrix(vectors):
    size = len(TEXTS)
    return vectors.alike([[float(at == one) for at in range(size)] for one in range(size)])


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

    (fit,) = smooth(vectors, [scores])

    solution = [(one - fitted) / RIDGE for one, fitted in zip(target, fit, strict=True)]
    assert vectors.alike([solution]) == [pytest.approx(fit)]


def test_the_same_score_everywhere_says_nothing():
    """There is no more than chance to be found."""
    assert smooth(Vectors([Counter("a b"), Counter("a c")]), [[2.0, 2.0]]) == [[0.0, 0.0]]


@given(
    texts=st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), min_size=1, max_size=8),
    values=st.lists(st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=8), min_size=1, max_size=4),
)
def test_sums_side_by_side_are_those_of_the_products_written_out(texts: list[list[str]], values: list[list[float]]):
    """TF-IDF by hand, one value after the other; no value leaks into its neighbour."""
    archive = [Counter(text) for text in texts]
    values = [one[: len(texts)] for one in values]
    spread = Counter(term for terms in archive for term in terms)
    rare = {term: math.log(len(archive) / articles) for term, articles in spread.items()}
    counts = {term for term, articles in spread.items() if articles <= max(2, MOST * len(archive))}
    rows = [{term: n.bit_length() * rare[term] for term, n in terms.items() if term in counts} for terms in archive]
    lengths = [math.hypot(*row.values()) for row in rows]
    usual = sum(lengths) / len(rows) or 1.0
    scale = [1 / (usual * (1 - SLOPE) + SLOPE * length) for length in lengths]

    found = Vectors(archive).alike(values)

    for given_values, sums in zip(values, found, strict=True):
        by_hand = [
            sum(
                value * here * there * sum(weight * other.get(term, 0.0) for term, weight in row.items())
                for value, other, there in zip(given_values, rows, scale, strict=True)
            )
            for row, here in zip(rows, scale, strict=True)
        ]
        assert sums == pytest.approx(by_hand, rel=1e-6, abs=1e-4)
