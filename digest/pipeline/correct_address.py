"""Correct the address of a subscriber: the same reader, another mailbox."""

from __future__ import annotations

from sqlalchemy import Engine, update
from sqlalchemy.exc import IntegrityError

from digest.errors import BadInput
from digest.pipeline.addresses import read_address
from digest.pipeline.suppression import suppressed_keys
from digest.store.subscribers import find_subscriber
from digest.store.tables import subscribers


def correct_address(engine: Engine, old: str, new: str, *, secret: str, previous_secret: str = "") -> str:
    """Give the subscriber *old* the address *new* and return it, normalised.

    Past deliveries keep the address they were sent to. Raises NotFound for an unknown *old*, BadInput when *new*
    is no address, is suppressed, or belongs to another subscriber.
    """
    mailbox = read_address(new)
    with engine.begin() as connection:
        found = find_subscriber(connection, read_address(old).key)
        if suppressed_keys(connection, [mailbox.key], [secret, *filter(None, [previous_secret])]):
            raise BadInput(f"{new} must not be mailed (suppressed); only a fresh confirmation lifts that")
        try:
            connection.execute(
                update(subscribers)
                .where(subscribers.c.id == found.id)
                .values(address=mailbox.address, address_key=mailbox.key)
            )
        except IntegrityError:
            raise BadInput(f"{new} belongs to another subscriber; erase one of the two first") from None
    return mailbox.address
