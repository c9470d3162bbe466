"""How much may go to a recipient group at once: a rate that was set, and a width that its server's answers set.

A group that said we are too fast has one message under way at a time. After every `STEP` messages that it takes it
gets one more, until nothing holds it any more. Said again at one, it is left alone for `REST` (Gmail's guidelines ask
for ten minutes). Times are seconds of a clock that never goes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from digest.delivery.groups import GroupOf

STEP = 20  # messages taken before one more may be under way
WIDE = 50  # as many at a time are no limit any more
REST = 600.0  # seconds
LEAST_PACE = 0.05  # seconds


@dataclass(slots=True)
class Bucket:
    """Lets *rate* messages a second through, at most a tenth of a second's worth (and one) at a time."""

    rate: float
    tokens: float | None = None  # full, as nobody has asked yet
    at: float = 0.0

    @property
    def burst(self) -> float:
        """How many may go at one moment."""
        return max(1.0, self.rate / 10)

    def wait(self, now: float) -> float:
        """Return after how many seconds the next one may go; 0.0 when it may now."""
        # A sum of many small steps falls short of 1 by the last digits.
        return max(0.0, 1.0 - self._filled(now) - 1e-9) / self.rate

    def take(self, now: float) -> float:
        """Let one go; return after how many seconds, 0.0 for now. Those who come after it wait for longer."""
        waits = self.wait(now)
        self.tokens, self.at = self._filled(now) - 1.0, now
        return waits

    def _filled(self, now: float) -> float:
        if self.tokens is None:
            return self.burst
        return min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate)


@dataclass(slots=True)
class _Group:
    """What holds one group; `width` None: as many at a time as there are connections."""

    bucket: Bucket | None = None
    width: int | None = None
    under_way: int = 0
    taken: int = 0  # since the width last changed
    rest_until: float = 0.0
    turn: float = 0.0  # when whoever is put off next may come back
    pace: float = LEAST_PACE  # seconds that a message takes

    def wait(self, now: float) -> float:
        waits = self.bucket.wait(now) if self.bucket else 0.0
        if now < self.rest_until:
            waits = max(waits, self.rest_until - now)
        elif self.width is not None and self.under_way >= self.width:
            waits = max(waits, self.pace / self.width)
        return waits

    def put_off(self, now: float, waits: float) -> float:
        """Return how long to stay away, each a little longer than the one before, so that few come in vain."""
        between = max(1.0 / self.bucket.rate if self.bucket else 0.0, self.pace / self.width if self.width else 0.0)
        self.turn = max(self.turn + between, now + waits)
        return min(self.turn - now, waits + REST)


class Throttle:
    """The groups that something holds; `limited` is empty, and costs nothing, while nothing does."""

    def __init__(self, group_of: GroupOf, rates: Mapping[str, float] | None = None) -> None:
        self.group_of = group_of
        self.limited = {name: _Group(Bucket(rate)) for name, rate in (rates or {}).items()}

    def begin_run(self) -> None:
        """Note that nothing is under way."""
        for group in self.limited.values():
            group.under_way = 0

    def hold(self, address: str, now: float) -> float:
        """Return 0.0 and count a message as under way, or the seconds after which to ask again for it."""
        group = self.limited.get(self.group_of(address))
        if group is None:
            return 0.0
        waits = group.wait(now)
        if waits > 0:
            return group.put_off(now, waits)
        group.under_way += 1
        if group.bucket is not None:
            group.bucket.take(now)
        return 0.0

    def finished(self, address: str, *, taken: bool, seconds: float) -> None:
        """Note that a message is not under way any more; *taken*: its server said yes, after *seconds*."""
        name = self.group_of(address)
        group = self.limited.get(name)
        if group is None:
            return
        group.under_way = max(0, group.under_way - 1)
        group.pace = max(LEAST_PACE, seconds)
        if not taken or group.width is None:
            return
        group.taken += 1
        if group.taken >= STEP:
            group.width, group.taken = group.width + 1, 0
            if group.width >= WIDE:
                self._release(name, group)

    def slow(self, address: str, now: float, under_way: Iterable[str]) -> str:
        """Let one at a time go to the group of *address*; *under_way* are the others. Return the group's name.

        Answers to what went before the first such answer change nothing more.
        """
        name = self.group_of(address)
        group = self.limited.get(name)
        if group is None:
            group = self.limited[name] = _Group()
        if group.width is None:
            group.under_way = sum(self.group_of(each) == name for each in under_way)
        elif group.width == 1 and not group.under_way and now >= group.rest_until:
            group.rest_until = now + REST
        group.width, group.taken = 1, 0
        return name

    def _release(self, name: str, group: _Group) -> None:
        group.width, group.turn = None, 0.0
        if group.bucket is None:
            del self.limited[name]
