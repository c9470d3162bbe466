"""The first weeks of a sender: each provider gets a little more on each day (pure; the numbers are data)."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from digest.delivery.groups import GroupOf


@dataclass(frozen=True, slots=True)
class WarmUpPlan:
    """What a recipient group gets: `first` mails on the first day, `growth` times as many on each of `days`."""

    first: int
    growth: float
    days: int

    def cap(self, day: int) -> int | None:
        """Return the most that a group gets on *day*, from 0; None, any number, before the first and after the last."""
        return int(self.first * self.growth**day) if 0 <= day < self.days else None

    def day_for(self, readers: int) -> int:
        """Return the first day on which *readers* of one group all fit."""
        return next((day for day in range(self.days) if (self.cap(day) or 0) >= readers), self.days)


@cache
def shipped_plan() -> WarmUpPlan:
    """Return the plan of the table beside this file."""
    return WarmUpPlan(**tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")))


class WarmUp:
    """What each group may still get today (UTC).

    *tried_since* says how many mails to each domain were tried since an instant, by whatever process: so a new
    process, and a new day, begin where things are. With *look_again* it is asked anew after so long, for what other
    processes have tried meanwhile; they go over a share together by no more than they try in that time.
    """

    def __init__(
        self,
        plan: WarmUpPlan,
        start: date,
        group_of: GroupOf,
        tried_since: Callable[[datetime], Mapping[str, int]],
        *,
        look_again: timedelta | None = None,
    ) -> None:
        self._plan, self._start, self._group_of, self._tried_since = plan, start, group_of, tried_since
        self._look_again = look_again
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._today: date | None = None
        self._cap: int | None = None
        self._others: Counter[str] = Counter()
        self._own: Counter[str] = Counter()

    def wait(self, address: str, now: datetime) -> float:
        """Return 0.0, or the seconds until the group of *address* may have more: until midnight."""
        today = now.astimezone(UTC).date()
        if today != self._today:
            self._begin(today, now)
        if self._cap is None:
            return 0.0
        if self._look_again is not None and now - self._looked_at >= self._look_again:
            self._look(now)
        group = self._group_of(address)
        if self._others[group] + self._own[group] < self._cap:
            return 0.0
        return (_midnight(today + timedelta(days=1)) - now).total_seconds()

    def note(self, address: str) -> None:
        """Count a mail that is tried."""
        self._own[self._group_of(address)] += 1

    def _begin(self, today: date, now: datetime) -> None:
        self._today, self._cap = today, self._plan.cap((today - self._start).days)
        self._others, self._own = Counter(), Counter()
        if self._cap is not None:
            self._look(now)

    def _look(self, now: datetime) -> None:
        """Count what was tried today; our own may not all be on record yet, so those of others never become less."""
        self._looked_at = now
        tried: Counter[str] = Counter()
        for domain, count in self._tried_since(_midnight(now.astimezone(UTC).date())).items():
            tried[self._group_of(f"@{domain}")] += count
        self._others |= tried - self._own


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
