"""Addresses that were corrected, as hashes: whose they were, so that an old file does not bring them back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from digest.store.get_or_create import values_by
from digest.store.tables import former_addresses


def note_former(conn: Connection, address_hash: str, subscriber_id: int, now: datetime) -> None:
    """Remember that the address with this hash was the reader's; it must not be noted yet."""
    values = {"address_hash": address_hash, "subscriber_id": subscriber_id, "at": now}
    conn.execute(former_addresses.insert().values(values))


def drop_former(conn: Connection, hashes: Collection[str]) -> None:
    """Forget these hashes: somebody has the address again."""
    conn.execute(delete(former_addresses).where(former_addresses.c.address_hash.in_(hashes)))


def former_owners(conn: Connection, hashes: Iterable[str]) -> dict[str, int]:
    """Return the subscriber id behind each hash that is noted."""
    return values_by(conn, former_addresses.c.address_hash, former_addresses.c.subscriber_id, hashes)


def former_of(conn: Connection, subscriber_id: int) -> list[Row[Any]]:
    """Return hash and time of each correction of a reader's address, oldest first."""
    return list(
        conn.execute(
            select(former_addresses.c.address_hash, former_addresses.c.at)
            .where(former_addresses.c.subscriber_id == subscriber_id)
            .order_by(former_addresses.c.at)
        )
    )
