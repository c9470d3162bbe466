"""A circuit breaker: a relay that fails again and again is left alone, then asked with one message (pure).

closed → open after `failures` in a row → half open once the wait is over, for one probe → closed, or open for twice as
long. Times are seconds of a clock that never goes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Circuit(StrEnum):
    """Whether a relay is used."""

    CLOSED = "closed"  #: it is
    OPEN = "open"  #: it is left alone
    HALF_OPEN = "half open"  #: one message shows whether it is well again


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row; `first` and `longest` are seconds to leave a relay alone, doubling."""

    failures: int = 5
    first: float = 5.0
    longest: float = 300.0
    circuit: Circuit = Circuit.CLOSED
    count: int = 0
    retry_at: float = 0.0
    _wait: float = 0.0

    @property
    def is_closed(self) -> bool:
        """True while the relay is used as usual."""
        return self.circuit is Circuit.CLOSED

    def seconds_left(self, now: float) -> float:
        """Return for how long the relay is still to be left alone."""
        return max(0.0, self.retry_at - now) if self.circuit is Circuit.OPEN else 0.0

    def may_try(self, now: float) -> bool:
        """Say whether the relay may be used; when it is left alone and the wait is over, one asker may."""
        if self.circuit is Circuit.OPEN and now >= self.retry_at:
            self.circuit = Circuit.HALF_OPEN
            return True
        return self.circuit is Circuit.CLOSED

    @property
    def is_failing(self) -> bool:
        """True when the relay is left alone, or would be if there were another."""
        return not self.is_closed or self.count >= self.failures

    def note(self) -> None:
        """Count a failure of the only relay, which is not left alone for it."""
        self.count += 1

    def failed(self, now: float) -> bool:
        """Count a failure; True when it opens the circuit."""
        self.count += 1
        if self.circuit is Circuit.OPEN or (self.circuit is Circuit.CLOSED and self.count < self.failures):
            return False
        self.trip(now)
        return True

    def trip(self, now: float) -> None:
        """Open the circuit, for twice as long as the last time."""
        if self.circuit is Circuit.OPEN:
            return
        self._wait = min(self.longest, self._wait * 2 or self.first)
        self.circuit, self.retry_at = Circuit.OPEN, now + self._wait
        self.count = max(self.count, 1)  # so that a count of none says that all is well

    def unasked(self) -> None:
        """Let another one probe: the one that might did not come to it."""
        if self.circuit is Circuit.HALF_OPEN:
            self.circuit = Circuit.OPEN

    def succeeded(self) -> None:
        """Close the circuit."""
        self.circuit, self.count, self._wait = Circuit.CLOSED, 0, 0.0
