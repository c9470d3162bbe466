"""Turns: claimed rows whose recipient group takes no more just now go back, and come again when it may."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from heapq import heappop, heappush

from digest.delivery.outcomes import is_too_fast
from digest.delivery.throttle import Throttle
from digest.log import get_logger
from digest.model.delivery import Attempt, Outcome
from digest.pipeline.delivering.warm_up import DayShares
from digest.pipeline.installation import Installation
from digest.store.dispatching import Claim, release

_WORTH_WAITING = 30.0  # seconds; a run ends rather than wait longer, and the next one finds the rows
_ROUNDING = 0.002  # seconds


class Turns:
    """The throttle in one run; *now* in seconds of a clock that never goes back."""

    def __init__(self, house: Installation, throttle: Throttle, warm_up_from: date | None = None) -> None:
        self._house = house
        self._throttle = throttle
        self._shares = DayShares(house, warm_up_from, throttle.group_of)
        self._held: list[tuple[Claim, datetime]] = []  # when each may come again
        self._due: list[float] = []
        throttle.begin_run()

    @property
    def limited(self) -> bool:
        """Whether anything is held at all; while not, no other method need be asked."""
        return bool(self._throttle.limited) or self._shares.limited

    @property
    def held(self) -> bool:
        """Whether rows are to be put off."""
        return bool(self._held)

    def holds(self, claim: Claim, now: float) -> bool:
        """Say whether the turn of *claim* has not come; it is put off then."""
        waits = self._shares.wait(claim) or self._throttle.hold(claim.address, now)
        if waits > 0:
            # Its time counts from now, not from when it is written down: the run waits for that long, and no longer.
            self._held.append((claim, self._house.clock.now() + timedelta(seconds=waits)))
            # Looked at after the clock, so that the run never wakes before the row is due.
            heappush(self._due, max(now, asyncio.get_running_loop().time()) + waits)
        else:
            self._shares.note(claim)
        return waits > 0

    def note(self, claim: Claim, attempt: Attempt, under_way: Iterable[Claim], now: float) -> None:
        """Note what came of a message that was let go, and slow its group when its server asks for that."""
        seconds = (attempt.finished_at - attempt.started_at).total_seconds()
        self._throttle.finished(claim.address, taken=attempt.outcome is Outcome.SENT, seconds=seconds)
        if attempt.outcome is Outcome.DEFERRED and is_too_fast(attempt.reply):
            group = self._throttle.slow(claim.address, now, [each.address for each in under_way])
            get_logger().warning("group_slowed", group=group, code=attempt.reply.code, text=attempt.reply.text)

    def put_off(self) -> None:
        """Give back what was held; in a transaction of its own."""
        with self._house.engine.begin() as connection:
            release(connection, self._held)
        self._held.clear()

    async def moved_or_due(self, moved: asyncio.Event, now: float) -> None:
        """Wait until *moved* is set, or the turn of a row that was put off has come."""
        left = self._seconds_left(now)
        if left is None:
            await moved.wait()
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(moved.wait(), left)

    async def next_is_due(self, now: float) -> bool:
        """Wait for the next turn of a row that was put off; False when there is none that is worth waiting for."""
        left = self._seconds_left(now)
        if left is not None:
            await asyncio.sleep(left)
        return left is not None

    def _seconds_left(self, now: float) -> float | None:
        while self._due and self._due[0] <= now:
            heappop(self._due)
        if not self._due or self._due[0] - now > _WORTH_WAITING:
            return None
        return self._due[0] - now + _ROUNDING
