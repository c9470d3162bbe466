"""Webhooks of sending services: no token of ours, but the service's own signature."""

from __future__ import annotations

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from digest.log import get_logger
from digest.pipeline.hearing.hear_provider import Forged, Hooks, Provider, hear_provider
from digest.pipeline.installation import Installation
from digest.web.api.door import Door
from digest.web.api.problems import Refused

PATH = "/hooks/{provider}"


class HeardOut(BaseModel):
    """How many events were read, and how many of them were known."""

    events: int
    known: int


def add_to(door: Door, house: Installation, hooks: Hooks) -> None:
    """Add the address."""

    async def hear(provider: Provider, request: Request) -> HeardOut:
        """Hear bounces, complaints and wishes to leave from a sending service; forged ones change nothing."""
        body, headers = await request.body(), {name.lower(): value for name, value in request.headers.items()}
        try:
            heard = await run_in_threadpool(hear_provider, house, hooks, provider, body, headers)
        except Forged as why:
            get_logger().warning("webhook_refused", provider=provider.value, why=str(why))
            raise Refused(403, "signature", str(why)) from None
        return HeardOut(events=heard.mails, known=heard.known)

    door.add_signed("POST", PATH, hear, name="hear_provider")
