"""When windows of events open and close; pure, so that any sequence can be played.

Intervals are half-open, [opened, closes): an event at the instant of closing belongs to the next window. A window
keeps the policy it was opened with.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from digest.model.stream import WindowKind, WindowPolicy

_SECONDS = [each.name for each in fields(WindowPolicy) if each.name not in ("kind", "max_events")]
_ASKS_FOR = {
    WindowKind.SCHEDULE: {"before"},
    WindowKind.FIXED: {"wait"},
    WindowKind.SLIDING: {"gap", "longest"},
    WindowKind.LEADING: {"wait", "cooldown", "step", "longest"},
    WindowKind.INSTANT: set(),
}
_NEEDS = {
    WindowKind.FIXED: ("wait",),
    WindowKind.SLIDING: ("gap", "longest"),
    WindowKind.LEADING: ("wait",),
}
LONGEST = timedelta(days=31)  #: a window that is open for longer is a mistake
NextSlot = Callable[[datetime], datetime]
"""The first slot of a reader's schedule strictly after an instant."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window as it stands: members so far, when it closes (UTC), and from when its longest time counts."""

    policy: WindowPolicy
    opened_at: datetime
    closes_at: datetime
    count: int
    counts_from: datetime

    def takes(self, at: datetime) -> bool:
        """Whether an event that comes at *at* still belongs to it."""
        return at < self.closes_at


def wrong_with(policy: WindowPolicy) -> list[tuple[str, str]]:
    """Return what cannot be: (name of the setting, what is wrong in words)."""
    found: list[tuple[str, str]] = []
    for name in _SECONDS:
        value: timedelta = getattr(policy, name)
        if value and name not in _ASKS_FOR[policy.kind]:
            found.append((name, f"means nothing to policy {policy.kind.value!r}; leave it out"))
        elif not value and name in _NEEDS.get(policy.kind, ()):
            found.append((name, f'is missing: policy {policy.kind.value!r} needs it, like {name} = "1h"'))
        elif value > LONGEST:
            found.append((name, f"is longer than {LONGEST.days} days; for that use policy 'schedule'"))
    if policy.kind is WindowKind.SLIDING and policy.gap > policy.longest > timedelta(0):
        found.append(("longest", "is shorter than gap, so no gap would ever end; make it at least as long"))
    if policy.kind is WindowKind.LEADING:
        if not (policy.cooldown or policy.step):
            found.append(("cooldown", "is missing: how long after a mail does the next event wait for others?"))
        if policy.cooldown and policy.step:
            found.append(("step", "and cooldown cannot both be given; leave out one of them"))
        if bool(policy.step) != bool(policy.longest):
            found.append(("longest", "and step belong together; give both or neither"))
        elif policy.step and policy.longest < policy.wait:
            found.append(("longest", "is shorter than wait; make it at least as long"))
    if policy.kind is WindowKind.INSTANT and policy.max_events:
        found.append(("max_events", "means nothing to policy 'instant'; leave it out"))
    return found


def open_window(
    policy: WindowPolicy, at: datetime, *, last: datetime | None = None, next_slot: NextSlot | None = None
) -> Window:
    """Return the window that an event at *at* opens; one that closes at once when it is not to wait.

    *last* is when the group's latest window closed, None for none yet; *next_slot* is asked by `schedule`.
    """
    match policy.kind:
        case WindowKind.SCHEDULE:
            if next_slot is None:
                raise ValueError("a window of a schedule needs the schedule")
            closes_at = next_slot(at + policy.before) - policy.before
        case WindowKind.FIXED:
            closes_at = at + policy.wait
        case WindowKind.SLIDING:
            closes_at = at + min(policy.gap, policy.longest)
        case WindowKind.LEADING:
            closes_at = at if last is None else _after(policy, last, at)
        case WindowKind.INSTANT:
            closes_at = at
    return Window(policy, at, _early(policy, 1, closes_at, at), 1, last or at)


def _after(policy: WindowPolicy, last: datetime, at: datetime) -> datetime:
    """Return when a leading window that opens at *at* closes, after a mail at *last*."""
    if policy.step:
        return max(at, due_by_crowd(policy, last, 1))
    return at if at - last >= policy.cooldown else at + policy.wait


def join_window(window: Window, at: datetime) -> Window:
    """Return *window* with one more event, which came at *at* and which it takes."""
    policy, count, closes_at = window.policy, window.count + 1, window.closes_at
    if policy.kind is WindowKind.SLIDING:
        closes_at = max(closes_at, min(at + policy.gap, window.opened_at + policy.longest))
    elif policy.kind is WindowKind.LEADING and policy.step:
        closes_at = max(closes_at, due_by_crowd(policy, window.counts_from, count))
    return Window(policy, window.opened_at, _early(policy, count, closes_at, at), count, window.counts_from)


def is_settled(policy: WindowPolicy) -> bool:
    """Whether a window with this *policy* closes when it was said at first, whatever else comes to it."""
    moves = policy.kind is WindowKind.SLIDING or policy.step
    return not (moves or policy.max_events)


def due_by_crowd(policy: WindowPolicy, last: datetime, waiting: int) -> datetime:
    """Return when a leading window with a `step` closes for *waiting* events after a mail at *last*."""
    return last + min(policy.longest, policy.wait + waiting * policy.step)


def _early(policy: WindowPolicy, count: int, closes_at: datetime, at: datetime) -> datetime:
    """Return *closes_at*, or *at* for a window that is full."""
    full = policy.max_events and count >= policy.max_events
    return min(closes_at, at) if full else closes_at


def policy_text(policy: WindowPolicy) -> str:
    """Return the policy as short JSON, without what it does not use; `parse_policy` takes it back."""
    said: dict[str, Any] = {"kind": policy.kind.value}
    said |= {name: getattr(policy, name).total_seconds() for name in _SECONDS if getattr(policy, name)}
    if policy.max_events:
        said["max_events"] = policy.max_events
    return json.dumps(said, separators=(",", ":"))


@lru_cache(maxsize=1024)
def parse_policy(text: str) -> WindowPolicy:
    """Return the policy of `policy_text`."""
    said = json.loads(text)
    times = {name: timedelta(seconds=said[name]) for name in _SECONDS if name in said}
    return WindowPolicy(WindowKind(said["kind"]), max_events=said.get("max_events", 0), **times)
