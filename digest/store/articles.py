"""Articles: identity, revisions, and the archive that related entries lead to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, Insert, Row, and_, delete, insert, or_, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert

from digest.collection.as_json import article_as_json, article_from_json
from digest.collection.canonical import IdentityKeys, identity_of, same_article
from digest.enrichment.related import Known
from digest.errors import NotFound
from digest.model.article import Article, ArticleState, StoredArticle
from digest.model.words import text_key
from digest.store.tables import article_keys, articles, revisions, to_micros

_COLUMNS = (
    articles.c.id,
    articles.c.story_id,
    articles.c.revision_id,
    articles.c.collected_at,
    articles.c.source,
    articles.c.state,
    revisions.c.content,
)
_WITH_REVISION = select(*_COLUMNS).join(revisions, revisions.c.id == articles.c.revision_id)


class Saved:
    """What became of an article that was handed in."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def save_article(connection: Connection, article: Article, *, source: str, now: datetime) -> tuple[int, str]:
    """Store *article* under its identity; return its id and what became of it (`Saved`).

    The same article again (same URL, other GUID, edited text) gets a new revision when its content changed,
    and never a second row. The time of collection stays that of the first.
    """
    keys = identity_of(article, source)
    known = _find(connection, keys)
    content = article_as_json(article)
    if known is None:
        article_id = _add(connection, keys, source, now)
        outcome = Saved.ADDED
    else:
        article_id = int(known.id)
        old = connection.execute(select(revisions.c.content).where(revisions.c.id == known.revision_id)).scalar_one()
        if old == content:
            return article_id, Saved.UNCHANGED
        outcome = Saved.UPDATED
    revision_id = _insert(connection, insert(revisions).values(article_id=article_id, content=content, made_at=now))
    values = {
        "revision_id": revision_id,
        "content_hash": keys.content_hash,
        "title_key": keys.title_key,
        **({"url_key": keys.url_key} if keys.url_key else {}),
        **({"guid_key": keys.guid_key} if keys.guid_key else {}),
    }
    connection.execute(update(articles).where(articles.c.id == article_id).values(**values))
    _write_keys(connection, article_id, article)
    return article_id, outcome


def _find(connection: Connection, keys: IdentityKeys) -> Row | None:  # type: ignore[type-arg]  # rows of one fixed select
    # A key that an article lacks says nothing, and is "".
    like = [articles.c[name] == value for name, value in asdict(keys).items() if name != "source" and value]
    if not like:
        return None
    rows = connection.execute(select(articles).where(or_(*like)).order_by(articles.c.id)).all()
    # The same URL is the strongest evidence, so it is looked at first.
    for row in sorted(rows, key=lambda row: (row.url_key != keys.url_key or not keys.url_key, row.id)):
        held = IdentityKeys(row.url_key, row.guid_key, row.content_hash, row.title_key, row.source)
        if same_article(held, keys):
            return row
    return None


def _add(connection: Connection, keys: IdentityKeys, source: str, now: datetime) -> int:
    row = insert(articles).values(
        story_id=0,
        source=source,
        url_key=keys.url_key,
        guid_key=keys.guid_key,
        content_hash=keys.content_hash,
        title_key=keys.title_key,
        revision_id=0,
        state=ArticleState.LIVE,
        collected_at=now,
    )
    article_id = _insert(connection, row)
    # A story is one article until near-duplicates are grouped; its number is that of its first article.
    connection.execute(update(articles).where(articles.c.id == article_id).values(story_id=article_id))
    return article_id


def _insert(connection: Connection, row: Insert) -> int:
    made = connection.execute(row).inserted_primary_key
    assert made is not None
    return int(made[0])


def _write_keys(connection: Connection, article_id: int, article: Article) -> None:
    connection.execute(delete(article_keys).where(article_keys.c.article_id == article_id))
    for key in {text_key(article.title), text_key(article.deck)} - {""}:
        connection.execute(upsert(article_keys).values(key=key, article_id=article_id).on_conflict_do_nothing())


def set_state(connection: Connection, article_id: int, state: ArticleState, *, now: datetime) -> int:
    """Withdraw an article or bring it back; return how many waiting mails had it and are planned anew.

    Raises NotFound.
    """
    done = connection.execute(update(articles).where(articles.c.id == article_id).values(state=state))
    if not done.rowcount:
        raise NotFound(f"there is no article {article_id}; see: digest articles list")
    if state is ArticleState.LIVE:
        return 0
    # Rows that a sender has claimed, or that may have left once, stay as they are.
    return connection.execute(
        text(
            "UPDATE deliveries SET state = 'ready', digest_id = NULL, plan_no = plan_no + 1, attempt_no = 0,"
            " next_attempt_at = :now WHERE state IN ('ready', 'deferred') AND doubt_count = 0 AND digest_id IN"
            " (SELECT g.id FROM digests g WHERE g.items LIKE :item)"
        ),
        {"now": to_micros(now), "item": f'%{{"article_id":{article_id},%'},
    ).rowcount


def find_article(connection: Connection, article_id: int) -> StoredArticle:
    """Return one article with its latest revision; raises NotFound."""
    row = connection.execute(_WITH_REVISION.where(articles.c.id == article_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no article {article_id}; see: digest articles list")
    return _stored(row)


def list_articles(connection: Connection, *, limit: int = 100, search: str = "") -> Iterator[StoredArticle]:
    """Give the latest *limit* articles, newest first; *search* looks in titles, decks and texts."""
    query = _WITH_REVISION.order_by(articles.c.collected_at.desc(), articles.c.id.desc())
    taken = 0
    for row in connection.execute(query):
        found = _stored(row)
        if (
            search
            and search.casefold() not in f"{found.article.title}\n{found.article.deck}\n{found.article.text}".casefold()
        ):
            continue
        yield found
        taken += 1
        if taken == limit:
            return


def articles_between(
    connection: Connection, start: datetime, end: datetime, sources: Collection[str] = ()
) -> list[StoredArticle]:
    """Return the live articles collected in [start, end), oldest first, of *sources* or of all."""
    within = and_(articles.c.collected_at >= start, articles.c.collected_at < end)
    query = _WITH_REVISION.where(within, articles.c.state == ArticleState.LIVE).order_by(articles.c.id)
    if sources:
        query = query.where(articles.c.source.in_(sources))
    return [_stored(row) for row in connection.execute(query)]


def stories_since(connection: Connection, start: datetime) -> frozenset[int]:
    """Return every story collected since *start*, also those taken back: they may return."""
    query = select(articles.c.story_id).where(articles.c.collected_at >= start).distinct()
    return frozenset(connection.execute(query).scalars())


def known_under(connection: Connection, keys: Collection[str]) -> dict[str, Known]:
    """Return `text_key` -> article for those *keys* that exactly one live article has."""
    if not keys:
        return {}
    query = (
        select(article_keys.c.key, articles.c.id, revisions.c.content)
        .join(articles, articles.c.id == article_keys.c.article_id)
        .join(revisions, revisions.c.id == articles.c.revision_id)
        .where(article_keys.c.key.in_(keys), articles.c.state == ArticleState.LIVE)
        .order_by(articles.c.id)
    )
    found: dict[str, Known] = {}
    twice: set[str] = set()
    for key, article_id, content in connection.execute(query):
        if key in found:
            twice.add(key)
        found[key] = Known(int(article_id), content["title"], content["url"], content["language"])
    # Two articles with the same deck: we cannot tell which is meant, and a wrong link is worse than none.
    return {key: known for key, known in found.items() if key not in twice}


def _stored(row: Row) -> StoredArticle:  # type: ignore[type-arg]  # rows of one fixed select
    return StoredArticle(
        article_id=row.id,
        story_id=row.story_id,
        revision_id=row.revision_id,
        article=article_from_json(row.content),
        collected_at=row.collected_at,
        source=row.source,
        state=ArticleState(row.state),
    )
