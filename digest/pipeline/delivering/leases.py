"""Leases: on PostgreSQL a worker shows that it lives by renewing what it claimed; whoever does not has lost it.

On SQLite there is one sender, which holds a lock: nothing lapses, and nothing is renewed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from digest.pipeline.installation import Installation
from digest.store import dispatching

LEASE = timedelta(seconds=60)
_RENEW = 15.0  # seconds between two renewals
_FENCE = 40.0  # seconds without one after which no message is completed: another worker may soon take it


class Leases:
    """What *worker* holds; *seconds* is a clock that never goes back."""

    def __init__(self, house: Installation, worker: str, seconds: Callable[[], float]) -> None:
        self._house = house
        self._worker = worker
        self._seconds = seconds
        self._shared = house.shares_rows
        self._renewed_at = seconds()
        self._lost: frozenset[int] = frozenset()

    @property
    def hold(self) -> bool:
        """Whether what was claimed is surely still ours."""
        return not self._shared or self._seconds() - self._renewed_at < _FENCE

    def lost(self, claimed: Collection[int]) -> frozenset[int]:
        """Renew when it is time; return the rows that somebody else has taken, until they are claimed again."""
        if not self._shared or self._seconds() - self._renewed_at < _RENEW:
            return self._lost
        renewing_at = self._seconds()
        with self._house.engine.begin() as connection:
            held = dispatching.renew(connection, self._worker, self._house.clock.now() + LEASE)
        self._renewed_at = renewing_at
        self._lost |= frozenset(claimed) - held
        return self._lost

    def regain(self, claimed: Collection[int]) -> None:
        """Note that these rows are ours again."""
        self._lost -= frozenset(claimed)
