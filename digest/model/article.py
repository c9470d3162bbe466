"""An article: what a publisher wrote, as collected; an edit makes a new revision of the same article."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Section:
    """Paragraphs under an optional short heading; "" when the text has none there."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelatedLink:
    """One entry of the publisher's own list of related articles: a deck or title, often without a link."""

    title: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that can be shown in mail: https, with both sizes (CSS pixels) and alternative text."""

    url: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article as read from its source; every text is plain (no markup), every URL absolute.

    `disclaimer` is the publisher's own ("This content is AI-generated…") and travels with the article.
    `topics` are labels the source gave (topic slugs or names), not our matching.
    `language` is a BCP 47 tag such as "en", "ko" or "zh-Hant"; "" when unknown.
    `ai_generated` is None when neither a marker nor a disclaimer tells.
    `edited_summary` is an editor's of ours, shown instead of the deck; "" when nobody wrote one.
    """

    title: str
    sections: tuple[Section, ...] = ()
    deck: str = ""
    disclaimer: str = ""
    related: tuple[RelatedLink, ...] = ()
    language: str = ""
    published_at: datetime | None = None
    url: str = ""
    guid: str = ""
    summary: str = ""
    topics: tuple[str, ...] = ()
    image: Image | None = None
    author: str = ""
    ai_generated: bool | None = None
    edited_summary: str = ""

    @property
    def text(self) -> str:
        """The body: headings and paragraphs, a blank line between them."""
        blocks: list[str] = []
        for section in self.sections:
            blocks.extend([section.heading] if section.heading else [])
            blocks.extend(section.paragraphs)
        return "\n\n".join(blocks)


class ArticleState(StrEnum):
    """Whether an article may be chosen."""

    LIVE = "live"  #: may be chosen
    WITHDRAWN = "withdrawn"  #: taken back by its publisher or an editor; planned rows are planned anew


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article with what the store knows of it. The story is the unit of "never twice"."""

    article_id: int
    story_id: int
    revision_id: int
    article: Article
    collected_at: datetime
    source: str = ""
    state: ArticleState = ArticleState.LIVE


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection did: how many articles were new, edited, seen before; what could not be read."""

    added: tuple[int, ...] = ()
    updated: tuple[int, ...] = ()
    unchanged: tuple[int, ...] = ()
    problems: tuple[str, ...] = field(default=())
