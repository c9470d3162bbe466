"""Articles: identity, revisions, and the archive that related entries lead to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from digest.collection.as_json import article_as_json, article_from_json
from digest.collection.canonical import IdentityKeys, body_of, canonical_url, identity_of, same_article
from digest.enrichment.related import Known
from digest.enrichment.retelling import telling_of, tells_the_same
from digest.errors import BadInput, NotFound
from digest.model.article import Article, ArticleState, StoredArticle
from digest.model.likeness import bands, lead_sketch
from digest.model.words import text_key
from digest.store.approvals import article_changed
from digest.store.article_edits import edits_kept
from digest.store.get_or_create import among, chunks, insert_new
from digest.store.lock import Alone, wait_for_others
from digest.store.replan import replan_with
from digest.store.tables import (
    article_bands,
    article_keys,
    article_sources,
    articles,
    from_micros,
    revisions,
    to_micros,
)

_REMEMBERED = timedelta(days=60)  # the least time for which a mailbox remembers a story
_MOST_COMPARED = 60  # with articles that share much boilerplate, comparing all would take quadratic time
_KEYS = ("url_key", "guid_key", "content_hash", "text_hash", "file_key", "title_key")
_BEST_FIRST = ("content_hash", "text_hash", "url_key", "file_key")
_COLUMNS = (
    articles.c.id,
    articles.c.story_id,
    articles.c.revision_id,
    articles.c.collected_at,
    articles.c.source,
    articles.c.state,
    revisions.c.content,
)
_KNOWN = (articles.c.id, articles.c.story_id, revisions.c.content)
_WITH_REVISION = select(*_COLUMNS).join(revisions, revisions.c.id == articles.c.revision_id)


class Saved:
    """What became of an article that was handed in."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def save_article(
    connection: Connection, article: Article, *, source: str, now: datetime, file: str = ""
) -> tuple[int, str]:
    """Store *article* under its identity; return its id and what became of it (`Saved`).

    The same article again (same URL, other GUID, other headline, edited text, the same *file* of its source) gets
    a new revision when its content changed, and never a second row. The time of collection stays that of the
    first, and so does the URL when only another address has the same text.

    Two sources seldom tell one article alike, so that if both edited it each visit would undo the other's: only
    the source that brought it first edits it, whoever adds it by hand (*source* ""), and whoever reads the same file.
    What an editor wrote in it stays (`digest.store.article_edits`).
    Any other source is noted as one that has it too, and readers of either get it.
    """
    wait_for_others(connection, Alone.ADD_ARTICLES)
    keys = identity_of(article, source, file)
    known, mistaken = _find(connection, keys)
    if known is None:
        article_id = _add(connection, keys, source, now)
        _revise(connection, article_id, article, keys, now)
        return article_id, Saved.ADDED
    article_id = int(known.id)
    _note_source(connection, article_id, source)
    if mistaken:
        return article_id, Saved.UNCHANGED
    one_file = bool(keys.file_key) and keys.file_key == known.file_key
    if source not in ("", known.source) and not one_file:
        if keys.url_key and not known.url_key:
            # Else this source's next edit would be known by nothing, and come in as another article.
            connection.execute(update(articles).where(articles.c.id == article_id).values(url_key=keys.url_key))
        return article_id, Saved.UNCHANGED
    old = connection.execute(select(revisions.c.content).where(revisions.c.id == known.revision_id)).scalar_one()
    if known.url_key not in ("", keys.url_key) and not one_file:
        # Both addresses may be visited in turns; a new revision each time would change every pool.
        article = replace(article, url=old["url"])
    article, edits = edits_kept(article, known.edits)
    if edits != known.edits:
        connection.execute(update(articles).where(articles.c.id == article_id).values(edits=edits))
    if old == article_as_json(article):
        if any(known._mapping[name] != value for name, value in _places(keys).items()):
            _move(connection, article_id, keys)
        return article_id, Saved.UNCHANGED
    _revise(connection, article_id, article, keys, now)
    article_changed(connection, article_id, f"article {article_id} was edited", now=now)
    return article_id, Saved.UPDATED


def _places(keys: IdentityKeys) -> dict[str, str]:
    """Return the columns that say where an article was seen last; its next edit comes from there."""
    places = {"url_key": keys.url_key, "guid_key": keys.guid_key, "file_key": keys.file_key}
    return {name: value for name, value in places.items() if value}


def _move(connection: Connection, article_id: int, keys: IdentityKeys) -> None:
    if keys.file_key:
        # A file that holds another article now is no longer where the one before is edited.
        before = and_(articles.c.file_key == keys.file_key, articles.c.id != article_id)
        connection.execute(update(articles).where(before).values(file_key=""))
    if places := _places(keys):
        connection.execute(update(articles).where(articles.c.id == article_id).values(**places))


def _revise(connection: Connection, article_id: int, article: Article, keys: IdentityKeys, now: datetime) -> None:
    content = article_as_json(article)
    revision_id = _insert(connection, insert(revisions).values(article_id=article_id, content=content, made_at=now))
    values = {
        "revision_id": revision_id,
        "content_hash": keys.content_hash,
        "title_key": keys.title_key,
        "text_hash": keys.text_hash,
        "sketch": keys.sketch,
    }
    connection.execute(update(articles).where(articles.c.id == article_id).values(**values))
    _move(connection, article_id, keys)
    _write_keys(connection, article_id, article)
    _join_story(connection, article_id, article, keys, now)


def _find(connection: Connection, keys: IdentityKeys) -> tuple[Row | None, bool]:  # type: ignore[type-arg]  # rows of one fixed select
    """Return the row of the article with *keys*, and whether it came under the URL of another article's row.

    What a reader was shown is remembered by row, so the row that holds the text already is the article, whatever
    else says otherwise: a text that turns up under another one's URL (feeds mix up links, publishers put a new
    story on an old page) must not overwrite that one, whose readers would then count as readers of this text,
    while this text stood in two rows and went out twice. Such a sighting changes neither row: the URL may be
    right again at the next visit. After the text the URL is the best evidence, then the file, then the oldest row.
    """
    # A key that an article lacks says nothing, and is "".
    like = [articles.c[name] == value for name, value in asdict(keys).items() if name in _KEYS and value]
    if not like:
        return None, False
    rows = connection.execute(select(articles).where(or_(*like)).order_by(articles.c.id)).all()
    same = [row for row in rows if same_article(_keys_of(row), keys)]
    if not same:
        return None, False

    def has(row: Row, name: str) -> bool:  # type: ignore[type-arg]
        value = getattr(keys, name)
        return bool(value) and row._mapping[name] == value

    best = min(same, key=lambda row: (*(not has(row, name) for name in _BEST_FIRST), row.id))
    in_place = has(best, "url_key")
    return best, not in_place and any(has(row, "url_key") for row in same)


def _keys_of(row: Row) -> IdentityKeys:  # type: ignore[type-arg]  # rows of one fixed select
    return IdentityKeys(**{field.name: row._mapping[field.name] for field in fields(IdentityKeys)})


def _join_story(connection: Connection, article_id: int, article: Article, keys: IdentityKeys, now: datetime) -> None:
    """Make an article part of the story of an earlier one that tells the same, so that one digest tells it once.

    An article that is part of a story already stays there: whoever was told the story must not be told again.
    """
    connection.execute(delete(article_bands).where(article_bands.c.article_id == article_id))
    # What is too short to tell that two articles are one is too short for this too.
    if not keys.content_hash:
        return
    found = bands(keys.sketch, lead_sketch(body_of(article)))
    if not found:
        return
    likely = (
        select(article_bands.c.article_id)
        .join(articles, articles.c.id == article_bands.c.article_id)
        .where(article_bands.c.band.in_(found), articles.c.collected_at >= now - _REMEMBERED)
        .group_by(article_bands.c.article_id)
        .order_by(func.count().desc(), article_bands.c.article_id)
        .limit(_MOST_COMPARED)
    )
    near = _WITH_REVISION.where(articles.c.id.in_(connection.execute(likely).scalars().all()))
    own = telling_of(article)
    stories = [
        row.story_id
        for row in connection.execute(near)
        if tells_the_same(own, telling_of(article_from_json(row.content)))
    ]
    if stories:
        alone = and_(articles.c.id == article_id, articles.c.story_id == article_id)
        connection.execute(update(articles).where(alone).values(story_id=min(stories)))
    connection.execute(insert(article_bands), [{"band": band, "article_id": article_id} for band in found])


def _note_source(connection: Connection, article_id: int, source: str) -> None:
    insert_new(connection, article_sources, [{"article_id": article_id, "source": source}])


def _add(connection: Connection, keys: IdentityKeys, source: str, now: datetime) -> int:
    row = insert(articles).values(
        story_id=0,
        source=source,
        url_key=keys.url_key,
        guid_key=keys.guid_key,
        content_hash=keys.content_hash,
        title_key=keys.title_key,
        text_hash=keys.text_hash,
        file_key=keys.file_key,
        sketch=keys.sketch,
        revision_id=0,
        state=ArticleState.LIVE,
        collected_at=now,
    )
    article_id = _insert(connection, row)
    # A story is one article until another one tells it too; its number is that of its first article.
    connection.execute(update(articles).where(articles.c.id == article_id).values(story_id=article_id))
    _note_source(connection, article_id, source)
    return article_id


def _insert(connection: Connection, row: Insert) -> int:
    made = connection.execute(row).inserted_primary_key
    assert made is not None
    return int(made[0])


def _write_keys(connection: Connection, article_id: int, article: Article) -> None:
    connection.execute(delete(article_keys).where(article_keys.c.article_id == article_id))
    for key in {text_key(article.title), text_key(article.deck)} - {""}:
        insert_new(connection, article_keys, [{"key": key, "article_id": article_id}])


def set_state(connection: Connection, article_id: int, state: ArticleState, *, now: datetime) -> int:
    """Withdraw an article or bring it back; return how many mails are planned anew for it. Raises NotFound."""
    done = connection.execute(update(articles).where(articles.c.id == article_id).values(state=state))
    if not done.rowcount:
        raise NotFound(f"there is no article {article_id}; see: digest articles list")
    back = state is ArticleState.LIVE
    replanned = 0 if back else replan_with(connection, article_id, now=now)
    article_changed(connection, article_id, f"article {article_id} was {'brought back' if back else state}", now=now)
    return replanned


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
    for row in connection.execute(query if search else query.limit(limit)):
        if search and not _has(row.content, search.casefold()):
            continue
        yield _stored(row)
        taken += 1
        if taken == limit:
            return


def articles_before(
    connection: Connection, after: Sequence[int], *, limit: int, search: str = ""
) -> Iterator[tuple[tuple[int, int], StoredArticle | None]]:
    """Give the latest *limit* articles, newest first, of those before the one that *after* tells, if any.

    Each with what `after` is behind it: the time of collection, in microseconds, and the id; None instead of one
    that does not have *search* in title, deck or text. Raises BadInput when *after* tells neither time nor id.
    """
    query = _WITH_REVISION.order_by(articles.c.collected_at.desc(), articles.c.id.desc()).limit(limit)
    if after:
        try:
            micros, number = after
            query = query.where(tuple_(articles.c.collected_at, articles.c.id) < (from_micros(micros), number))
        except (ValueError, OverflowError):
            raise BadInput("this page belongs to another list; begin again at its first page") from None
    wanted = search.casefold()
    return (
        # To read an article whole takes five times as long as to look for a word in it.
        ((to_micros(row.collected_at), row.id), _stored(row) if not wanted or _has(row.content, wanted) else None)
        for row in connection.execute(query)
    )


def _has(content: Mapping[str, Any], wanted: str) -> bool:
    """Whether title, deck or text of a stored article have *wanted*, which is casefolded."""
    if wanted in content["title"].casefold() or wanted in content.get("deck", "").casefold():
        return True
    return any(
        wanted in part.get("heading", "").casefold() or any(wanted in each.casefold() for each in part["paragraphs"])
        for part in content.get("sections", ())
    )


def articles_between(
    connection: Connection,
    start: datetime,
    end: datetime,
    sources: Collection[str] = (),
    also: Collection[int] = (),
) -> list[StoredArticle]:
    """Return the live articles collected in [start, end), oldest first, that any of *sources* brought, or all.

    *also* are ids of articles that count whoever brought them.
    """
    within = and_(articles.c.collected_at >= start, articles.c.collected_at < end)
    query = _WITH_REVISION.where(within, articles.c.state == ArticleState.LIVE).order_by(articles.c.id)
    if sources:
        brought = select(article_sources.c.article_id).where(article_sources.c.source.in_(sources))
        query = query.where(or_(articles.c.id.in_(brought), articles.c.id.in_(also)))
    return [_stored(row) for row in connection.execute(query)]


def live_articles(connection: Connection, article_ids: Collection[int]) -> list[StoredArticle]:
    """Return those of *article_ids* that were not withdrawn, each with its latest revision, by id."""
    query = _WITH_REVISION.where(articles.c.state == ArticleState.LIVE).order_by(articles.c.id)
    parts = (query.where(among(connection, articles.c.id, part)) for part in chunks(sorted(article_ids)))
    return [_stored(row) for part in parts for row in connection.execute(part)]


def latest_revisions(connection: Connection, before: datetime, limit: int) -> dict[int, int]:
    """Return revision id -> article id of the latest *limit* live articles collected before a moment."""
    query = (
        select(articles.c.revision_id, articles.c.id)
        .where(articles.c.collected_at < before, articles.c.state == ArticleState.LIVE)
        .order_by(articles.c.collected_at.desc(), articles.c.id.desc())
        .limit(limit)
    )
    return {row.revision_id: row.id for row in connection.execute(query)}


def ids_by_url_key(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    """Return the article id of each canonical address that an article is known under."""
    query = select(articles.c.url_key, articles.c.id).where(articles.c.url_key.in_(keys), articles.c.url_key != "")
    return {row.url_key: row.id for row in connection.execute(query)}


def stories_since(connection: Connection, start: datetime) -> frozenset[int]:
    """Return every story collected since *start*, also those taken back: they may return.

    So does the number of an article that became part of another story after it was told as one of its own.
    """
    query = select(articles.c.id, articles.c.story_id).where(articles.c.collected_at >= start)
    return frozenset(number for row in connection.execute(query) for number in row)


def known_under(connection: Connection, keys: Collection[str]) -> dict[str, Known]:
    """Return `text_key` -> article for those *keys* that exactly one live article has."""
    keyed = select(article_keys.c.key, *_KNOWN).join(articles, articles.c.id == article_keys.c.article_id)
    found: dict[str, Known] = {}
    twice: set[str] = set()
    for key, known in _known(connection, keyed, article_keys.c.key, keys):
        if key in found:
            twice.add(key)
        found[key] = known
    # Two articles with the same deck: we cannot tell which is meant, and a wrong link is worse than none.
    return {key: known for key, known in found.items() if key not in twice}


def known_at(connection: Connection, urls: Collection[str]) -> dict[str, Known]:
    """Return URL -> article for those *urls*, however they are written, that a live article has."""
    keys = {url: canonical_url(url) for url in urls}
    placed = select(articles.c.url_key.label("key"), *_KNOWN).select_from(articles)
    found = dict(_known(connection, placed, articles.c.url_key, set(keys.values()) - {""}))
    return {url: found[key] for url, key in keys.items() if key in found}


def _known(
    connection: Connection,
    query: Select[Any],
    column: ColumnElement[str],
    keys: Collection[str],
) -> Iterator[tuple[str, Known]]:
    live = query.join(revisions, revisions.c.id == articles.c.revision_id).where(articles.c.state == ArticleState.LIVE)
    for part in chunks(sorted(keys)):
        for row in connection.execute(live.where(among(connection, column, part)).order_by(articles.c.id)):
            content = row.content
            by_deck = row.key == text_key(content["deck"])
            yield (
                row.key,
                Known(row.id, content["title"], content["url"], content["language"], row.story_id, by_deck),
            )


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
