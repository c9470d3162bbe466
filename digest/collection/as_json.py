"""Articles <-> plain values for JSON: what `digest articles read --json` prints and the store keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from digest.collection.dates import parse_date
from digest.errors import BadArticle
from digest.model.article import Article, Image, RelatedLink, Section


def article_as_json(article: Article) -> dict[str, Any]:
    """Return *article* as lists, dicts and strings.

    Keys: title deck sections[{heading, paragraphs}] disclaimer related[{title, url}] language published_at
    (RFC 3339 in UTC, null when unknown) url summary topics; and guid image{url, width, height, alt} author
    ai_generated; edited_summary where there is one.
    """
    return {
        "title": article.title,
        "deck": article.deck,
        "sections": [{"heading": part.heading, "paragraphs": list(part.paragraphs)} for part in article.sections],
        "disclaimer": article.disclaimer,
        "related": [{"title": entry.title, "url": entry.url} for entry in article.related],
        "language": article.language,
        "published_at": article.published_at.isoformat() if article.published_at else None,
        "url": article.url,
        "summary": article.summary,
        "topics": list(article.topics),
        "guid": article.guid,
        "image": _image_as_json(article.image),
        "author": article.author,
        "ai_generated": article.ai_generated,
        **({"edited_summary": article.edited_summary} if article.edited_summary else {}),
    }


def _image_as_json(image: Image | None) -> dict[str, Any] | None:
    if image is None:
        return None
    return {"url": image.url, "width": image.width, "height": image.height, "alt": image.alt}


def article_from_json(value: Mapping[str, Any]) -> Article:
    """Return the article that `article_as_json` wrote; keys it does not know are left alone.

    Raises BadArticle when *value* has no title or a key has another shape.
    """
    try:
        image = value.get("image")
        return Article(
            title=_text(value["title"]),
            deck=_text(value.get("deck", "")),
            sections=tuple(
                Section(_text(part.get("heading", "")), _texts(part["paragraphs"]))
                for part in value.get("sections", ())
            ),
            disclaimer=_text(value.get("disclaimer", "")),
            related=tuple(
                RelatedLink(_text(entry["title"]), _text(entry.get("url", ""))) for entry in value.get("related", ())
            ),
            language=_text(value.get("language", "")),
            published_at=parse_date(value.get("published_at")),
            url=_text(value.get("url", "")),
            guid=_text(value.get("guid", "")),
            summary=_text(value.get("summary", "")),
            topics=_texts(value.get("topics", ())),
            image=_image(image) if image else None,
            author=_text(value.get("author", "")),
            ai_generated=_flag(value.get("ai_generated")),
            edited_summary=_text(value.get("edited_summary", "")),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as wrong:
        raise BadArticle(f"this is not an article as `digest articles read --json` writes it: {wrong!r}") from None


def _image(value: Mapping[str, Any]) -> Image:
    width, height = value["width"], value["height"]
    if not isinstance(width, int) or not isinstance(height, int):
        raise TypeError("the image's width and height must be whole numbers")
    return Image(_text(value["url"]), width, height, _text(value.get("alt", "")))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, not {type(value).__name__}")
    return value


def _texts(value: Sequence[object]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError("expected a list of texts")
    return tuple(_text(entry) for entry in value)


def _flag(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise TypeError("ai_generated must be true, false or null")
