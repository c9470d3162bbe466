"""Bring: an editor adds articles by an address, a file or a form; they are read and kept as all others are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any

from digest.collection.as_json import article_as_json
from digest.collection.clean import clean_line
from digest.collection.links import http_url
from digest.collection.plaintext import read_plaintext
from digest.errors import BadInput
from digest.model.article import Collected
from digest.pipeline.collecting.collect import Read, read_brought, read_paths, store_articles
from digest.pipeline.collecting.give_articles import Format, give_articles
from digest.pipeline.editing.edit_article import (
    LONGEST,
    edit_article,
    edit_shown,
    read_related,
    read_topics,
    require_topics,
)
from digest.pipeline.installation import Installation
from digest.store.articles import find_article
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.newsletters import load_topics

_LONGEST_NAME = 120
_TOLD = 20  # problems of one feed


@dataclass(frozen=True, slots=True)
class Written:
    """An article as a form has it: each field as it was typed, the date as an instant."""

    title: str
    deck: str = ""
    summary: str = ""
    text: str = ""
    topics: str = ""
    disclaimer: str = ""
    related: str = ""
    address: str = ""
    published_at: datetime | None = None


def bring_address(house: Installation, who: str, address: str) -> Collected:
    """Fetch *address*, a page or a feed, as sources are fetched, and keep its articles; raises BadInput."""
    address = address.strip()
    # Anything else would be read as the path of a file, one on the server.
    if not address.lower().startswith(("https://", "http://")):
        raise BadInput("write a whole web address, such as https://example.org/article")
    found = read_paths([address], now=house.clock.now(), allow_private=house.fetches_private)
    return _keep(house, who, "address", found)


def bring_file(house: Installation, who: str, name: str, data: bytes) -> Collected:
    """Read the file *name* and keep its articles; raises BadInput, whose text is one line that names the file."""
    last = clean_line(PurePath(name.replace("\\", "/")).name)[-_LONGEST_NAME:]
    return _keep(house, who, "file", read_brought(last or "file", data, now=house.clock.now()))


def bring_written(house: Installation, who: str, said: Written) -> Collected:
    """Keep the article that somebody wrote in a form; raises BadInput, or BadArticle.

    Its text is read as a plain-text page is, so that headings and a list of related articles are found in it. The
    summary is an editor's: it stands in mails before any deck.
    """
    done = give_articles(house, Format.JSON, _as_given(house, said))
    _note(house, who, "form", done)
    if said.summary.strip():
        ((number,),) = filter(None, (done.added, done.updated, done.unchanged))
        with reading(house.engine) as connection:
            found = find_article(connection, number)
        wanted = replace(edit_shown(found.article), summary=said.summary)
        edit_article(house, number, wanted, based_on=found.revision_id, by=who)
    return done


def _as_given(house: Installation, said: Written) -> Mapping[str, Any]:
    title, deck, topics = clean_line(said.title), clean_line(said.deck), read_topics(said.topics)
    if not title:
        raise BadInput("give the article a title")
    if not said.text.strip() and not deck:
        raise BadInput("write a text, or at least a deck")
    if len(said.summary) > LONGEST:
        raise BadInput(f"the summary is longer than {LONGEST:,} characters; shorten it")
    address = http_url(said.address.strip())
    if said.address.strip() and not address:
        raise BadInput("the address is no web address; it should look like https://example.org/article")
    if said.published_at and said.published_at > house.clock.now():
        raise BadInput("the date is still to come; an embargo, decided on its page, holds an article back")
    with reading(house.engine) as connection:
        require_topics(load_topics(connection), topics)
    head = f"Title: {title}\nSubtitle: {deck}" if deck else f"Title: {title}"
    page = article_as_json(read_plaintext(f"{head}\n\n{said.text}"))
    over = {
        "title": title,
        "deck": deck,
        "topics": topics,
        "disclaimer": said.disclaimer,
        "related": [{"title": each.title, "url": each.url} for each in read_related(said.related)],
        "url": address,
        "published_at": said.published_at.isoformat() if said.published_at else None,
    }
    # A field that was left empty is what the text says of it.
    return page | {name: value for name, value in over.items() if value}


def _keep(house: Installation, who: str, way: str, found: Read) -> Collected:
    if not found.articles:
        raise BadInput(found.problems[0] if found.problems else "there is no article in it")
    done = store_articles(house.engine, found.articles, source="", now=found.now, files=found.files)
    _note(house, who, way, done)
    return Collected(done.added, done.updated, done.unchanged, tuple(found.problems[:_TOLD]))


def _note(house: Installation, who: str, way: str, done: Collected) -> None:
    """Put on record what came in, and by whom."""
    ids = [*done.added, *done.updated, *done.unchanged]
    what = f"article {ids[0]}" if len(ids) == 1 else f"{len(ids)} articles"
    after = {"by": way, "added": len(done.added), "updated": len(done.updated), "unchanged": len(done.unchanged)}
    with house.engine.begin() as connection:
        record(connection, who, "article.add", what, now=house.clock.now(), after=after)
