"""Lifting a suppression, which only a fresh confirmation by the owner of the address does."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete

from digest.store.tables import former_addresses, suppressions


def lift(connection: Connection, address_hashes: Collection[str]) -> None:
    """Let the addresses with these hashes be written to again."""
    for table in (suppressions, former_addresses):
        connection.execute(delete(table).where(table.c.address_hash.in_(address_hashes)))
