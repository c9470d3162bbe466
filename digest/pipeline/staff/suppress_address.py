"""A person puts an address on the list of those that must not be mailed, or asks whether it is there."""

from __future__ import annotations

from digest.errors import BadInput, NotFound
from digest.model.subscriber import SuppressionReason
from digest.pipeline.addresses import address_hash, read_address
from digest.pipeline.installation import Installation
from digest.pipeline.reading.leave import put_out
from digest.pipeline.subscribers.suppression import suppressed_keys
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.erasure import suppress
from digest.store.subscribers import find_subscriber, suppressed_hashes

_LONGEST = 300


def reason_of(house: Installation, address: str) -> str:
    """Return why *address* must not be mailed, "" when it may; raises BadInput."""
    key = read_address(address).key
    hashes = [address_hash(secret, key) for secret in house.secrets]
    with reading(house.engine) as connection:
        found = suppressed_hashes(connection, hashes)
    return next((found[each] for each in hashes if each in found), "")


def suppress_address(house: Installation, who: str, address: str, why: str) -> None:
    """Suppress *address*, end what its reader had, and note *why* in the audit log; raises BadInput.

    Nothing here takes it back: whoever reads there must confirm afresh.
    """
    key = read_address(address).key
    if not why.strip() or len(why) > _LONGEST:
        raise BadInput(f"say why, in at most {_LONGEST} characters")
    now, hashed = house.clock.now(), address_hash(house.secret, key)
    with house.engine.begin() as connection:
        if key in suppressed_keys(connection, [key], house.secrets):
            raise BadInput("this address is suppressed already")
        try:
            found = find_subscriber(connection, key)
        except NotFound:
            suppress(connection, hashed, SuppressionReason.ADMIN, now)
            target = f"suppression {hashed[:12]}"
        else:
            put_out(house, connection, found.id, found.address, SuppressionReason.ADMIN, source=f"staff: {who}")
            target = f"subscriber {found.id}"
        record(connection, who, "suppress", target, now=now, after={"why": why.strip()})
