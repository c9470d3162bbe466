"""What editors may change of an article that was collected: a summary, topics, the disclaimer, related links."""

from __future__ import annotations

from dataclasses import dataclass, replace

from digest.model.article import Article, RelatedLink


@dataclass(frozen=True, slots=True)
class Edit:
    """The fields as they are to be. `summary` "" is the one that the source gives; a topic "-trade" is none of it."""

    summary: str = ""
    topics: tuple[str, ...] = ()
    disclaimer: str = ""
    related: tuple[RelatedLink, ...] = ()


FIELDS = ("summary", "topics", "disclaimer", "related")  #: of an edit


def edit_of(article: Article) -> Edit:
    """Return the fields as *article* has them."""
    return Edit(article.edited_summary, article.topics, article.disclaimer, article.related)


def edited(article: Article, edit: Edit) -> Article:
    """Return *article* with the fields of *edit*."""
    return replace(
        article,
        edited_summary=edit.summary,
        topics=edit.topics,
        disclaimer=edit.disclaimer,
        related=edit.related,
    )


def changed_fields(before: Edit, after: Edit) -> tuple[str, ...]:
    """Return the names of the fields that differ."""
    return tuple(name for name in FIELDS if getattr(before, name) != getattr(after, name))
