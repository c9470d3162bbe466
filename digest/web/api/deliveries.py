"""The delivery log: who got what, when, and what the server said."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

from digest.errors import NotFound
from digest.model.api_token import Scope
from digest.model.delivery import DeliveryState, Outcome
from digest.pipeline.addresses import read_address
from digest.pipeline.installation import Installation
from digest.store.attempt_list import browse_attempts
from digest.store.browsing import browse_deliveries, one_delivery
from digest.store.editions import find_edition
from digest.store.engine import reading
from digest.store.log import LoggedAttempt, LoggedDelivery, attempts
from digest.store.subscribers import subscriber_ids
from digest.web.api.door import Door
from digest.web.api.shapes import Cursor, Id, Line, Page, cursor_of, next_of


class DeliveryOut(BaseModel):
    """One line of the log; `sent` means accepted by the next server.

    `part_of` is the delivery whose mail it is in, its own where others are in its mail.
    """

    id: int
    edition: str
    address: str
    state: str
    reason: str
    slot_at: datetime
    planned_at: datetime
    finished_at: datetime | None
    next_attempt_at: datetime | None
    attempts: int
    reply: str
    subject: str
    articles: list[str]
    part_of: int | None


class AttemptOut(BaseModel):
    """One SMTP try, with the server's own words."""

    delivery: int
    number: int
    outcome: str
    phase: str
    reply_code: int
    enhanced: str
    text: str
    server: str
    recipient: str
    started_at: datetime
    finished_at: datetime


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def list_deliveries(
        edition: Annotated[Line, Query(description='Its id, or like "daily/2026-11-23".')] = "",
        state: Annotated[DeliveryState | None, Query()] = None,
        address: Annotated[Line, Query(description="Of the reader, as it is now.")] = "",
        after: Cursor | None = None,
    ) -> Page[DeliveryOut]:
        """Search the log, newest first."""
        which: dict[str, Any] = {"state": state or ""}
        with reading(house.engine) as connection:
            if edition:
                which["edition_id"] = find_edition(connection, edition).edition_id
            if address:
                key = read_address(address).key
                which["subscriber_id"] = subscriber_ids(connection, [key]).get(key)
                if which["subscriber_id"] is None:
                    raise NotFound(f"nobody has the address {address}")
            found = browse_deliveries(connection, **which, after=cursor_of(after))
        return Page(items=[_delivery(each) for each in found.rows], next=next_of(found.after))

    def get_delivery(number: Id) -> DeliveryOut:
        """Return one line of the log."""
        with reading(house.engine) as connection:
            found = one_delivery(connection, number)
        if found is None:
            raise NotFound(f"there is no delivery {number}")
        return _delivery(found)

    def attempts_of_delivery(number: Id) -> Page[AttemptOut]:
        """Return the tries of one delivery, first to last."""
        with reading(house.engine) as connection:
            return Page(items=[_attempt(each) for each in attempts(connection, number)])

    def list_attempts(
        outcome: Annotated[Outcome | None, Query()] = None,
        server: Annotated[Line, Query(description="Which server, as the log names it.")] = "",
        after: Cursor | None = None,
    ) -> Page[AttemptOut]:
        """Search all tries, newest first."""
        with reading(house.engine) as connection:
            found = browse_attempts(connection, outcome=outcome or "", server=server, after=cursor_of(after))
        return Page(items=[_attempt(each) for each in found.rows], next=next_of(found.after))

    door.add("GET", "/deliveries", Scope.DELIVERIES_READ, list_deliveries)
    door.add("GET", "/deliveries/{number}", Scope.DELIVERIES_READ, get_delivery)
    door.add("GET", "/deliveries/{number}/attempts", Scope.DELIVERIES_READ, attempts_of_delivery)
    door.add("GET", "/attempts", Scope.DELIVERIES_READ, list_attempts)


def _delivery(line: LoggedDelivery) -> DeliveryOut:
    told = {name: getattr(line, name) for name in DeliveryOut.model_fields if name not in ("id", "articles")}
    return DeliveryOut(id=line.delivery_id, articles=list(line.items), **told)


def _attempt(each: LoggedAttempt) -> AttemptOut:
    told = {name: getattr(each, name) for name in AttemptOut.model_fields if name not in ("delivery", "number")}
    return AttemptOut(delivery=each.delivery_id, number=each.attempt_no, **told)
