"""Whom an address of the API is about, and who asks."""

from __future__ import annotations

from fastapi import Request

from digest.errors import NotFound
from digest.pipeline.installation import Installation
from digest.pipeline.staff.hold_subscription import subscriptions_of
from digest.store.browsing import address_of
from digest.store.engine import reading


def address_of_who(house: Installation, who: str, newsletter: str = "") -> str:
    """Return the address that *who* is, or that the subscriber of this id has; raises NotFound for no such id.

    With *newsletter* also for an id that does not subscribe to it: a token for one newsletter learns of no others.
    """
    if not (who.isascii() and who.isdigit()):
        return who
    with reading(house.engine) as connection:
        address = address_of(connection, int(who)) if len(who) < 19 else ""
    if not address:
        raise NotFound(f"there is no subscriber {who[:40]}, or their data was erased")
    if newsletter and all(each.newsletter != newsletter for each in subscriptions_of(house, address)):
        raise NotFound(f"subscriber {who[:40]} does not subscribe to {newsletter!r}")
    return address


def source_of(request: Request, said: str = "") -> str:
    """Return what the logs say of who asks, and of what they said."""
    return f"API, {request.state.token.name}{': ' + said if said else ''}"
