"""Articles as JSON: the keys others rely on, and nothing lost on the way."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collection.as_json import article_as_json, article_from_json
from digest.errors import BadArticle
from digest.model.article import Article, Image, RelatedLink, Section

texts = st.text(max_size=40)
articles = st.builds(
    Article,
    title=texts,
    sections=st.lists(st.builds(Section, texts, st.lists(texts, max_size=3).map(tuple)), max_size=3).map(tuple),
    deck=texts,
    disclaimer=texts,
    related=st.lists(st.builds(RelatedLink, texts, texts), max_size=3).map(tuple),
    language=texts,
    published_at=st.none()
    | st.integers(0, 10**9).map(lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    url=texts,
    guid=texts,
    summary=texts,
    topics=st.lists(texts, max_size=3).map(tuple),
    image=st.none() | st.builds(Image, texts, st.integers(1, 9999), st.integers(1, 9999), texts),
    author=texts,
    ai_generated=st.sampled_from([None, True, False]),
)


@given(articles)
def test_an_article_comes_back_from_json_unchanged(article):
    """Revisions are kept as JSON; an edit must be the only thing that changes one."""
    assert article_from_json(json.loads(json.dumps(article_as_json(article)))) == article


def test_the_keys_are_those_of_the_command():
    """`digest articles read --json` is read by programs."""
    keys = list(article_as_json(Article(title="T")))

    assert keys[:10] == [
        "title", "deck", "sections", "disclaimer", "related", "language", "published_at", "url", "summary", "topics",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [{}, {"title": 1}, {"title": "T", "sections": [1]}, {"title": "T", "topics": "abc"}, {"title": "T", "related": [{}]},
     {"title": "T", "ai_generated": "yes"}, {"title": "T", "image": {"url": "x", "width": "1", "height": 2}}],
)  # fmt: skip
def test_what_is_no_article_is_refused(value):
    """A damaged revision is an error, not half an article."""
    with pytest.raises(BadArticle):
        article_from_json(value)
