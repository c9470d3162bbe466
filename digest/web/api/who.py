"""Whom an address of the API is about, and who asks."""

from __future__ import annotations

from fastapi import Request

from digest.errors import NotFound
from digest.pipeline.installation import Installation
from digest.store.browsing import address_of
from digest.store.engine import reading


def address_of_who(house: Installation, who: str) -> str:
    """Return the address that *who* is, or that the subscriber of this id has; raises NotFound for no such id."""
    if not (who.isascii() and who.isdigit()):
        return who
    with reading(house.engine) as connection:
        address = address_of(connection, int(who)) if len(who) < 19 else ""
    if not address:
        raise NotFound(f"there is no subscriber {who[:40]}, or their data was erased")
    return address


def source_of(request: Request, said: str = "") -> str:
    """Return what the logs say of who asks, and of what they said."""
    return f"API, {request.state.token.name}{': ' + said if said else ''}"
