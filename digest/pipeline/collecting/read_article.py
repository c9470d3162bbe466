"""The page of one article, for articles that have no address of their own."""

from __future__ import annotations

from dataclasses import dataclass

from digest.errors import NotFound
from digest.model.article import Article, ArticleState
from digest.pipeline.collecting.notice import notice_for
from digest.pipeline.installation import Installation
from digest.rendering.languages import direction
from digest.store.articles import find_article
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """An article with its disclaimer and the direction its text runs in."""

    article: Article
    notice: str
    direction: str


def article_page(house: Installation, article_id: int) -> ArticlePage:
    """Return the page of a live article; raises NotFound for an unknown or withdrawn one."""
    with reading(house.engine) as connection:
        stored = find_article(connection, article_id)
        newsletters = load_newsletters(connection)
    if stored.state is ArticleState.WITHDRAWN:
        raise NotFound("this article was withdrawn")
    article = stored.article
    # A page belongs to no newsletter, and must not say less than their mails do.
    notice = article.disclaimer or notice_for(article, newsletters.values())
    return ArticlePage(article, notice, direction(article.language, article.title))
