"""Erasing a subscriber (GDPR Art. 17): what stays is a keyed hash, so that the address is never mailed again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from digest.errors import NotFound
from digest.model.subscriber import SuppressionReason
from digest.pipeline.addresses import address_hash, read_address
from digest.pipeline.subscribers.suppression import suppressed_keys
from digest.store.erasure import clear_free_space, forget, overwrite_deleted, suppress
from digest.store.subscribers import find_subscriber


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did.

    `cleared` is False when another process kept the database file from being rewritten: the rows are clean,
    but free pages or the write-ahead log may hold old text until the erasure is run once more.
    """

    deliveries: int
    cleared: bool


def erase_subscriber(engine: Engine, address: str, *, secret: str, now: datetime, previous_secret: str = "") -> Erased:
    """Take everything that tells who *address* is out of the database, and suppress it for good.

    So is every address that was corrected to this one. Deliveries stay as rows without address and name, consents
    as newsletter, event and time; mail that was waiting is skipped. May be run again for the same address, which
    clears the file once more.

    Raises BadInput when *address* is none, NotFound when nobody has it.
    """
    scrubbed = erase_rows(engine, address, secret=secret, now=now, previous_secret=previous_secret)
    return Erased(scrubbed, clear_free_space(engine))


def erase_rows(engine: Engine, address: str, *, secret: str, now: datetime, previous_secret: str = "") -> int:
    """Take the person out of the rows and return how many deliveries that were; the file is still to be cleared."""
    key = read_address(address).key
    scrubbed = 0
    with engine.connect() as conn, conn.begin():
        overwrite_deleted(conn)
        suppressed = suppressed_keys(conn, [key], [secret, *filter(None, [previous_secret])])
        try:
            subscriber_id = find_subscriber(conn, key).id
        except NotFound:
            if suppressed.get(key) != SuppressionReason.ERASED:
                raise
        else:
            suppress(conn, address_hash(secret, key), SuppressionReason.ERASED, now.astimezone(UTC))
            scrubbed = forget(conn, subscriber_id, now.astimezone(UTC))
    return scrubbed
