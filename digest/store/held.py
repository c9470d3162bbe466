"""Articles that are held: withdrawn, or kept out by an editor's ruling; with the reason, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, or_, select

from digest.model.article import ArticleState
from digest.model.ruling import RulingKind
from digest.store.tables import articles, revisions, rulings

_RECENT = timedelta(days=14)  # of older ones no mail would have been, but for an embargo that is still to end


@dataclass(frozen=True, slots=True)
class Held:
    """One article and one reason, `withdrawn` or a kind of ruling; `newsletter` "" is all, `until` None no end."""

    article_id: int
    title: str
    language: str
    reason: str
    newsletter: str = ""
    until: datetime | None = None
    by: str = ""


def held_articles(connection: Connection, now: datetime, *, most: int = 20) -> list[Held]:
    """Return at most *most* articles that are held at *now*, those first that come free first.

    An article that came more than two weeks ago counts only while its time is still to come.
    """
    since = now - _RECENT
    holds = or_(
        and_(rulings.c.kind == RulingKind.EMBARGO, rulings.c.until > now),
        and_(rulings.c.kind == RulingKind.EXCLUDE, rulings.c.until > now),
        and_(rulings.c.kind == RulingKind.EXCLUDE, rulings.c.until.is_(None), articles.c.collected_at > since),
        and_(rulings.c.kind == RulingKind.EXPIRE, rulings.c.until <= now, articles.c.collected_at > since),
    )
    ruled = _titled(rulings.c.kind, rulings.c.newsletter, rulings.c.until, rulings.c.ruled_by)
    ruled = ruled.join(rulings, rulings.c.article_id == articles.c.id).where(holds)
    free = case((rulings.c.until > now, rulings.c.until))
    ruled = ruled.order_by(free.is_(None), free, rulings.c.ruled_at.desc(), articles.c.id)
    withdrawn = _titled().where(articles.c.state == ArticleState.WITHDRAWN, articles.c.collected_at > since)
    withdrawn = withdrawn.order_by(articles.c.collected_at.desc(), articles.c.id)
    found = [
        # The time of an expiry is its beginning.
        Held(number, said["title"], said["language"], kind, of, until if until and until > now else None, by)
        for number, said, kind, of, until, by in connection.execute(ruled.limit(most))
    ]
    found += [
        Held(number, said["title"], said["language"], ArticleState.WITHDRAWN.value)
        for number, said in connection.execute(withdrawn.limit(most))
    ]
    return sorted(found, key=lambda each: (each.until is None, each.until or now))[:most]


def _titled(*more: ColumnElement[Any]) -> Select[Any]:
    columns = (articles.c.id, revisions.c.content, *more)
    return select(*columns).select_from(articles).join(revisions, revisions.c.id == articles.c.revision_id)
