"""Pause, resume and end one reader's subscription on an operator's word; never what the reader alone may do."""

from __future__ import annotations

from datetime import datetime

from digest.errors import BadInput, NotFound
from digest.model.subscriber import EndedReason, SubscriptionState
from digest.pipeline.addresses import read_address
from digest.pipeline.installation import Installation
from digest.pipeline.reading import subscribe
from digest.pipeline.reading.leave import leave_one
from digest.pipeline.reading.subscribe import Choices
from digest.store import subscriptions
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters
from digest.store.subscribers import find_subscriber
from digest.store.subscriptions import Agreement


def subscriptions_of(house: Installation, address: str) -> list[Agreement]:
    """Return every subscription of *address*; raises BadInput when it is none, NotFound when nobody has it."""
    with reading(house.engine) as connection:
        return subscriptions.agreements_of(connection, find_subscriber(connection, read_address(address).key).id)


def subscription_of(house: Installation, address: str, newsletter: str) -> Agreement:
    """Return the subscription of *address* to *newsletter*; raises BadInput, NotFound."""
    for each in subscriptions_of(house, address):
        if each.newsletter == newsletter:
            return each
    raise NotFound(f"{address} does not subscribe to {newsletter!r}")


def pause_subscription(house: Installation, address: str, newsletter: str, until: datetime, *, source: str) -> None:
    """Send nothing of *newsletter* before *until*; raises NotFound, and BadInput for a past time or one who left."""
    subscribe.pause(house, _choices(house, address, newsletter), until, source=source)


def resume_subscription(house: Installation, address: str, newsletter: str, *, source: str) -> None:
    """End a pause. Raises NotFound, and BadInput for who left: coming back takes their own word."""
    choices = _choices(house, address, newsletter)
    if choices.agreement.state not in (SubscriptionState.PAUSED, SubscriptionState.ACTIVE):
        raise BadInput(f"{address} has left {newsletter}, or never confirmed; only they can begin again")
    subscribe.resume(house, choices, source=source)


def end_subscription(house: Installation, address: str, newsletter: str, *, source: str) -> None:
    """End one subscription for good; twice is fine. Raises NotFound."""
    agreement = subscription_of(house, address, newsletter)
    leave_one(house, agreement.subscription_id, EndedReason.ADMIN, source=source)


def _choices(house: Installation, address: str, newsletter: str) -> Choices:
    agreement = subscription_of(house, address, newsletter)
    with reading(house.engine) as connection:
        return Choices(agreement, load_newsletters(connection)[newsletter], ())
