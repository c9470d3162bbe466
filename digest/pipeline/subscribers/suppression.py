"""What is known of an address by its hash, under whichever key that was made: suppressed, or corrected since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Table, delete

from digest.pipeline.addresses import address_hash
from digest.store.erasure import rehash
from digest.store.former_addresses import former_owners
from digest.store.subscribers import suppressed_hashes
from digest.store.tables import former_addresses, suppressions

V = TypeVar("V")


def suppressed_keys(conn: Connection, keys: Iterable[str], secrets: Sequence[str]) -> dict[str, str]:
    """Return the reason of each address key that is suppressed under any of *secrets*, the current one first."""
    return _found(conn, keys, secrets, suppressions, suppressed_hashes)


def lift(conn: Connection, key: str, secrets: Sequence[str]) -> bool:
    """Let *key* be mailed again, because whoever reads there has just confirmed it; False when it was not suppressed.

    Nothing else lifts a suppression: no import, no correction, no page (the undo of a change takes back what it
    added). That it was somebody's former address is forgotten too.
    """
    hashes = [address_hash(secret, key) for secret in secrets]
    conn.execute(delete(former_addresses).where(former_addresses.c.address_hash.in_(hashes)))
    return conn.execute(delete(suppressions).where(suppressions.c.address_hash.in_(hashes))).rowcount > 0


def former_keys(conn: Connection, keys: Iterable[str], secrets: Sequence[str]) -> dict[str, int]:
    """Return the subscriber id of each address key that was corrected to another, under any of *secrets*."""
    return _found(conn, keys, secrets, former_addresses, former_owners)


def _found(
    conn: Connection,
    keys: Iterable[str],
    secrets: Sequence[str],
    table: Table,
    look_up: Callable[[Connection, Iterable[str]], dict[str, V]],
) -> dict[str, V]:
    """Return what *table* has of each key.

    A hash of an earlier secret cannot be turned into one of the current without the address, so each that is
    met here is hashed anew: what was looked up once outlives the earlier secret.
    """
    current, *earlier = secrets
    now_hashed = {key: address_hash(current, key) for key in keys}
    once_hashed = {address_hash(secret, key): key for secret in earlier for key in now_hashed}
    found = look_up(conn, [*now_hashed.values(), *once_hashed])
    known = {once_hashed[hashed]: value for hashed, value in found.items() if hashed in once_hashed}
    rehash(conn, table, {hashed: now_hashed[key] for hashed, key in once_hashed.items() if hashed in found})
    # What was noted under the current secret is the later word.
    return known | {key: found[hashed] for key, hashed in now_hashed.items() if hashed in found}
