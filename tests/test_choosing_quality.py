"""How good the ranking is on real news with labels: a floor, on every fourth day; `scripts/bench choose` has all."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.pipeline.collecting.rank_topics import Definitions, rank_topics, read_articles, read_definitions
from scripts.benchmarks.choose import TOP, labels_of, tf_idf
from scripts.benchmarks.gain import gains, mean, relevant

NEWS = Path(__file__).resolve().parents[1].parent / "shared" / "corpora" / "news"


@pytest.mark.skipif(not NEWS.exists(), reason="../shared/corpora/news is not there")
def test_a_reader_s_topics_are_ranked_better_than_by_tf_idf():
    """Labels only score; a quarter of the archive teaches less than all of it."""
    topics = read_definitions(NEWS / "topics.json").topics
    everything, labels = read_articles(NEWS / "dev.jsonl.gz"), labels_of(NEWS / "dev.jsonl.gz")
    days = sorted({item.day for item in everything})[::4]
    items = [item for item in everything if item.day in days]
    right = relevant(((item.id, item.day, labels[item.id]) for item in items), {topic.slug for topic in topics})

    ours = mean(gains(rank_topics(Definitions(topics, {}), items, TOP), right).values())

    assert ours >= 0.88
    assert ours >= mean(gains(tf_idf(topics, items), right).values()) + 0.02
