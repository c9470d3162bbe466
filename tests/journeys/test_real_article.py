"""A real article page goes from its file to received mail, with the newsletters that ship as the example.

The page is not ours, so it is no part of the project: it is looked for beside the checkout.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html

from digest.pipeline.collecting.collect import read_paths, store_articles
from digest.pipeline.newsletters.apply_newsletters import apply_file
from digest.shipped import shipped_folder

PAGES = sorted((Path(__file__).resolve().parents[3] / "shared" / "articles").glob("*.txt"))
FURNITURE = ("Thoughts", "Share your thoughts", "Sign in to join")

pytestmark = pytest.mark.skipif(not PAGES, reason="no real article page lies beside the checkout")


@pytest.fixture
def article(house):
    """The article as read, stored; with the example's newsletters and two readers."""
    now = house.clock.now()
    found = read_paths(PAGES[:1], now=now)
    assert not found.problems
    store_articles(house.engine, found.articles, source="", now=now)
    apply_file(house.engine, shipped_folder("subscribers") / "example.toml", dry_run=False, now=now)
    house.move(hours=2)
    house.reader("follows@example.org", topics="geopolitics")
    house.reader("unrelated@example.org", topics="food")
    return found.articles[0]


def test_the_reader_who_follows_its_topic_gets_it_whole(house, sink, article):
    """Title, deck, the disclaimer beside the summary, four related entries, and none of the site's furniture."""
    house.send(sink)

    (mail,) = sink.to("follows@example.org")
    page = html.document_fromstring(mail.html)
    words = " ".join(page.text_content().split())
    places = [words.index(text) for text in (article.title, article.deck, article.disclaimer, "Read the article")]
    assert places == sorted(places)
    assert len(article.related) == 4
    flat = " ".join(mail.text.split())
    for text in (article.title, article.deck, article.disclaimer, *(entry.title for entry in article.related)):
        assert text in words
        assert text in flat
    assert not any(furniture in words or furniture in flat for furniture in FURNITURE)


def test_the_reader_of_something_else_does_not_get_it(house, sink, article):
    """And the log says why."""
    house.send(sink)

    assert sink.to("unrelated@example.org") == []
    assert house.states()["unrelated@example.org"] == "skipped(nothing_new)"


def test_a_second_send_of_the_same_slot_sends_nothing(house, sink, article):
    """Whoever runs it again need not fear."""
    house.send(sink)
    sink.clear()

    house.send(sink)

    assert sink.to("follows@example.org") == []
