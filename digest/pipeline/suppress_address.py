"""Suppress an address because a person said so; whoever has it leaves everything."""

from __future__ import annotations

from digest.model.subscriber import SuppressionReason
from digest.pipeline.addresses import address_hash, read_address
from digest.pipeline.installation import Installation
from digest.pipeline.leave import put_out
from digest.pipeline.suppression import suppressed_keys
from digest.store.erasure import suppress
from digest.store.subscribers import subscriber_ids


def suppress_address(house: Installation, address: str, *, source: str) -> bool:
    """Let *address* never be mailed again, and end all its reader had; False when it was suppressed before.

    *source* stands in the consent log. Raises BadInput when *address* is none.
    """
    mailbox = read_address(address)
    with house.engine.begin() as connection:
        readers = subscriber_ids(connection, [mailbox.key])
        if mailbox.key in readers:
            reader = readers[mailbox.key]
            return put_out(house, connection, reader, mailbox.address, SuppressionReason.ADMIN, source=source)
        if mailbox.key in suppressed_keys(connection, [mailbox.key], house.secrets):
            return False
        suppress(connection, address_hash(house.secret, mailbox.key), SuppressionReason.ADMIN, house.clock.now())
    return True


def suppression_of(house: Installation, address: str) -> str:
    """Return why *address* must not be mailed, "" when it may; raises BadInput when it is none."""
    key = read_address(address).key
    with house.engine.begin() as connection:  # a hash of an earlier secret is made anew
        return suppressed_keys(connection, [key], house.secrets).get(key, "")
