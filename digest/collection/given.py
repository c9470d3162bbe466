"""An article that a program hands over as JSON: cleaned and bounded as one that was read from a page is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from digest.collection.as_json import article_from_json
from digest.collection.clean import clean_line
from digest.collection.dates import sane
from digest.collection.language import guess_language, language_tag
from digest.collection.links import http_url
from digest.collection.markers import load_markers
from digest.collection.pictures import make_image
from digest.collection.plaintext import LONGEST_TITLE, MAX_TEXT
from digest.errors import BadArticle
from digest.model.article import Article, Image, RelatedLink, Section

_LONGEST_LINE = 5_000
_MOST = 50  # topics, related entries


def read_given(value: Mapping[str, Any], *, now: datetime) -> Article:
    """Return the article in *value*, whose keys are those of `digest articles read --json`; only the title must be.

    Every text becomes plain, every address absolute http(s) or "". Raises BadArticle.
    """
    article = article_from_json(value)
    title = clean_line(article.title)
    if not title or len(title) > LONGEST_TITLE:
        raise BadArticle(f"the title must have 1 to {LONGEST_TITLE} characters")
    sections = tuple(filter(lambda each: each.paragraphs, map(_section, article.sections)))
    deck = clean_line(article.deck)[:_LONGEST_LINE]
    if not sections and not deck:
        raise BadArticle("the article needs a deck, or sections with paragraphs")
    text = "\n".join(line for each in sections for line in each.paragraphs)
    if len(text) > MAX_TEXT:
        raise BadArticle(f"the text has {len(text):,} characters; at most {MAX_TEXT:,} are read as one article")
    language = language_tag(article.language) or guess_language(text or deck, load_markers())
    return replace(
        article,
        title=title,
        deck=deck,
        sections=sections,
        disclaimer="\n".join(filter(None, map(clean_line, article.disclaimer[:_LONGEST_LINE].split("\n")))),
        related=tuple(filter(lambda each: each.title, map(_related, article.related[:_MOST]))),
        language=language,
        published_at=sane(article.published_at, now),
        url=http_url(article.url),
        guid=clean_line(article.guid)[:500],
        summary=clean_line(article.summary)[:_LONGEST_LINE],
        topics=tuple(filter(None, (clean_line(each)[:80] for each in article.topics[:_MOST]))),
        image=_image(article.image),
        author=clean_line(article.author)[:200],
        edited_summary="",  # is not the publisher's to say
    )


def _section(each: Section) -> Section:
    return Section(clean_line(each.heading)[:500], tuple(filter(None, map(clean_line, each.paragraphs))))


def _related(each: RelatedLink) -> RelatedLink:
    return RelatedLink(clean_line(each.title)[:500], http_url(each.url))


def _image(image: Image | None) -> Image | None:
    return make_image(http_url(image.url), image.width, image.height, clean_line(image.alt)) if image else None
