"""The same article again never doubles, whatever was changed about it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.model.newsletter import SourceKind
from digest.pipeline.collecting.collect import read_paths, store_articles
from tests.pipeline.collect.newsroom import PAGE, WORDS, rss, stored, write

AGAIN = [
    pytest.param({"link": "https://press.example.net/harbour?utm_source=rss&utm_medium=feed"}, id="tracking"),
    pytest.param({"link": "http://press.example.net/harbour"}, id="http"),
    pytest.param({"link": "HTTPS://Press.Example.NET:443/harbour#top"}, id="capitals, port, fragment"),
    pytest.param({"guid": "another"}, id="another GUID"),
    pytest.param({"text": "Ships wait no longer, it was said at noon."}, id="edited text"),
    pytest.param({"title": "Harbour Open Again"}, id="edited title"),
    pytest.param({"title": "Corrected: Harbour", "text": "Wholly rewritten.", "guid": "x"}, id="all but the address"),
    pytest.param({"link": "https://press.example.net/2026/harbour-opens"}, id="moved, same words"),
]


@pytest.mark.parametrize("changes", AGAIN)
def test_the_same_article_again_never_doubles(house, source, feed_server, changes, now, visit):
    """A reader must not get it twice because its address or wording changed."""
    first = {"title": "Harbour Opens", "link": "https://press.example.net/harbour", "guid": "1", "text": WORDS}
    source(kind=SourceKind.FEED, location=feed_server.url)
    feed_server.answer = lambda headers: (200, {"Content-Type": "application/rss+xml"}, rss(tuple(first.values())))
    visit(house)
    (before,) = stored(house)

    feed_server.answer = lambda headers: (
        200,
        {"Content-Type": "application/rss+xml"},
        rss(tuple({**first, **changes}.values())),
    )
    (again,) = visit(house, after=timedelta(minutes=2))

    (after,) = stored(house)
    assert (after.article_id, after.story_id, after.collected_at) == (before.article_id, before.story_id, now)
    assert again.collected.added == ()
    if {"title", "text"} & set(changes):
        assert again.collected.updated == (after.article_id,)
        assert (after.article.title, after.article.deck or after.article.text) != (
            before.article.title,
            before.article.deck or before.article.text,
        )


def test_a_file_whose_headline_and_text_are_edited_is_the_same_article(house, source, articles, visit):
    """A plain text has no address; where it lies says which article it is."""
    source()
    write(articles, "a.txt", PAGE)
    visit(house)
    write(articles, "a.txt", PAGE.replace("Harbour Opens Again", "Ferries Run").replace("at noon", "at one"))

    (again,) = visit(house, after=timedelta(minutes=2))

    assert (again.collected.added, len(again.collected.updated)) == ((), 1)
    assert [each.article.title for each in stored(house)] == ["Ferries Run"]


def test_a_file_with_a_wholly_different_article_is_a_new_one(house, source, articles, visit):
    """Readers of the old one get it too."""
    source()
    write(articles, "today.txt", PAGE)
    visit(house)
    write(articles, "today.txt", "Solar Parks Grow\n\nThe grid cannot follow.\n\nThe ministry had not foreseen it.\n")

    (again,) = visit(house, after=timedelta(minutes=2))

    assert len(again.collected.added) == 1
    assert len(stored(house)) == 2


def test_other_articles_of_one_feed_stay_apart(house, source, feed_server, visit):
    """Two addresses, two GUIDs, two texts: two articles, even under one standing headline."""
    source(kind=SourceKind.FEED, location=feed_server.url)
    entries = [
        ("Weather", "https://press.example.net/w/1", "1", "Rain in the north and wind along the whole coast."),
        ("Weather", "https://press.example.net/w/2", "2", "Sun everywhere, and a warm evening to follow it."),
        ("Traffic", "https://press.example.net/t/1", "3", "The ring road is closed from ten until six."),
    ]
    feed_server.answer = lambda headers: (200, {}, rss(*entries))

    (done,) = visit(house)

    assert len(done.collected.added) == len(stored(house)) == 3


def test_an_unchanged_article_makes_no_new_revision(house, articles, now):
    """Reading a folder a thousand times must not grow the database."""
    write(articles, "a.txt", PAGE)
    found = read_paths([articles], now=now).articles
    store_articles(house.engine, found, source="", now=now)

    again = store_articles(house.engine, found, source="", now=now + timedelta(days=1))

    assert (len(again.unchanged), again.added, again.updated) == (1, (), ())
    assert house.rows("SELECT COUNT(*) FROM revisions") == [(1,)]


def test_a_thousand_articles_are_stored_in_short_transactions(house, articles, now):
    """Progress is told, and nobody waits for the whole lot."""
    for number in range(120):
        write(articles, f"{number}.txt", PAGE.replace("Harbour", f"Harbour {number}").replace("noon", f"{number}"))
    steps = []

    found = read_paths([articles], now=now)
    done = store_articles(house.engine, found.articles, source="", now=now, progress=steps.append)

    assert len(done.added) == 120
    assert (sum(steps), max(steps)) == (120, 50)
