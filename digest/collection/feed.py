"""RSS, Atom and JSON Feed -> articles; a broken entry is reported and the rest goes on."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from digest.collection.anatomy import dissect
from digest.collection.blocks import Block
from digest.collection.caps import check_markup, check_no_dtd
from digest.collection.clean import clean_line, split_lines
from digest.collection.dates import parse_date, sane
from digest.collection.decode import decode
from digest.collection.extra import missing_extra
from digest.collection.html_blocks import fragment_blocks, parse_fragment
from digest.collection.json_feed import Entry, read_json_entries
from digest.collection.language import guess_language, language_tag
from digest.collection.links import http_url
from digest.collection.markers import Markers, load_markers, own_first
from digest.collection.pictures import first_picture, make_image
from digest.collection.plaintext import LONGEST_TITLE, MAX_TEXT
from digest.collection.xml_repair import is_well_formed, repaired
from digest.errors import BadArticle, BadInput
from digest.model.article import Article, Image

MOST_ENTRIES = 1_000
LONGEST_DECK = 600
_TAIL = 4_096
_NOT_WELL_FORMED = "the feed is not well-formed XML, so entries may be missing; check it with a feed validator"
_END_OF_FEED = re.compile(r"</(?:[A-Za-z][\w.-]*:)?(?:rss|feed|RDF|channel)\s*>")
_END_OF_ENTRY = re.compile(r"</(?:[A-Za-z][\w.-]*:)?(?:item|entry)\s*>")
_ENTRY = re.compile(r"<(?:[A-Za-z][\w.-]*:)?(?:item|entry)[\s/>]")
_MEDIA_WORDS = re.compile(r"<(/?)media:(description|title)\b")
# A document type that declares nothing itself (RSS 0.91 asks for one). It is cut out, so nobody looks for its file.
_DOCTYPE = re.compile(
    r"""(?P<before>(?:\s|<\?(?:(?!\?>).)*\?>|<!--(?:(?!-->).)*-->)*+)
    <!DOCTYPE\s+[A-Za-z][\w:.-]*
    (?:\s+PUBLIC\s+"[^"<>\[\]]*"(?:\s+"https?://[^"<>\[\]]*")?|\s+SYSTEM\s+"(?:https?://)?[\w./-]*")?\s*>""",
    re.VERBOSE | re.DOTALL,
)
_FEED_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]*:)?(?:rss|feed|RDF)[\s>]")


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed holds: its articles, and one line per entry that could not be read."""

    articles: tuple[Article, ...]
    problems: tuple[str, ...] = ()


def looks_like_feed(text: str) -> bool:
    """Whether *text* begins like RSS, RDF, Atom or JSON Feed."""
    head = text[:4096].lstrip("\ufeff \t\r\n")
    if head.startswith("{"):
        return "jsonfeed.org/version" in text[:20_000].replace("\\/", "/")
    return head.startswith("<") and bool(_FEED_ROOT.search(head))


def read_feed(
    data: bytes, *, url: str = "", charset: str = "", now: datetime | None = None, languages: Markers | None = None
) -> Feed:
    """Return the articles of the feed *data*, at most 1,000, in the feed's order.

    *url* resolves relative links, *charset* is what an HTTP header said. Dates before 1990 and after *now* are
    dropped, so that the time of collection is used. Raises BadArticle when the whole cannot be read or its
    document type declares anything, BadInput when the extra `ingest` is not installed.
    """
    text = decode(data, declared=charset).lstrip("\ufeff \t\r\n")
    markers = load_markers() if languages is None else languages
    if text.startswith("{"):
        entries, problems = read_json_entries(text, url)
    else:
        entries, problems = _xml_entries(text, url, markers)
    if len(entries) > MOST_ENTRIES:
        problems = [*problems, f"only the first {MOST_ENTRIES:,} of {len(entries):,} entries are read"]
    articles: list[Article] = []
    for number, entry in enumerate(entries[:MOST_ENTRIES], 1):
        try:
            articles.append(to_article(entry, markers, now))
        except BadInput as wrong:
            name = entry.title[:60] or entry.link or entry.guid
            problems = [*problems, f"entry {number} ({name or 'without a title'}): {wrong}"]
    return Feed(tuple(articles), tuple(problems))


def to_article(entry: Entry, markers: Markers, now: datetime | None = None) -> Article:
    """Return the article in one feed entry; its HTML becomes plain sections.

    Raises BadArticle when the entry has neither title nor text, or its HTML is too large or too deep.
    """
    link = http_url(entry.link, entry.base)
    base = link or entry.base
    blocks = fragment_blocks(entry.html, base) if entry.html else _plain_blocks(entry.text)
    summary = " ".join(block.text for block in fragment_blocks(entry.summary, base))
    if sum(len(block.text) for block in blocks) > MAX_TEXT:
        raise BadArticle(f"its text is longer than {MAX_TEXT:,} characters")
    title = _words(entry.title)
    if not title:
        # Microblogs have no titles; the first words serve.
        first = blocks[0].text if blocks else summary
        title = first if len(first) <= 100 else first[:100].rsplit(" ", 1)[0] + "…"
    if not title or not any(letter.isalnum() for letter in title):
        raise BadArticle("it has neither title nor text")
    if entry.link and not link and not blocks and not summary:
        raise BadArticle("there is nothing under its title, and its link is no web address")
    guessed = guess_language("\n".join([title, summary, *(block.text for block in blocks)]), markers)
    language = language_tag(entry.language) or guessed
    parts = dissect(blocks, own_first(markers, language), title=title[:LONGEST_TITLE], with_deck=False)
    # A description that only repeats the text is no deck.
    opening = parts.sections[0].paragraphs[:1] if parts.sections else ()
    whole = " ".join(block.text for block in blocks)
    repeats = summary == whole or bool(opening and summary and opening[0].startswith(summary.rstrip(" .…[]")))
    deck = summary if len(summary) <= LONGEST_DECK and not repeats and blocks else ""
    sections = parts.sections
    if not blocks and summary:
        parts = dissect(
            _plain_blocks(summary), own_first(markers, language), title=title[:LONGEST_TITLE], with_deck=False
        )
        sections = parts.sections if len(summary) > LONGEST_DECK else ()
        deck = "" if sections else " ".join(paragraph for part in parts.sections for paragraph in part.paragraphs)
        deck = "" if deck == title else deck
    return Article(
        title=title[:LONGEST_TITLE],
        deck=deck,
        sections=sections,
        disclaimer=parts.disclaimer,
        related=parts.related,
        language=language,
        published_at=sane(parse_date(entry.published, markers) or parse_date(entry.updated, markers), now),
        url=link,
        guid=clean_line(entry.guid)[:500],
        topics=tuple(dict.fromkeys(topic for topic in (clean_line(raw)[:100] for raw in entry.topics) if topic))[:50],
        image=_image(entry.images, base) or _image_in(entry.html, base),
        author=clean_line(entry.author)[:200],
        ai_generated=parts.ai_generated,
    )


def _words(markup: str) -> str:
    """Return the words of *markup*, which may hold tags and entities though its feed says it is text."""
    return " ".join(block.text for block in fragment_blocks(markup)) or clean_line(markup)


def _plain_blocks(text: str) -> list[Block]:
    return [Block(line) for line in split_lines(text) if line]


def _image(candidates: Iterable[tuple[str, object, object, str]], base: str) -> Image | None:
    for url, width, height, alt in candidates:
        image = make_image(http_url(url, base), width, height, _words(alt)[:500])
        if image:
            return image
    return None


def _image_in(html: str, base: str) -> Image | None:
    return first_picture(parse_fragment(html), base) if "<img" in html.lower() else None


def _xml_entries(text: str, url: str, markers: Markers) -> tuple[list[Entry], list[str]]:
    try:
        import feedparser
    except ImportError:
        raise missing_extra("feeds") from None
    if not text.startswith("<"):
        raise BadArticle("this is not a feed: it is neither XML nor JSON")
    text = _DOCTYPE.sub(r"\g<before>", text, count=1) if _DOCTYPE.match(text) else text
    check_no_dtd(text)
    text, problems = _first_entries(text)
    text, broken_off = _without_half_entry(text)
    problems += broken_off
    text = text[: text.rfind("<")] if text.rfind(">") < text.rfind("<") else text  # it was cut off inside a tag
    check_markup(text, html=False)
    if not is_well_formed(text):
        text = repaired(text)
        if not broken_off:
            problems.append(_NOT_WELL_FORMED)
    # feedparser mixes the words of a picture into the summary of its entry.
    text = _MEDIA_WORDS.sub(r"<\1media:said_\2", text)
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": http_url(url)}
    try:
        found = feedparser.parse(
            text.encode("utf-8", "replace"), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        IndexError,
        LookupError,
        RecursionError,
        AssertionError,
    ) as wrong:
        raise BadArticle(f"the feed cannot be read: {clean_line(str(wrong))[:120]}") from None
    if not found.get("version") and not found.entries:
        raise BadArticle("this is not a feed: no RSS, RDF or Atom element in it")
    language = found.feed.get("language") or ""
    home = http_url(url) or http_url(found.feed.get("link", ""))
    return [_entry(entry, language, home, markers) for entry in found.entries], problems


def _first_entries(text: str) -> tuple[str, list[str]]:
    """Return *text* with at most 1,000 entries: those after are cut out before any parser works on them."""
    ends = [found.end() for found in _END_OF_ENTRY.finditer(text)]
    if len(ends) > MOST_ENTRIES:
        total = len(ends)
        text = text[: ends[MOST_ENTRIES - 1]] + text[ends[-1] :]
        return text, [f"only the first {MOST_ENTRIES:,} of {total:,} entries are read"]
    if sum(1 for _ in _ENTRY.finditer(text)) > 2 * MOST_ENTRIES:
        raise BadArticle(f"the feed has more than {2 * MOST_ENTRIES:,} entries")
    return text, []


def _without_half_entry(text: str) -> tuple[str, list[str]]:
    """Return *text* without an entry that breaks off with the feed: half a title is not the article's."""
    if _END_OF_FEED.search(text, max(0, len(text) - _TAIL)):
        return text, []
    last = max((found.start() for found in _ENTRY.finditer(text)), default=-1)
    if last < 0 or _END_OF_ENTRY.search(text, last):
        return text, []
    return text[:last], ["the feed breaks off in its last entry, which is left out; read it again when it is whole"]


def _entry(raw: Mapping[str, Any], language: str, home: str, markers: Markers) -> Entry:
    contents = [part for part in raw.get("content", ()) if isinstance(part, Mapping) and part.get("value")]
    chosen = max(contents, key=lambda part: ("html" in str(part.get("type", "")), len(part["value"])), default=None)
    summary = raw.get("summary") or ""
    html = chosen["value"] if chosen else ""
    if chosen is not None and html == summary:
        summary = ""
    if not html and ("<p" in summary.lower() or "<br" in summary.lower() or len(summary) > LONGEST_DECK):
        html, summary = summary, ""
    base = (chosen or {}).get("base") or raw.get("base") or home
    own = (chosen or {}).get("language") or _detail(raw, "summary_detail", "language")
    tags = [tag.get("label") or tag.get("term") for tag in raw.get("tags", ()) if isinstance(tag, Mapping)]
    return Entry(
        title=str(raw.get("title") or ""),
        link=str(raw.get("link") or _alternate(raw) or ""),
        base=http_url(base, home) or home,
        guid=str(raw.get("id") or ""),
        html=html,
        summary=summary,
        published=_moment(raw, "published", markers),
        updated=_moment(raw, "updated", markers),
        language=str(raw.get("dc_language") or own or _detail(raw, "title_detail", "language") or language or ""),
        topics=tuple(str(tag) for tag in tags if tag),
        images=tuple(_images(raw)),
        author=str(raw.get("author") or ""),
    )


def _detail(raw: Mapping[str, Any], key: str, name: str) -> str:
    detail = raw.get(key)
    return str(detail.get(name) or "") if isinstance(detail, Mapping) else ""


def _own(raw: Mapping[str, Any], key: str) -> Any:
    # feedparser's dict answers "updated" with "published", under a warning, when an entry has only that.
    return dict.get(raw, key) if isinstance(raw, dict) else raw.get(key)


def _alternate(raw: Mapping[str, Any]) -> str:
    links = [link for link in raw.get("links", ()) if isinstance(link, Mapping)]
    return next((str(link.get("href")) for link in links if link.get("rel") == "alternate" and link.get("href")), "")


def _moment(raw: Mapping[str, Any], key: str, markers: Markers) -> datetime | None:
    """Return the date in *key* as we read it, else as feedparser does, which takes 2026年11月3日 for the 1st."""
    if read := parse_date(_own(raw, key), markers):
        return read
    try:
        parsed = _own(raw, f"{key}_parsed")
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _images(raw: Mapping[str, Any]) -> Iterable[tuple[str, object, object, str]]:
    """Return (address, width, height, alternative text) of media:content, media:thumbnail and enclosures."""
    said = str(raw.get("media_said_description") or raw.get("media_said_title") or "")
    for key in ("media_content", "media_thumbnail"):
        for media in raw.get(key, ()):
            kind = str(media.get("type") or media.get("medium") or "image")
            if kind.startswith("image"):
                alt = str(media.get("alt") or media.get("title") or said or raw.get("title") or "")
                yield str(media.get("url") or ""), media.get("width"), media.get("height"), alt
    for link in raw.get("links", ()):
        if link.get("rel") == "enclosure" and str(link.get("type", "")).startswith("image"):
            alt = str(link.get("title") or said or raw.get("title") or "")
            yield str(link.get("href") or ""), link.get("width"), link.get("height"), alt
