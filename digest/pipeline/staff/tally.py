"""Counting what happened, a batch at a time, for the dashboard; each row is counted once, also after a kill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from digest.delivery.groups import load_providers
from digest.pipeline.installation import Installation
from digest.store.lock import Alone, wait_for_others
from digest.store.reports import bookmark, move_bookmark
from digest.store.tables import from_micros
from digest.store.tallies import STREAMS, Key, Stream, add_counts, is_settled, next_of

EVERY = 10.0  # seconds
OTHER = "other"  #: every domain that no provider of our table serves
_AT_ONCE = 5_000  # rows in one transaction
# Where several write, a lower number may come to be seen after a higher one; no transaction of ours takes so long.
_SETTLED_AFTER = timedelta(minutes=2)


def tally(house: Installation, stop: Callable[[], bool] = lambda: False) -> int:
    """Count what has come since the last time, until *stop* says so, and return how many rows that were."""
    providers, counted = load_providers(), 0
    for stream in STREAMS:
        while not stop():
            read = _count_some(house, stream, providers)
            counted += read
            if read < _AT_ONCE:
                break
    return counted


def _count_some(house: Installation, stream: Stream, providers: dict[str, str]) -> int:
    name = f"tally:{stream.name}"
    cut_off = house.clock.now() - (_SETTLED_AFTER if house.shares_rows else timedelta(0))
    with house.engine.begin() as connection:
        wait_for_others(connection, Alone.TALLY)
        after = int(bookmark(connection, name) or 0)
        rows = next_of(connection, stream, after, _AT_ONCE)
        if house.shares_rows:
            # The first that is too young ends the batch; the rest waits.
            late = next((at for at, row in enumerate(rows) if not is_settled(row.at, cut_off)), len(rows))
            rows = rows[:late]
        if not rows:
            return 0
        add_counts(
            connection,
            Counter(
                Key(f"{from_micros(row.at):%Y-%m-%d}", row.newsletter_id, providers.get(row.domain, OTHER), row.event)
                for row in rows
                if row.event and row.newsletter_id
            ),
        )
        move_bookmark(connection, name, str(rows[-1].row_id))
    return len(rows)
