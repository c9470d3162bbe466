"""The page of one article, for articles that have no address of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from digest.errors import NotFound
from digest.model.article import Article, ArticleState
from digest.model.newsletter import Newsletter, Unmarked
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
    notice = article.disclaimer or _notice(article, newsletters.values())
    return ArticlePage(article, notice, direction(article.language, article.title))


def _notice(article: Article, newsletters: Iterable[Newsletter]) -> str:
    """Return what the mails say of an article whose publisher says nothing; the page must not say less.

    A page belongs to no newsletter, so the first one that would show a notice lends its own.
    """
    if article.ai_generated is False:
        return ""
    showing = [each for each in newsletters if article.ai_generated or each.disclaimers.unmarked is Unmarked.LABEL]
    for newsletter in showing:
        language = article.language or newsletter.locale
        for tag in (language, language.split("-", maxsplit=1)[0], newsletter.locale):
            if newsletter.disclaimers.notices.get(tag):
                return newsletter.disclaimers.notices[tag]
    return "This content may be AI-generated." if showing or article.ai_generated else ""
