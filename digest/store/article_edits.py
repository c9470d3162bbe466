"""What editors changed of articles: kept field by field beside what their sources have, and one revision for each edit.

A source that is read again brings what it has now; the fields that an editor wrote stay the editor's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from digest.collection.as_json import article_as_json, article_from_json
from digest.errors import NotFound
from digest.model.article import Article, RelatedLink
from digest.model.edit import FIELDS, Edit, edit_of, edited
from digest.store.approvals import article_changed
from digest.store.tables import articles, revisions

Edits = Mapping[str, Mapping[str, Any]]  #: field -> {"said": the editor's, "read": the source's}


class Revision(NamedTuple):
    """An article as it read from a moment on; `made_by` is the editor who changed it, "" for its source."""

    revision_id: int
    made_at: datetime
    made_by: str
    article: Article


def edits_kept(article: Article, edits: Edits) -> tuple[Article, Edits]:
    """Return an *article* that a source brought with what editors wrote in it, and *edits* with what it has now."""
    if not edits:
        return article, edits
    brought = as_values(edit_of(article))
    said = edit_from({**brought, **{name: each["said"] for name, each in edits.items()}})
    return edited(article, said), {name: {"said": each["said"], "read": brought[name]} for name, each in edits.items()}


def hold_article(connection: Connection, article_id: int) -> tuple[int, Article, Edits]:
    """Return revision, text and edits of an article, which nobody else changes meanwhile; raises NotFound."""
    query = select(articles.c.revision_id, articles.c.edits).where(articles.c.id == article_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no article {article_id}; see: digest articles list")
    return row.revision_id, revision_of(connection, article_id, row.revision_id).article, row.edits


def write_edit(
    connection: Connection, article_id: int, before: tuple[Article, Edits], edit: Edit, *, by: str, now: datetime
) -> int:
    """Make a revision of the article as *edit* has it, and withdraw the approvals of what had it; return its id.

    *before* is what `hold_article` said. A field that is again as its source has it is the source's again.
    """
    article, edits = before
    said, read = as_values(edit), source_values(article, edits)
    theirs = {name: {"said": said[name], "read": read[name]} for name in FIELDS if said[name] != read[name]}
    content = article_as_json(edited(article, edit))
    row = insert(revisions).values(article_id=article_id, content=content, made_at=now, made_by=by[:80])
    made = connection.execute(row).inserted_primary_key
    assert made is not None
    values = {"revision_id": int(made[0]), "edits": theirs}
    connection.execute(update(articles).where(articles.c.id == article_id).values(values))
    article_changed(connection, article_id, f"article {article_id} was edited", now=now, by=by)
    return int(made[0])


def source_values(article: Article, edits: Edits) -> dict[str, Any]:
    """Return each field as the source has it, as JSON."""
    return {**as_values(edit_of(article)), **{name: each["read"] for name, each in edits.items()}}


def source_article(article: Article, edits: Edits) -> Article:
    """Return *article* as its source has it."""
    return edited(article, edit_from(source_values(article, edits)))


def revision_of(connection: Connection, article_id: int, revision_id: int) -> Revision:
    """Return one revision of an article; raises NotFound."""
    row = connection.execute(_of(article_id).where(revisions.c.id == revision_id)).one_or_none()
    if row is None:
        raise NotFound(f"article {article_id} has no revision {revision_id}")
    return _revision(row)


def latest_revisions_of(connection: Connection, article_id: int, limit: int) -> list[Revision]:
    """Return the latest *limit* revisions of an article, latest first."""
    query = _of(article_id).order_by(revisions.c.id.desc()).limit(limit)
    return [_revision(row) for row in connection.execute(query)]


def edits_of(connection: Connection, article_id: int) -> Edits:
    """Return what editors changed of an article that is there."""
    found: Edits = connection.execute(select(articles.c.edits).where(articles.c.id == article_id)).scalar_one()
    return found


def as_values(edit: Edit) -> dict[str, Any]:
    """Return the fields of *edit* as JSON values."""
    return {
        "summary": edit.summary,
        "topics": list(edit.topics),
        "disclaimer": edit.disclaimer,
        "related": [{"title": each.title, "url": each.url} for each in edit.related],
    }


def edit_from(values: Mapping[str, Any]) -> Edit:
    """Return the edit of `as_values`."""
    links: Sequence[Mapping[str, str]] = values["related"]
    related = tuple(RelatedLink(each["title"], each["url"]) for each in links)
    return Edit(values["summary"], tuple(values["topics"]), values["disclaimer"], related)


def _of(article_id: int) -> Any:
    columns = (revisions.c.id, revisions.c.made_at, revisions.c.made_by, revisions.c.content)
    return select(*columns).where(revisions.c.article_id == article_id)


def _revision(row: Any) -> Revision:
    return Revision(row.id, row.made_at, row.made_by, article_from_json(row.content))
