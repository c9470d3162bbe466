"""Leave: the one place where a subscription ends, whichever way the wish came; the consent log says which.

A token says who and what for; nothing else is asked. Leaving twice is the same as once.
"""

from __future__ import annotations

from sqlalchemy import Connection

from digest.model.subscriber import EndedReason, SuppressionReason
from digest.pipeline.addresses import address_hash, read_address
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.suppression import suppressed_keys
from digest.store import subscriptions
from digest.store.erasure import suppress
from digest.tokens import Purpose

BY_THE_READER = (EndedReason.ONE_CLICK, EndedReason.PAGE, EndedReason.MAIL)


def leave(house: Installation, token: str, reason: EndedReason, *, source: str) -> bool:
    """End the subscription of *token*; False when the token is not ours. Twice is fine."""
    number = house.tokens.read(Purpose.LEAVE, token)
    if number is None:
        return False
    with house.engine.begin() as connection:
        if subscriptions.find_agreement(connection, number) is None:
            return False
        end_subscription(house, connection, number, reason, source=source)
    return True


def end_subscription(
    house: Installation, connection: Connection, subscription_id: int, reason: EndedReason, *, source: str
) -> bool:
    """End one subscription and write down how; False when there is none, or it had ended before."""
    agreement = subscriptions.find_agreement(connection, subscription_id)
    return agreement is not None and subscriptions.end(connection, agreement, reason, source, house.clock.now())


def leave_one(house: Installation, subscription_id: int, reason: EndedReason, *, source: str) -> None:
    """End one subscription."""
    with house.engine.begin() as connection:
        end_subscription(house, connection, subscription_id, reason, source=source)


def leave_all(house: Installation, reader: int, reason: EndedReason, *, source: str) -> None:
    """End every subscription of *reader*."""
    with house.engine.begin() as connection:
        _end_all(house, connection, reader, reason, source)


def put_out(
    house: Installation, connection: Connection, reader: int, address: str, why: SuppressionReason, *, source: str
) -> bool:
    """Suppress *address*, which is *reader*'s, and end all they had; False when it was suppressed as firmly before."""
    key = read_address(address).key
    known = suppressed_keys(connection, [key], house.secrets).get(key)
    if known is not None and not (known == SuppressionReason.BOUNCED and why is SuppressionReason.COMPLAINED):
        return False
    suppress(connection, address_hash(house.secret, key), why, house.clock.now())
    _end_all(house, connection, reader, EndedReason.SUPPRESSED, source)
    return True


def _end_all(house: Installation, connection: Connection, reader: int, reason: EndedReason, source: str) -> None:
    for agreement in subscriptions.agreements_of(connection, reader):
        subscriptions.end(connection, agreement, reason, source, house.clock.now())
