"""Suppressions: which addresses must not be mailed. Nothing here lifts one; only its reader's confirmation does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path, Request
from pydantic import BaseModel

from digest.errors import NotFound
from digest.model.api_token import Scope
from digest.pipeline.installation import Installation
from digest.pipeline.staff.suppress_address import reason_of, suppress_address
from digest.store.engine import reading
from digest.store.suppression_list import browse_suppressions
from digest.web.api.door import Door
from digest.web.api.shapes import Cursor, Line, Page, cursor_of, next_of
from digest.web.api.who import source_of

Address = Annotated[Line, Path(description="An e-mail address.")]


class SuppressionOut(BaseModel):
    """A suppression; of the address a hash with our key is kept."""

    address_hash: str
    reason: str
    at: datetime


class Suppressed(BaseModel):
    """Why an address must not be mailed."""

    reason: str


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def list_suppressions(after: Cursor | None = None) -> Page[SuppressionOut]:
        """List the suppressions, the latest first."""
        with reading(house.engine) as connection:
            found = browse_suppressions(connection, after=cursor_of(after))
        items = [SuppressionOut(address_hash=each.address_hash, reason=each.reason, at=each.at) for each in found.rows]
        return Page(items=items, next=next_of(found.after))

    def get_suppression(address: Address) -> Suppressed:
        """Say why an address must not be mailed; 404 when it may."""
        reason = reason_of(house, address)
        if not reason:
            raise NotFound("this address is not suppressed")
        return Suppressed(reason=reason)

    def put_suppression(address: Address, request: Request) -> Suppressed:
        """Let an address never be mailed again; all its subscriptions end."""
        who = source_of(request)
        if not reason_of(house, address):
            suppress_address(house, who, address, "asked for by the API")
        return Suppressed(reason=reason_of(house, address))

    door.add("GET", "/suppressions", Scope.SUPPRESSIONS_READ, list_suppressions)
    door.add("GET", "/suppressions/{address}", Scope.SUPPRESSIONS_READ, get_suppression)
    door.add("PUT", "/suppressions/{address}", Scope.SUPPRESSIONS_WRITE, put_suppression, records=True)
