"""Our own notice, beside an article whose publisher says nothing of how it was made."""

from __future__ import annotations

from collections.abc import Iterable

from digest.model.article import Article
from digest.model.newsletter import Newsletter, Unmarked

_UNWRITTEN = "This content may be AI-generated."


def notice_for(article: Article, newsletters: Iterable[Newsletter]) -> str:
    """Return what *newsletters* say of *article* where there is, or may be, something to disclose; else "".

    The first that has words in the article's language, or in its own, lends them. An article that is known to be
    AI-generated gets a notice even where nobody wrote one.
    """
    if article.disclaimer or article.ai_generated is False:
        return ""
    showing = [each for each in newsletters if article.ai_generated or each.disclaimers.unmarked is Unmarked.LABEL]
    for newsletter in showing:
        language = article.language or newsletter.locale
        for tag in (language, language.split("-", maxsplit=1)[0], newsletter.locale):
            if newsletter.disclaimers.notices.get(tag):
                return newsletter.disclaimers.notices[tag]
    return _UNWRITTEN if showing or article.ai_generated else ""
