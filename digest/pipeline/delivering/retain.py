"""Retain: the log is kept for as long as the settings say (GDPR Art. 5(1)(e)), and no longer.

What goes is who was sent what, when, and what servers said of it. Histories stay, so nobody is told anything twice;
so do consents, which prove that mail was wanted, and suppressions, which keep it from those who did not want it.
"""

from __future__ import annotations

from digest.log import get_logger
from digest.pipeline.installation import Installation
from digest.store.engine import reading
from digest.store.erasure import overwrite_deleted
from digest.store.retention import delete_deliveries, old_deliveries

_AT_ONCE = 500  # deliveries that are looked at, and deleted in a transaction; others write in between
_MOST_ROUNDS = 20  # of one sweep; the next one goes on


def drop_old(house: Installation) -> int:
    """Delete what is older than the log is kept for, ten thousand deliveries at most; return how many went."""
    if house.keep_log is None:
        return 0
    before, dropped, after = house.clock.now() - house.keep_log, 0, 0
    for _ in range(_MOST_ROUNDS):
        with reading(house.engine) as connection:
            ids, after = old_deliveries(connection, before, after=after, most=_AT_ONCE)
        if ids:
            with house.engine.begin() as connection:
                overwrite_deleted(connection)
                delete_deliveries(connection, ids)
            dropped += len(ids)
        if not after:
            break
    if dropped:
        get_logger().info("log_shortened", deliveries=dropped, before=before.isoformat())
    return dropped
