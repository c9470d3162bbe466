"""How often a program may ask: a bucket for each token, and a small one for each network that has none."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import datetime

_REMEMBERED = 10_000  # buckets; above that all are forgotten rather than memory filled


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second, and so many at once after a pause."""

    a_second: float
    at_once: int


class Buckets:
    """What each key has left, in one process."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._left: dict[str, tuple[float, datetime]] = {}
        self._lock = threading.Lock()

    def take(self, key: str, now: datetime) -> int:
        """Take one of *key*'s turns and return 0; or take none and return after how many whole seconds to come again.

        A clock that is set back gives nothing.
        """
        with self._lock:
            left = self._now(key, now)
            if left < 1:
                return max(1, math.ceil((1 - left) / self._rate.a_second))
            if len(self._left) > _REMEMBERED:
                self._left.clear()
            self._left[key] = (left - 1, now)
            return 0

    def is_empty(self, key: str, now: datetime) -> bool:
        """Whether *key* has no turn now."""
        with self._lock:
            return self._now(key, now) < 1

    def _now(self, key: str, now: datetime) -> float:
        left, then = self._left.get(key, (float(self._rate.at_once), now))
        return min(self._rate.at_once, left + max(0.0, (now - then).total_seconds()) * self._rate.a_second)
