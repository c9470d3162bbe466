"""From a rule (days, local time) and a zone to UTC instants; pure, so any moment can be asked.

A local time that the clocks jump over moves forward by the gap; one that comes twice means the first
(RFC 5545 §3.3.5; it is what `fold=0` gives). Steps go by local date, never by 24 hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """One slot: the UTC instant, and the local date that names its edition."""

    slot_at: datetime
    local_date: date


def rule_text(days: Sequence[int], at: time) -> str:
    """Return the rule as text, like "mon,fri|07:00"; days count from 0 = Monday."""
    return ",".join(DAY_NAMES[day] for day in sorted(set(days))) + f"|{at:%H:%M}"


def parse_rule(text: str) -> tuple[tuple[int, ...], time]:
    """Return days and local time of a text made by `rule_text`; raises ValueError on any other."""
    names, _, at = text.partition("|")
    return tuple(DAY_NAMES.index(name) for name in names.split(",")), time.fromisoformat(at)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone *name*; raises zoneinfo.ZoneInfoNotFoundError when there is none."""
    return ZoneInfo(name)


def slot_on(day: date, at: time, zone: str) -> datetime:
    """Return the UTC instant of local time *at* on *day* in *zone*."""
    return datetime.combine(day, at, zone_of(zone)).astimezone(UTC)


def next_slot(days: Sequence[int], at: time, zone: str, after: datetime) -> datetime:
    """Return the first slot of the rule strictly after the instant *after* (UTC)."""
    start = after.astimezone(zone_of(zone)).date() - _DAY
    return next(due.slot_at for due in _slots(days, at, zone, start, _DAY) if due.slot_at > after)


def latest_slot(days: Sequence[int], at: time, zone: str, until: datetime) -> Due:
    """Return the last slot of the rule that is not after the instant *until*."""
    start = until.astimezone(zone_of(zone)).date() + _DAY
    return next(due for due in _slots(days, at, zone, start, -_DAY) if due.slot_at <= until)


def slots_between(
    days: Sequence[int], at: time, zone: str, since: datetime, until: datetime, *, most: int
) -> list[Due]:
    """Return the slots of the rule from *since* on and before *until*, latest first; at most the *most* latest."""
    start = until.astimezone(zone_of(zone)).date() + _DAY
    earlier = (due for due in _slots(days, at, zone, start, -_DAY) if due.slot_at < until)
    return list(islice(takewhile(lambda due: due.slot_at >= since, earlier), most))


def slot_for_today(days: Sequence[int], at: time, zone: str, now: datetime) -> Due:
    """Return today's slot in *zone* whether its hour has come or not; the latest one when today has none."""
    today = now.astimezone(zone_of(zone)).date()
    if today.weekday() in days:
        return Due(slot_on(today, at, zone), today)
    return latest_slot(days, at, zone, now)


def period_of(days: Sequence[int], local_date: date) -> str:
    """Return the name of the edition: the local date, or the ISO week when there is one day a week."""
    if len(set(days)) == 1:
        year, week, _ = local_date.isocalendar()
        return f"{year}-W{week:02d}"
    return local_date.isoformat()


def _slots(days: Sequence[int], at: time, zone: str, start: date, step: timedelta) -> Iterator[Due]:
    if not days:
        raise ValueError("a schedule needs at least one day")
    day = start
    while True:
        if day.weekday() in days and _exists(day, zone):
            yield Due(slot_on(day, at, zone), day)
        day += step


def _exists(day: date, zone: str) -> bool:
    # Samoa had no 30 December 2011: its noon is a time on another date.
    noon = datetime.combine(day, time(12), zone_of(zone))
    return noon.astimezone(UTC).astimezone(zone_of(zone)).date() == day
