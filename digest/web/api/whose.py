"""Which newsletter a request is about: what a token that is for some newsletters alone is held against."""

from __future__ import annotations

from fastapi import Request

from digest.errors import NotFound
from digest.pipeline.installation import Installation
from digest.store.alerts import newsletter_of_alert
from digest.store.editions import find_edition, newsletter_of_delivery
from digest.store.engine import reading

_LONGEST_ID = 18  # digits


def newsletter_of(house: Installation, path: str, request: Request) -> str:
    """Return the newsletter that a request at *path* (as it is registered) is about, "" for none or no such thing."""
    named = request.path_params
    if "{slug}" in path or "{newsletter}" in path:
        return str(named.get("slug") or named.get("newsletter"))
    if path == "/imports":
        return request.query_params.get("newsletter", "")
    number = str(named.get("number", ""))
    if not (number.isascii() and number.isdigit() and len(number) <= _LONGEST_ID):
        return ""
    with reading(house.engine) as connection:
        if path.startswith("/alerts/"):
            return newsletter_of_alert(connection, int(number))
        if path.startswith("/deliveries/"):
            return newsletter_of_delivery(connection, int(number))
        if path.startswith("/editions/"):
            try:
                return find_edition(connection, number).newsletter
            except NotFound:
                return ""
    return ""
