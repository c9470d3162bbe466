"""Newsletters, topics, and what a reader would be sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from digest.errors import NotFound
from digest.model.api_token import Scope
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.preview import preview, preview_sample
from digest.store.engine import reading
from digest.store.guarding import paused_newsletters
from digest.store.newsletters import load_newsletter, load_newsletters, load_topics
from digest.store.specs import newsletter_as_json, topic_as_json
from digest.store.subscriptions import count_active
from digest.web.api.door import Door
from digest.web.api.shapes import Line, Moment, Page, Slug
from digest.web.api.who import address_of_who

# A mail may bring styles and https pictures, and is kept away from everything else of ours.
_MAIL_POLICY = "default-src 'none'; img-src https:; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


class NewsletterOut(BaseModel):
    """A newsletter; `settings` are what its file says."""

    slug: str
    active: int
    paused_because: str
    settings: dict[str, Any]


class TopicOut(BaseModel):
    """A topic of the vocabulary; `settings` are what its file says."""

    slug: str
    settings: dict[str, Any]


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def list_newsletters() -> Page[NewsletterOut]:
        """List the newsletters."""
        return Page(items=_all(house))

    def get_newsletter(slug: Slug) -> NewsletterOut:
        """Return one newsletter."""
        found = next((each for each in _all(house) if each.slug == slug), None)
        if found is None:
            raise NotFound(f"there is no newsletter {slug!r}")
        return found

    def list_topics() -> Page[TopicOut]:
        """List the topics."""
        with reading(house.engine) as connection:
            found = load_topics(connection)
        return Page(items=[TopicOut(slug=slug, settings=topic_as_json(each)) for slug, each in found.items()])

    def show_preview(
        slug: Slug,
        subscriber: Annotated[Line, Query(description="Address or id; without one a made-up reader.")] = "",
        at: Annotated[Moment | None, Query(description="As if it were then (default: now).")] = None,
        format: Annotated[Literal["json", "html", "text", "eml"], Query()] = "json",  # noqa: A002  # the API's word
    ) -> Response:
        """Return what a reader would be sent, and why; nothing is written."""
        when = at or house.clock.now()
        with reading(house.engine) as connection:
            load_newsletter(connection, slug)
        if subscriber:
            found = preview(house, slug, address_of_who(house, subscriber, slug), at=when)
        else:
            found = preview_sample(house, slug, at=when)
        match format:
            case "html":
                return Response(found.html, media_type="text/html", headers={"Content-Security-Policy": _MAIL_POLICY})
            case "text":
                return Response(found.text, media_type="text/plain")
            case "eml":
                return Response(found.raw, media_type="message/rfc822")
        return JSONResponse(found.as_json())

    door.add("GET", "/newsletters", Scope.NEWSLETTERS_READ, list_newsletters)
    door.add("GET", "/newsletters/{slug}", Scope.NEWSLETTERS_READ, get_newsletter)
    door.add("GET", "/topics", Scope.NEWSLETTERS_READ, list_topics)
    kinds = ("application/json", "text/html", "text/plain", "message/rfc822")
    door.add(
        "GET",
        "/newsletters/{slug}/preview",
        Scope.PREVIEWS_READ,
        show_preview,
        response_class=Response,
        responses={200: {"content": {kind: {} for kind in kinds}}},
    )


def _all(house: Installation) -> list[NewsletterOut]:
    with reading(house.engine) as connection:
        found, active = load_newsletters(connection), count_active(connection)
        paused = paused_newsletters(connection)
    return [
        NewsletterOut(
            slug=slug,
            active=active.get(slug, 0),
            paused_because=paused.get(slug, ""),
            settings=newsletter_as_json(each),
        )
        for slug, each in found.items()
    ]
