"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1) -> entries; and the entry that every feed is read into."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from digest.collection.clean import clean_line
from digest.collection.links import http_url
from digest.errors import BadArticle


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the feed has it, nothing cleaned. `images` are (address, width, height, alternative text)."""

    title: str = ""
    link: str = ""
    base: str = ""
    guid: str = ""
    html: str = ""
    text: str = ""
    summary: str = ""
    published: object = None
    updated: object = None
    language: str = ""
    topics: tuple[str, ...] = ()
    images: tuple[tuple[str, object, object, str], ...] = ()
    author: str = ""


def read_json_entries(text: str, url: str = "") -> tuple[list[Entry], list[str]]:
    """Return the entries of the JSON Feed *text* and a line for each item that is none.

    Raises BadArticle when *text* is not a JSON Feed.
    """
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise BadArticle(f"this is not JSON: {clean_line(str(wrong))[:120]}") from None
    if not isinstance(feed, dict) or "jsonfeed.org/version" not in str(feed.get("version", "")):
        raise BadArticle("this is JSON, but not a JSON Feed: its version should be https://jsonfeed.org/version/1.1")
    items = feed.get("items")
    if not isinstance(items, list):
        raise BadArticle("this JSON Feed has no list of items")
    home = http_url(url) or http_url(feed.get("feed_url")) or http_url(feed.get("home_page_url"))
    language = _text(feed, "language")
    entries, problems = list[Entry](), list[str]()
    for number, item in enumerate(items, 1):
        if isinstance(item, dict):
            entries.append(_entry(item, home, language))
        else:
            problems.append(f"entry {number}: it is not an object")
    return entries, problems


def _entry(item: Mapping[str, Any], home: str, language: str) -> Entry:
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    names = [_text(author, "name") for author in authors or () if isinstance(author, dict)]
    tags = item.get("tags")
    identity = item.get("id")
    return Entry(
        title=_text(item, "title"),
        # An item about another page names it in external_url; the item's own page is url.
        link=_text(item, "url") or _text(item, "external_url"),
        base=home,
        guid=str(identity) if isinstance(identity, str | int | float) else "",
        html=_text(item, "content_html"),
        text=_text(item, "content_text"),
        summary=_text(item, "summary"),
        published=item.get("date_published"),
        updated=item.get("date_modified"),
        language=_text(item, "language") or language,
        topics=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        images=tuple(_images(item)),
        author=", ".join(name for name in names if name),
    )


def _images(item: Mapping[str, Any]) -> list[tuple[str, object, object, str]]:
    """Return image attachments; the format gives no sizes, but many publishers add them (section "Extensions")."""
    attachments = item.get("attachments")
    found: list[tuple[str, object, object, str]] = []
    for part in attachments if isinstance(attachments, list) else ():
        if isinstance(part, dict) and _text(part, "mime_type").startswith("image/"):
            alt = _text(part, "title") or _text(item, "title")
            found.append((_text(part, "url"), part.get("width"), part.get("height"), alt))
    return found


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
