"""Correct the address of a subscriber: the same reader, another mailbox."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, update
from sqlalchemy.exc import IntegrityError

from digest.errors import BadInput
from digest.model.subscriber import EndedReason, SuppressionReason
from digest.pipeline.addresses import address_hash, read_address
from digest.pipeline.subscribers.suppression import former_keys, suppressed_keys
from digest.store.former_addresses import drop_former, note_former
from digest.store.log import keep_recipients
from digest.store.subscribers import domain_of, find_subscriber
from digest.store.subscriptions import agreements_of, restart
from digest.store.tables import subscribers


def correct_address(
    engine: Engine, old: str, new: str, *, secret: str, now: datetime, previous_secret: str = ""
) -> str:
    """Give the subscriber *old* the address *new* and return it, normalised.

    Attempts go on telling where they went. Of the old address a hash stays, so that no import brings it back. What
    ended because the old one was dead goes on: the agreement was never withdrawn. A complaint ends it for good.
    Raises NotFound for an unknown *old*, BadInput when *new* is no address, is suppressed, or belongs to another
    subscriber.
    """
    before, mailbox = read_address(old).key, read_address(new)
    secrets = (secret, previous_secret) if previous_secret else (secret,)
    with engine.begin() as connection:
        found = find_subscriber(connection, before)
        if suppressed_keys(connection, [mailbox.key], secrets):
            raise BadInput(f"{new} must not be mailed (suppressed); only a fresh confirmation lifts that")
        try:
            connection.execute(
                update(subscribers)
                .where(subscribers.c.id == found.id)
                .values(address=mailbox.address, address_key=mailbox.key, domain=domain_of(mailbox.key))
            )
        except IntegrityError:
            raise BadInput(f"{new} belongs to another subscriber; erase one of the two first") from None
        keep_recipients(connection, found.id)
        if suppressed_keys(connection, [before], secrets).get(before) == SuppressionReason.BOUNCED:
            for each in agreements_of(connection, found.id):
                if each.ended_reason == EndedReason.SUPPRESSED:
                    restart(connection, each, "address corrected", now)
        # The lookup also hashes anew what an earlier secret hashed.
        taken = [address_hash(secret, key) for key in former_keys(connection, [before, mailbox.key], secrets)]
        drop_former(connection, taken)
        if mailbox.key != before:
            note_former(connection, address_hash(secret, before), found.id, now.astimezone(UTC))
    return mailbox.address
