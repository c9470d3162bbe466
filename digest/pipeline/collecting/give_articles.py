"""Articles that a program hands over: read and stored as those are that we fetch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from digest.collection.given import read_given
from digest.collection.links import http_url
from digest.collection.read import Reading, reading_of_file
from digest.errors import BadArticle, BadInput
from digest.model.article import Collected
from digest.pipeline.collecting.collect import store_articles
from digest.pipeline.installation import Installation

_LARGEST = 5 * 1024 * 1024


class Format(StrEnum):
    """How an article is written."""

    JSON = "json"  #: the keys of `digest articles read --json`
    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


_NAMES = {Format.TEXT: "content.txt", Format.MARKDOWN: "content.md", Format.HTML: "content.html"}


def give_articles(
    house: Installation, written: Format, content: str | Mapping[str, Any], *, url: str = "", source: str = ""
) -> Collected:
    """Store what *content* holds as *written* and return what became of it; the same again makes no second article.

    *url* is where a single article stands that names no address itself; *source* whoever brought it, "" for none.
    Raises BadArticle, BadInput.
    """
    where = http_url(url)
    if url and not where:
        raise BadInput("url is no web address; it should look like https://example.org/article")
    found = _read(house, written, content).articles
    if len(found) == 1 and where and not found[0].url:
        found = (replace(found[0], url=where),)
    return store_articles(house.engine, found, source=source, now=house.clock.now())


def _read(house: Installation, written: Format, content: str | Mapping[str, Any]) -> Reading:
    if written is Format.JSON:
        if not isinstance(content, Mapping):
            raise BadArticle("an article in JSON is an object with a title, and a deck or sections")
        return Reading((read_given(content, now=house.clock.now()),))
    if not isinstance(content, str):
        raise BadArticle(f"an article in {written} is a text")
    data = content.encode("utf-8", "replace")
    if len(data) > _LARGEST:
        raise BadArticle(f"the content is larger than {_LARGEST:,} bytes")
    return reading_of_file(_NAMES[written], data, now=house.clock.now())
