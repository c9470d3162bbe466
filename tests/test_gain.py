"""The measure that rankings are judged by, on rankings whose worth is known."""

from __future__ import annotations

import math

import pytest

from scripts.benchmarks.gain import gains, interval, ndcg, relevant


@pytest.mark.parametrize(
    ("ids", "right", "worth"),
    [
        pytest.param([1, 2, 3], {1, 2, 3}, 1.0, id="all that there are"),
        pytest.param([4, 5], {1}, 0.0, id="none"),
        pytest.param([4, 1], {1}, 1 / math.log2(3), id="one, in the second place"),
        pytest.param([*range(10)], set(range(50)), 1.0, id="more than there are places"),
        pytest.param([*range(20, 30), 1], {1}, 0.0, id="after the tenth place"),
        pytest.param([], {1}, 0.0, id="nothing ranked"),
    ],
)
def test_a_ranking_is_worth_what_its_first_ten_places_hold(ids, right, worth):
    """An article gains less the lower it stands; the best that can be had is 1."""
    assert ndcg(ids, right) == pytest.approx(worth)


def test_only_days_and_topics_with_a_right_article_count():
    """A label that is no topic of ours is left alone, and a topic that was not ranked is worth 0."""
    right = relevant([(1, "d1", ["trade", "other"]), (2, "d1", []), (3, "d2", ["trade"])], {"trade", "energy"})

    assert gains({"d1": {"trade": [1]}, "d2": {}}, right) == {("d1", "trade"): 1.0, ("d2", "trade"): 0.0}


def test_the_interval_holds_the_mean_and_is_always_the_same():
    """Resampling is seeded: two runs print the same figures."""
    values = [0.0, 0.5, 1.0, 1.0, 0.9]

    low, high = interval(values)

    assert low < sum(values) / 5 < high
    assert interval(values) == (low, high)
