"""Which addresses must not be mailed, under whichever key their hash was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from digest.pipeline.addresses import address_hash
from digest.store.erasure import rehash
from digest.store.subscribers import suppressed_hashes


def suppressed_keys(conn: Connection, keys: Iterable[str], secrets: Sequence[str]) -> dict[str, str]:
    """Return the reason of each address key that is suppressed under any of *secrets*, the current one first.

    A hash of an earlier secret cannot be turned into one of the current without the address, so each that is
    met here is hashed anew: what was looked up once outlives the earlier secret.
    """
    current, *earlier = secrets
    now_hashed = {key: address_hash(current, key) for key in keys}
    once_hashed = {address_hash(secret, key): key for secret in earlier for key in now_hashed}
    found = suppressed_hashes(conn, [*now_hashed.values(), *once_hashed])
    reasons = {once_hashed[hashed]: reason for hashed, reason in found.items() if hashed in once_hashed}
    rehash(conn, {hashed: now_hashed[key] for hashed, key in once_hashed.items() if hashed in found})
    # What was noted under the current secret is the later word.
    return reasons | {key: found[hashed] for key, hashed in now_hashed.items() if hashed in found}
