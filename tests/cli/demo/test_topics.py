"""Each sample article reaches the readers it was written for, and their topics come from its words."""

from __future__ import annotations

import pytest

from digest.cli.demo import ARTICLES
from digest.collection.read import reading_of_file
from digest.enrichment.matching import Matcher
from digest.enrichment.reading import analyse
from digest.pipeline.newsletters.newsletter_file import read_newsletter_file
from digest.shipped import shipped_folder

WRITTEN_FOR = {
    "01-lantern-strait-coast-watch": "geopolitics",
    "02-tariff-truce": "trade",
    "03-mature-chips": "semiconductors",
    "04-interpreters-and-ai": "artificial-intelligence",
    "05-second-life-batteries": "energy",
    "06-flusspark-lauenbrueck": "climate",
    "07-hearing-tests-library": "health",
    "08-supporters-buy-stadium": "sport",
    "09-puppets-on-the-ferry": "culture",
    "10-small-telescope": "space",
    "11-rates-on-hold": "markets",
    "12-phones-and-quiet": "education",
    "13-bread-from-the-wrong-wheat": "food",
    "14-low-power-memory-ko": "semiconductors",
    "15-night-bus-ko": "transport",
    "16-letterpress-typeface-ja": "culture",
    "17-solar-desalination-ar": "energy",
}
UNRELATED = {"sport": "geopolitics", "geopolitics": "sport"}


@pytest.fixture(scope="module")
def matcher():
    folder = shipped_folder("subscribers")
    read = read_newsletter_file((folder / "example.toml").read_text("utf-8"), name="example.toml", folder=folder)
    return Matcher(list(read.topics))


def test_every_sample_is_listed():
    """A new sample needs a reader too."""
    assert {file.stem for file in ARTICLES.glob("*.txt")} == set(WRITTEN_FOR)


@pytest.mark.parametrize(("sample", "topic"), WRITTEN_FOR.items())
def test_a_sample_matches_the_topic_it_was_written_for(matcher, sample, topic):
    """And no reader of something wholly else gets it."""
    file = ARTICLES / f"{sample}.txt"
    article = reading_of_file(file, file.read_bytes()).articles[0]

    found = matcher.topics(analyse(article))

    assert topic in found
    assert found[topic].words
    assert UNRELATED.get(topic, "travel") not in found
