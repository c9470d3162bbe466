"""What became of an article: withdrawn, found by a search, or not there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.errors import NotFound
from digest.model.article import ArticleState
from digest.store.articles import articles_between, find_article, list_articles, set_state
from digest.store.engine import reading
from tests.pipeline.collect.newsroom import PAGE, stored, write


def test_a_withdrawn_article_is_in_no_pool_and_comes_back_only_by_hand(house, source, articles, now, visit):
    """Its publisher may well still have it in the feed; reading it again does not bring it back."""
    source()
    path = write(articles, "a.txt", PAGE)
    visit(house)
    (article,) = stored(house)
    with house.engine.begin() as connection:
        set_state(connection, article.article_id, ArticleState.WITHDRAWN, now=now)
    path.write_text(PAGE.replace("noon", "one o'clock"))
    visit(house, after=timedelta(minutes=2))

    with reading(house.engine) as connection:
        away = articles_between(connection, now - timedelta(days=1), now + timedelta(days=1))
        state = find_article(connection, article.article_id).state
    with house.engine.begin() as connection:
        set_state(connection, article.article_id, ArticleState.LIVE, now=now)
        back = articles_between(connection, now - timedelta(days=1), now + timedelta(days=1))

    assert (away, state) == ([], ArticleState.WITHDRAWN)
    assert [each.article_id for each in back] == [article.article_id]


def test_an_article_that_is_not_there_is_told(house, now):
    """With the command that lists those that are."""
    with house.engine.begin() as connection:
        with pytest.raises(NotFound, match="digest articles list"):
            find_article(connection, 99)
        with pytest.raises(NotFound, match="digest articles list"):
            set_state(connection, 99, ArticleState.WITHDRAWN, now=now)


def test_a_search_looks_at_title_deck_and_text_whatever_the_case(house, now):
    """Newest first, at most so many."""
    for number, title in enumerate(["Straße gesperrt", "Hafen offen", "STRASSE frei"]):
        house.article(title=title, deck=f"Nummer {number}", at=now + timedelta(minutes=number))

    with reading(house.engine) as connection:
        found = [each.article.title for each in list_articles(connection, search="strasse")]
        first = [each.article.title for each in list_articles(connection, limit=1)]
        none = list(list_articles(connection, search="Bahnhof"))

    assert found == ["STRASSE frei", "Straße gesperrt"]
    assert first == ["STRASSE frei"]
    assert none == []
