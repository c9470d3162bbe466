"""A saved HTML page -> article: trafilatura finds the text, our walk finds disclaimer and related list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from digest.collection.anatomy import MOST_BLOCKS, Parts, dissect
from digest.collection.blocks import Block, Shape
from digest.collection.clean import clean_line, weight
from digest.collection.dates import parse_date, sane
from digest.collection.extra import missing_extra
from digest.collection.html_blocks import html_blocks, parse_html
from digest.collection.language import guess_language, language_tag
from digest.collection.links import http_url
from digest.collection.markers import Markers, load_markers, own_first
from digest.collection.pictures import first_picture, make_image
from digest.collection.plaintext import LONGEST_TITLE, MAX_TEXT
from digest.errors import BadArticle
from digest.model.article import Article, Image, Section

LONGEST_DECK = 600
_SITE = re.compile(r"\s+[|–—·»-]\s+[^|–—·»]{2,60}$")
_ROOTS = ("//article", "//main", "//*[@role='main']", "//body")


def read_page(text: str, *, url: str = "", now: datetime | None = None, languages: Markers | None = None) -> Article:
    """Return the article of the HTML page *text*; *url* is where it was found, if anywhere.

    Dates later than *now* are dropped. Raises BadArticle when the page is too large or too deep or holds no
    article, BadInput when the extra `ingest` is not installed.
    """
    tree = parse_html(text)
    meta = _meta(tree)
    here = http_url(meta.get("canonical", ""), url) or http_url(meta.get("og:url", ""), url) or http_url(url)
    title = _title(tree, meta)
    if not title:
        raise BadArticle("the page has no title (<title>, og:title or <h1>)")
    whole = html_blocks(_root(tree), here)
    words = "\n".join(block.text for block in whole)
    if len(words) > MAX_TEXT:
        raise BadArticle(
            f"the page has {len(words):,} characters of text; at most {MAX_TEXT:,} are read as one article"
        )
    main = _main_blocks(text, here) if len(whole) <= MOST_BLOCKS else []
    markers = load_markers() if languages is None else languages
    language = language_tag(tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "")
    guessed = guess_language(words, markers)
    markers = own_first(markers, language or guessed)
    around = dissect(_under(whole, title), markers, title=title, with_deck=False)
    inside = dissect(_under(main, title), markers, title=title, with_deck=False) if main else around
    sections, deck = _deck_apart(inside.sections or around.sections, clean_line(_description(meta)))
    if not sections and not deck:
        raise BadArticle("the page holds no article text")
    image = _image(meta, here) or first_picture(_root(tree), here)
    return _article(title, deck, sections, (inside, around), meta, here, language or guessed, now, image)


def _article(
    title: str,
    deck: str,
    sections: tuple[Section, ...],
    readings: tuple[Parts, Parts],
    meta: dict[str, str],
    here: str,
    language: str,
    now: datetime | None,
    image: Image | None,
) -> Article:
    inside, around = readings
    said = [line for line in dict.fromkeys((inside.disclaimer + "\n" + around.disclaimer).split("\n")) if line]
    told = [reading.ai_generated for reading in readings if reading.ai_generated is not None]
    when = parse_date(meta.get("article:published_time") or meta.get("date") or meta.get("datepublished"))
    facts = inside.facts.with_more(around.facts)
    return Article(
        title=title,
        deck=deck,
        sections=sections,
        disclaimer="\n".join(said),
        related=around.related or inside.related,
        language=language,
        published_at=sane(when or facts.published_at, now),
        url=here,
        topics=tuple(dict.fromkeys(tag for tag in meta.get("article:tag", "").split("\n") if tag)),
        image=image,
        author=clean_line(meta.get("author", "")) or facts.author,
        ai_generated=told[0] if told else None,
    )


def _meta(tree: Any) -> dict[str, str]:
    """Return the page's <meta> values by lower-case name, "canonical" and "title" among them; tags one per line."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").strip().lower()
        content = clean_line((element.get("content") or "")[:4096])
        if not name or not content:
            continue
        if name == "article:tag":
            found[name] = f"{found[name]}\n{content}" if name in found else content
        else:
            found.setdefault(name, content)
    for element in tree.iter("link"):
        if "canonical" in (element.get("rel") or "").lower().split():
            found.setdefault("canonical", (element.get("href") or "").strip())
    if not found.get("article:published_time"):
        stamp = next((e.get("datetime") for e in tree.iter("time") if e.get("datetime")), "")
        found.setdefault("datepublished", stamp or "")
    return found


def _title(tree: Any, meta: dict[str, str]) -> str:
    first = next((clean_line(element.text_content()) for element in tree.iter("h1")), "")
    shown = next((clean_line(element.text_content()) for element in tree.iter("title")), "")
    named = clean_line(meta.get("og:title", "") or meta.get("twitter:title", ""))
    if first and (not named or named.startswith(first)):
        return first[:LONGEST_TITLE]
    if named:
        return named[:LONGEST_TITLE]
    return (_SITE.sub("", shown) or shown)[:LONGEST_TITLE]


def _description(meta: dict[str, str]) -> str:
    text = meta.get("og:description") or meta.get("description") or meta.get("twitter:description") or ""
    return text if len(text) <= LONGEST_DECK else ""


def _image(meta: dict[str, str], base: str) -> Image | None:
    url = http_url(meta.get("og:image:secure_url") or meta.get("og:image") or "", base)
    width, height = meta.get("og:image:width", ""), meta.get("og:image:height", "")
    alt = clean_line(meta.get("og:image:alt", "") or meta.get("twitter:image:alt", ""))
    return make_image(url, width, height, alt)


def _root(tree: Any) -> Any:
    """Return the element that holds the article and what belongs to it: the largest <article>, <main> or <body>."""
    body = tree.find("body")
    whole = tree if body is None else body
    full = len(whole.text_content())
    for path in _ROOTS:
        found = max(tree.xpath(path), key=lambda element: len(element.text_content()), default=None)
        # The list of related articles often stands beside <article>, so only an almost whole one will do.
        if found is not None and len(found.text_content()) * 2 > full:
            return whole if path == "//article" else found
    return whole


def _main_blocks(text: str, url: str) -> list[Block]:
    """Return the blocks that trafilatura takes for the article's text; none when it finds nothing."""
    try:
        from trafilatura import bare_extraction
    except ImportError:
        raise missing_extra("web pages") from None
    try:
        document = bare_extraction(text, url=url or None, fast=True, include_comments=False, include_tables=False)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError) as wrong:
        raise BadArticle(f"the page cannot be read as an article: {clean_line(str(wrong))[:120]}") from None
    body = getattr(document, "body", None)
    return [] if body is None else list(_body_blocks(body))


def _body_blocks(body: Any) -> Iterator[Block]:
    shapes = {"head": Shape.HEADING, "p": Shape.PARAGRAPH, "item": Shape.ITEM, "quote": Shape.PARAGRAPH}
    for element in body.iter("head", "p", "item", "quote"):
        if element.getparent() is not None and element.getparent().tag in ("item", "quote"):
            continue
        line = clean_line(
            " ".join(element.itertext()) if element.tag in ("item", "quote") else "".join(element.itertext())
        )
        if line:
            yield Block(line, shapes[element.tag])


def _under(blocks: Sequence[Block], title: str) -> list[Block]:
    """Return the blocks after the page's title, all of them when the title is not among them."""
    for index, block in enumerate(blocks):
        if block.text == title:
            return list(blocks[index + 1 :])
    return list(blocks)


def _deck_apart(sections: tuple[Section, ...], deck: str) -> tuple[tuple[Section, ...], str]:
    """Return *sections* without the paragraph that is the deck, and the deck.

    A description that is only the beginning of the text is no deck.
    """
    if not sections or not sections[0].paragraphs:
        return sections, deck
    first = sections[0]
    opening = first.paragraphs[0]
    if not deck:
        return sections, ""
    if opening == deck:
        rest = first.paragraphs[1:]
        kept = (Section(first.heading, rest), *sections[1:]) if rest or first.heading else sections[1:]
        return kept, deck
    stem = deck.rstrip(".… ")
    if weight(stem) > 40 and opening.startswith(stem):
        return sections, ""
    return sections, deck
