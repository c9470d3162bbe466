"""Articles: list, read, add, and what editors decide about one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from digest.collection.as_json import article_as_json
from digest.collection.links import http_url
from digest.errors import BadInput
from digest.model.api_token import Scope
from digest.model.article import ArticleState, RelatedLink, StoredArticle
from digest.model.ruling import RulingKind
from digest.pipeline.collecting.give_articles import Format, give_articles
from digest.pipeline.editing.edit_article import EditClash, edit_article, edit_shown, read_topics
from digest.pipeline.editing.rule_article import lift_rule, rule_article
from digest.pipeline.installation import Installation
from digest.store.article_edits import revision_of
from digest.store.articles import find_article, set_state
from digest.store.browsing import browse_articles
from digest.store.engine import reading
from digest.store.rulings import rulings_of
from digest.web.api.door import Door
from digest.web.api.problems import Refused
from digest.web.api.shapes import Cursor, Given, Id, Line, Moment, Page, Planned, Slug, Text, cursor_of, next_of
from digest.web.api.who import source_of

_LONGEST = 5 * 1024 * 1024


class ArticleLine(BaseModel):
    """An article in a list."""

    id: int
    story: int
    title: str
    deck: str
    url: str
    language: str
    source: str
    state: ArticleState
    collected_at: datetime


class RulingOut(BaseModel):
    """What was decided about an article; `newsletter` "" is all of them."""

    kind: RulingKind
    newsletter: str
    until: datetime | None
    by: str
    at: datetime


class ArticleOut(ArticleLine):
    """One article; the keys of `article` are those of `digest articles read --json`."""

    revision: int
    article: dict[str, Any]
    rulings: list[RulingOut]


class ArticleIn(Given):
    """An article as text, Markdown or HTML in `content`, or as JSON in `article`."""

    model_config = ConfigDict(extra="forbid", str_max_length=_LONGEST)

    format: Format
    content: Annotated[Text, Field(max_length=_LONGEST)] = ""
    article: Annotated[dict[str, Any] | None, Field(description="The keys of `digest articles read --json`.")] = None
    url: Annotated[Line, StringConstraints(max_length=2048)] = ""
    source: Annotated[Literal[""] | Slug, Field(description="Which source brought it; newsletters name theirs.")] = ""


class LinkIn(Given):
    """A related article: a title, and the address it leads to, if any."""

    title: Annotated[Line, StringConstraints(min_length=1)]
    url: Annotated[Line, StringConstraints(max_length=2048)] = ""


class EditIn(Given):
    """What to change of an article; what is left out stays, and an empty summary is the source's."""

    model_config = ConfigDict(extra="forbid", str_max_length=5_000)

    summary: Annotated[Text, Field(max_length=5_000)] | None = None
    topics: Annotated[list[Line], Field(max_length=50, description="A minus before one: not about that.")] | None = None
    disclaimer: Annotated[Text, Field(max_length=5_000)] | None = None
    related: Annotated[list[LinkIn], Field(max_length=50)] | None = None
    revision: Annotated[
        int | None,
        Field(ge=1, le=2**63 - 1, description="Which was looked at; 409 when the same fields changed since."),
    ] = None


class Gave(BaseModel):
    """Which articles were new, edited, or known as they are."""

    added: list[int]
    updated: list[int]
    unchanged: list[int]


class RulingIn(Given):
    """Where and until when (to expire: from when) a decision holds."""

    newsletter: Annotated[Literal[""] | Slug, Field(description='"" is all newsletters.')] = ""
    until: Moment | None = None


class StateIn(Given):
    """Whether it may be chosen."""

    state: ArticleState


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def list_articles(
        search: Annotated[Line, Query(description="In title, deck and text.")] = "", after: Cursor | None = None
    ) -> Page[ArticleLine]:
        """List or search articles, newest first."""
        with reading(house.engine) as connection:
            found, _ = browse_articles(connection, search=search, after=cursor_of(after))
        return Page(items=[_line(each) for each in found.rows], next=next_of(found.after))

    def get_article(number: Id) -> ArticleOut:
        """Return one article as it reads now."""
        return _whole(house, number)

    def add_articles(said: ArticleIn) -> Gave:
        """Add an article; the same one again makes no second, and an edited one a revision."""
        content = said.article if said.format is Format.JSON else said.content
        done = give_articles(house, said.format, content or "", url=said.url, source=said.source)
        return Gave(added=list(done.added), updated=list(done.updated), unchanged=list(done.unchanged))

    def edit(number: Id, said: EditIn, request: Request) -> ArticleOut:
        """Change an article's summary, topics, disclaimer or related links; its source does not undo that."""
        with reading(house.engine) as connection:
            based_on = said.revision or find_article(connection, number).revision_id
            base = edit_shown(revision_of(connection, number, based_on).article)
        given = said.model_dump(exclude={"revision"}, exclude_none=True)
        if "topics" in given:
            given["topics"] = read_topics(",".join(given["topics"]))
        if said.related is not None:
            given["related"] = tuple(_link(each) for each in said.related)
        try:
            edit_article(house, number, replace(base, **given), based_on=based_on, by=source_of(request))
        except EditClash as clash:
            raise Refused(409, "changed_meanwhile", str(clash)) from None
        return _whole(house, number)

    def put_state(number: Id, said: StateIn) -> Planned:
        """Withdraw an article or bring it back; mails that wait with it are planned anew."""
        with house.engine.begin() as connection:
            return Planned(replanned=set_state(connection, number, said.state, now=house.clock.now()))

    def put_ruling(number: Id, kind: RulingKind, said: RulingIn, request: Request) -> Planned:
        """Pin, exclude, embargo or expire an article."""
        until, by = said.until, source_of(request)
        return Planned(replanned=rule_article(house, number, kind, said.newsletter, until=until, by=by))

    def drop_ruling(
        number: Id, kind: RulingKind, request: Request, newsletter: Annotated[Slug | None, Query()] = None
    ) -> None:
        """Take such a decision back."""
        lift_rule(house, number, kind, newsletter or "", by=source_of(request))

    reads, writes = Scope.ARTICLES_READ, Scope.ARTICLES_WRITE
    door.add("GET", "/articles", reads, list_articles)
    door.add("POST", "/articles", writes, add_articles, status=201)
    door.add("GET", "/articles/{number}", reads, get_article)
    door.add("PATCH", "/articles/{number}", writes, edit, records=True)
    door.add("PUT", "/articles/{number}/state", writes, put_state)
    door.add("PUT", "/articles/{number}/rulings/{kind}", writes, put_ruling)
    door.add("DELETE", "/articles/{number}/rulings/{kind}", writes, drop_ruling, status=204)


def _facts(each: StoredArticle) -> dict[str, Any]:
    return {
        "id": each.article_id,
        "story": each.story_id,
        "title": each.article.title,
        "deck": each.article.deck,
        "url": each.article.url,
        "language": each.article.language,
        "source": each.source,
        "state": each.state,
        "collected_at": each.collected_at,
    }


def _link(said: LinkIn) -> RelatedLink:
    url = http_url(said.url)
    if said.url and not url:
        raise BadInput(
            "the url of a related article is no web address; it should look like https://example.org/article"
        )
    return RelatedLink(said.title, url)


def _line(each: StoredArticle) -> ArticleLine:
    return ArticleLine(**_facts(each))


def _whole(house: Installation, number: int) -> ArticleOut:
    with reading(house.engine) as connection:
        found, rulings = find_article(connection, number), rulings_of(connection, number)
    return ArticleOut(
        **_facts(found),
        revision=found.revision_id,
        article=article_as_json(found.article),
        rulings=[
            RulingOut(kind=each.kind, newsletter=each.newsletter, until=each.until, by=each.by, at=each.at)
            for each in rulings
        ],
    )
