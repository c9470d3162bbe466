"""One file or one answer from the web -> articles, by the reader that suits it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath

from digest.collection.decode import decode
from digest.collection.feed import looks_like_feed, read_feed
from digest.collection.fetched import Fetched
from digest.collection.markdown import read_markdown
from digest.collection.page import read_page
from digest.collection.plaintext import read_plaintext
from digest.errors import BadArticle, BadInput
from digest.model.article import Article

SUFFIXES = frozenset({".txt", ".md", ".markdown", ".html", ".htm", ".xhtml", ".xml", ".rss", ".atom", ".json"})
_HTML_SIGNS = ("<!doctype html", "<html", "<head", "<body", "<article", "<main")


@dataclass(frozen=True, slots=True)
class Reading:
    """The articles of one file or address, and one line per part of it that could not be read."""

    articles: tuple[Article, ...]
    problems: tuple[str, ...] = ()


def reading_of_file(path: PurePath | str, data: bytes, *, now: datetime | None = None) -> Reading:
    """Return articles and problems of the file *path* with the content *data*.

    The ending chooses the reader and the content has the last word: a feed saved as .html is still a feed. Dates
    later than *now* are dropped. Raises BadArticle or BadInput whose text names the file and the reason.
    """
    try:
        return _read(PurePath(path).suffix.lower(), data, now=now)
    except BadArticle as wrong:
        raise BadArticle(f"{path}: {wrong}") from None
    except BadInput as wrong:
        raise BadInput(f"{path}: {wrong}") from None


def reading_of_fetched(fetched: Fetched, *, now: datetime | None = None) -> Reading:
    """Return articles and problems of what an address answered with.

    A single article without an address of its own gets the one it was fetched from. Raises BadArticle or BadInput
    whose text names the address and the reason.
    """
    if fetched.not_modified:
        return Reading(())
    kind = fetched.content_type
    suffix = ".html" if "html" in kind else ".json" if "json" in kind else ".md" if "markdown" in kind else ""
    if not suffix and kind == "text/plain":
        suffix = PurePath(fetched.url.partition("?")[0]).suffix.lower() or ".txt"
    try:
        found = _read(suffix, fetched.body, charset=fetched.charset, url=fetched.url, now=now)
    except BadArticle as wrong:
        raise BadArticle(f"{fetched.url}: {wrong}") from None
    except BadInput as wrong:
        raise BadInput(f"{fetched.url}: {wrong}") from None
    if len(found.articles) == 1 and not found.articles[0].url and not found.articles[0].guid:
        return replace(found, articles=(replace(found.articles[0], url=fetched.url),))
    return found


def _read(suffix: str, data: bytes, *, charset: str = "", url: str = "", now: datetime | None = None) -> Reading:
    text = decode(data, declared=charset)
    if not text.strip("\ufeff \t\r\n"):
        raise BadArticle("the file is empty; put the title on the first line and the article below it")
    if looks_like_feed(text) or suffix in (".rss", ".atom"):
        return _feed(data, charset, url, now)
    if _looks_like_html(text) or suffix in (".html", ".htm", ".xhtml"):
        return Reading((read_page(text, url=url, now=now),))
    if suffix in (".xml", ".json"):
        return _feed(data, charset, url, now)
    if suffix in (".md", ".markdown") or (not suffix and text.lstrip("\ufeff \r\n").startswith(("---\n", "+++\n"))):
        return Reading((read_markdown(text, now=now),))
    return Reading((read_plaintext(text, now=now),))


def _feed(data: bytes, charset: str, url: str, now: datetime | None) -> Reading:
    found = read_feed(data, url=url, charset=charset, now=now)
    if not found.articles and found.problems:
        raise BadArticle(f"no article can be read from it: {found.problems[0]}")
    return Reading(found.articles, found.problems)


def _looks_like_html(text: str) -> bool:
    head = text[:2048].lstrip("\ufeff \t\r\n").lower()
    return head.startswith("<") and any(sign in head for sign in _HTML_SIGNS)
