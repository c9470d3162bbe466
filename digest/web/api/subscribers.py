"""Subscribers and their subscriptions: every change goes by the gates that files and pages go by."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, Field, StringConstraints

from digest.errors import BadInput
from digest.model.api_token import Scope
from digest.model.subscriber import SubscriptionState
from digest.pipeline.installation import Installation
from digest.pipeline.reading.sign_up import ask_to_join, offer_of, read_wish
from digest.pipeline.subscribers.erase_subscriber import erase_subscriber
from digest.pipeline.subscribers.put_subscriber import put_subscriber
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from digest.store.browsing import ListedSubscriber, browse_subscribers
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter
from digest.store.subscription_list import browse_readers
from digest.web.api.agreement import Hour, Interests, PutOut, Word, interest_columns, put_out_of
from digest.web.api.door import Door
from digest.web.api.shapes import Cursor, Given, Line, Moment, Page, Slug, Who, cursor_of, next_of
from digest.web.api.who import address_of_who, source_of


class SubscriberOut(BaseModel):
    """A subscriber in a list."""

    id: int
    address: str
    name: str
    timezone: str
    locale: str
    joined_at: datetime


class ConsentIn(Given):
    """Where and when the reader agreed."""

    source: Annotated[Line, StringConstraints(min_length=1, max_length=200)]
    at: Moment | None = None


class SubscriptionIn(Given):
    """A reader for one newsletter; what is left out stays as it is, or is the newsletter's own."""

    newsletter: Slug
    consent: ConsentIn
    name: Annotated[Line | None, StringConstraints(max_length=200)] = None
    locale: Line | None = None
    timezone: Line | None = None
    interests: Interests | None = None
    send_at: Hour | None = None
    frequency: Line | None = None
    overwrite: Annotated[bool, Field(description="Also what the reader chose by their own hand.")] = False


class SignUp(Given):
    """A wish to join; the reader confirms it from the letter that comes (double opt-in)."""

    address: Line
    topics: Annotated[tuple[Slug, ...], Field(max_length=200)] = ()
    keywords: Annotated[tuple[Word, ...], Field(max_length=100)] = ()
    send_at: Hour | None = None
    timezone: Line = "UTC"
    locale: Line | None = None
    wording: Annotated[Line, Field(description="The sentence beside the button that the reader pressed.")]


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def list_subscribers(
        beginning: Annotated[Line, Query(description="Of the address.")] = "",
        newsletter: Annotated[Slug | None, Query(description="Its readers; needed for the two below.")] = None,
        state: Annotated[SubscriptionState | None, Query()] = None,
        domain: Annotated[Line, Query()] = "",
        after: Cursor | None = None,
    ) -> Page[SubscriberOut]:
        """List or filter subscribers."""
        if newsletter is None and (state or domain):
            raise BadInput("state and domain are of the readers of one newsletter; name it")
        if newsletter is not None and beginning:
            raise BadInput("filter by the beginning of an address, or by newsletter, not by both")
        with reading(house.engine) as connection:
            if newsletter is None:
                found = browse_subscribers(connection, beginning=beginning.casefold(), after=cursor_of(after)[:1])
            else:
                number, _ = load_newsletter(connection, newsletter)
                which = {"state": state or "", "domain": domain}
                found = browse_readers(connection, number, **which, after=cursor_of(after))
        return Page(items=[_listed(each) for each in found.rows], next=next_of(found.after))

    def get_subscriber(who: Who) -> dict[str, Any]:
        """Return all that is stored about one subscriber, as the reader's own "my data" has it."""
        return subscriber_as_json(house.engine, address_of_who(house, who))

    def put_one(who: Who, said: SubscriptionIn) -> PutOut:
        """Bring a reader who agreed into a newsletter, or change what they have there."""
        address = address_of_who(house, who)
        done = put_subscriber(house, said.newsletter, _columns(address, said), overwrite=said.overwrite)
        return put_out_of(house, address, said.newsletter, done)

    def erase_one(who: Who) -> None:
        """Erase a subscriber for good (GDPR Art. 17), and never mail the address again."""
        erase_subscriber(
            house.engine,
            address_of_who(house, who),
            secret=house.secret,
            previous_secret=house.previous_secret,
            now=house.clock.now(),
        )

    def sign_up(slug: Slug, said: SignUp, request: Request) -> dict[str, str]:
        """Ask an address whether it wants a newsletter; the answer is the same whoever has it."""
        offer = offer_of(house, slug)
        wish = read_wish(
            offer,
            topics=list(said.topics),
            keywords=", ".join(said.keywords),
            send_at=said.send_at or "",
            days=[],
            zone=said.timezone,
            locale=said.locale or offer.newsletter.locale,
            source=source_of(request, ""),
            wording=said.wording,
        )
        ask_to_join(house, slug, said.address, wish, network=request.client.host if request.client else "")
        return {"status": "asked"}

    one, reads, writes = "/subscribers/{who}", Scope.SUBSCRIBERS_READ, Scope.SUBSCRIBERS_WRITE
    door.add("GET", "/subscribers", reads, list_subscribers)
    door.add("GET", one, reads, get_subscriber)
    door.add("PUT", one, writes, put_one, name="put_subscriber")
    door.add("DELETE", one, writes, erase_one, status=204, name="erase_subscriber")
    door.add("POST", "/newsletters/{slug}/sign-ups", writes, sign_up, status=202)


def _columns(address: str, said: SubscriptionIn) -> dict[str, str]:
    consent_at = said.consent.at.isoformat() if said.consent.at else None
    given = {
        "name": said.name,
        "locale": said.locale,
        "timezone": said.timezone,
        "send_at": said.send_at,
        "frequency": said.frequency,
        "consent_source": said.consent.source,
        "consent_at": consent_at,
    }
    columns = {name: value for name, value in given.items() if value is not None}
    interests = interest_columns(said.interests) if said.interests is not None else {}
    return {"email": address, **columns, **interests}


def _listed(each: ListedSubscriber) -> SubscriberOut:
    return SubscriberOut(
        id=each.subscriber_id,
        address=each.address,
        name=each.name,
        timezone=each.zone,
        locale=each.locale,
        joined_at=each.joined_at,
    )
