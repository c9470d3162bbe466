"""What a template sees of a newsletter and of an article: plain, cleaned text; nothing from the store leaks in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from digest.model.article import StoredArticle
from digest.rendering.clean import clean_text, clean_url, shorten
from digest.rendering.directed import Directed
from digest.rendering.languages import clean_tag, date_text

# What one article may take up; a disclaimer is never cut.
TITLE_LENGTH, SUMMARY_LENGTH = 300, 1_000


@dataclass(frozen=True, slots=True)
class Frame:
    """What one newsletter gives to every mail: its words in the shell, its addresses and ids in the headers.

    `archive_url`, `feedback_id`, `complaints_to` and `unsubscribe_address` (for the mailto of List-Unsubscribe)
    are left out of the headers when "".
    """

    name: str
    sender_name: str
    sender_address: str
    list_id: str
    postal_lines: tuple[str, ...]
    description: str = ""
    reply_to: str = ""
    home_url: str = ""
    archive_url: str = ""
    feedback_id: str = ""
    unsubscribe_address: str = ""
    complaints_to: str = ""


@dataclass(frozen=True, slots=True)
class NewsletterView:
    """A newsletter as templates see it."""

    name: str
    description: str
    sender_name: str
    postal_lines: tuple[str, ...]
    home_url: str


@dataclass(frozen=True, slots=True)
class ImageView:
    """An article's picture: https, sizes in CSS pixels."""

    url: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class CardView(Directed):
    """One article as a card shows it; every text is one clean line, `url` is http(s) or ""."""

    title: str
    url: str = ""
    topic: str = ""
    summary: str = ""
    summary_by: str = "publisher"
    disclaimer: str = ""
    language: str = ""
    source: str = ""
    date: str = ""
    image: ImageView | None = None
    heading_id: str = "a0"


@dataclass(frozen=True, slots=True)
class RelatedView(Directed):
    """One related article: a title, and a URL unless it leads nowhere we know."""

    title: str
    url: str = ""
    language: str = ""


def newsletter_view(frame: Frame) -> NewsletterView:
    """Return what templates may see of *frame*."""
    return NewsletterView(
        name=clean_text(frame.name),
        description=clean_text(frame.description),
        sender_name=clean_text(frame.sender_name),
        postal_lines=tuple(line for line in map(clean_text, frame.postal_lines) if line),
        home_url=clean_url(frame.home_url),
    )


def card_view(
    stored: StoredArticle,
    locale: str,
    *,
    topic_label: str = "",
    summary: str = "",
    summary_by: str = "extract",
    notice: str = "",
    zone: tzinfo = UTC,
) -> CardView:
    """Return the card of an article for a frame in *locale*; dates are days in *zone*.

    The summary is an editor's, else the publisher's deck, else its summary, else *summary*, which *summary_by* says
    who made: it is an "extract" of ours or of a "model", and labelled so.
    *notice* is the newsletter's own disclaimer, shown when the publisher gave none.
    """
    article = stored.article
    own = (article.edited_summary, article.deck, article.summary)
    own_words = shorten(next(filter(None, map(clean_text, own)), ""), SUMMARY_LENGTH)
    published: datetime | None = article.published_at
    return CardView(
        title=shorten(clean_text(article.title) or clean_text(article.url), TITLE_LENGTH) or "…",
        url=clean_url(article.url),
        topic=clean_text(topic_label),
        summary=own_words or shorten(clean_text(summary), SUMMARY_LENGTH),
        summary_by="publisher" if own_words else summary_by,
        disclaimer=clean_text(article.disclaimer) or clean_text(notice),
        language=clean_tag(article.language),
        source=clean_text(stored.source),
        date=date_text(published.astimezone(zone).date(), locale) if published else "",
        image=_image_view(stored),
        heading_id=f"a{stored.article_id}",
    )


def related_view(title: str, url: str = "", language: str = "") -> RelatedView:
    """Return one related entry, cleaned."""
    return RelatedView(shorten(clean_text(title), TITLE_LENGTH), clean_url(url), clean_tag(language))


def slot_widths(links: Mapping[str, int], name: int = 1200, address: int = 320) -> dict[str, int]:
    """Return the largest decoded bytes of each slot in HTML: *links* by slot, a name of 200 characters, an address."""
    return {"name": name, "address": address, **links}


def _image_view(stored: StoredArticle) -> ImageView | None:
    image = stored.article.image
    if image is None or image.width <= 0 or image.height <= 0:
        return None
    url = clean_url(image.url)
    if not url.startswith("https://"):
        return None
    return ImageView(url, image.width, image.height, shorten(clean_text(image.alt), TITLE_LENGTH))
