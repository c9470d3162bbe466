"""From a rule (how often, at which local time) and a zone to UTC instants; pure, so any moment can be asked.

A local time that the clocks jump over moves forward by the gap; one that comes twice means the first
(RFC 5545 §3.3.5; it is what `fold=0` gives). Steps go by local date, never by 24 hours. Two local times that are
one instant are one slot. A day of the month that a month does not have is its last.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, takewhile

from digest.model.frequency import EVERY_DAY, Frequency, Quiet
from digest.scheduling.quiet import after_quiet
from digest.scheduling.zones import zone_of

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
# Slots of a date lie at most so far from its midnight in UTC: no zone is more than 15 hours off, a gap is shorter
# than a day (a whole one has no slots), and so are quiet hours.
_EARLIEST, _LATEST = timedelta(hours=-15), timedelta(hours=87)


@dataclass(frozen=True, slots=True)
class Rule:
    """How often, and at which local time; every so many hours counts from that time, anew each day.

    `quiet` moves slots that nobody named, those of "every so many hours", to its end.
    """

    frequency: Frequency
    at: time
    quiet: Quiet | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One slot: the UTC instant, and the local date that it is for."""

    slot_at: datetime
    local_date: date


def rule_text(rule: Rule) -> str:
    """Return the rule as text, like "mon,fri|07:00", "monthly 31|07:00" or "every 6h|07:00|22:00-06:00"."""
    text = f"{frequency_text(rule.frequency)}|{rule.at:%H:%M}"
    if rule.quiet and rule.frequency.hours:
        text += f"|{rule.quiet.start:%H:%M}-{rule.quiet.end:%H:%M}"
    return text


@lru_cache(maxsize=1024)
def parse_rule(text: str) -> Rule:
    """Return the rule of a text made by `rule_text`; raises ValueError on any other."""
    frequency, at, *quiet = text.split("|")
    start, _, end = quiet[0].partition("-") if quiet else ("", "", "")
    hours = Quiet(time.fromisoformat(start), time.fromisoformat(end)) if quiet else None
    return Rule(parse_frequency(frequency), time.fromisoformat(at), hours)


def frequency_text(frequency: Frequency) -> str:
    """Return the frequency as text: "mon,fri", "monthly 31" or "every 6h"."""
    if frequency.hours:
        return f"every {frequency.hours}h"
    if frequency.month_day:
        return f"monthly {frequency.month_day}"
    return ",".join(DAY_NAMES[day] for day in sorted(set(frequency.days)))


def parse_frequency(text: str) -> Frequency:
    """Return the frequency of a text made by `frequency_text`; raises ValueError on any other."""
    kind, _, number = text.partition(" ")
    if kind == "every":
        return Frequency(hours=int(number.removesuffix("h")))
    if kind == "monthly":
        return Frequency(month_day=int(number))
    return Frequency(tuple(DAY_NAMES.index(name) for name in text.split(",")))


def slot_on(day: date, at: time, zone: str) -> datetime:
    """Return the UTC instant of local time *at* on *day* in *zone*."""
    return datetime.combine(day, at, zone_of(zone)).astimezone(UTC)


@lru_cache(maxsize=1024)
def next_slot(rule: Rule, zone: str, after: datetime) -> datetime:
    """Return the first slot of the rule strictly after the instant *after* (UTC)."""
    start = after.astimezone(zone_of(zone)).date() - 3 * _DAY
    return next(due.slot_at for due in _slots(rule, zone, start, _DAY) if due.slot_at > after)


def latest_slot(rule: Rule, zone: str, until: datetime) -> Due:
    """Return the last slot of the rule that is not after the instant *until*."""
    start = until.astimezone(zone_of(zone)).date() + _DAY
    return next(due for due in _slots(rule, zone, start, -_DAY) if due.slot_at <= until)


def slots_between(rule: Rule, zone: str, since: datetime, until: datetime, *, most: int) -> list[Due]:
    """Return the slots of the rule from *since* on and before *until*, latest first; at most the *most* latest."""
    start = until.astimezone(zone_of(zone)).date() + _DAY
    earlier = (due for due in _slots(rule, zone, start, -_DAY) if due.slot_at < until)
    return list(islice(takewhile(lambda due: due.slot_at >= since, earlier), most))


def slot_for_today(rule: Rule, zone: str, now: datetime) -> Due:
    """Return today's slot in *zone* whether its hour has come or not; the latest one when today has none.

    Of several hours a day it is the latest.
    """
    today = now.astimezone(zone_of(zone)).date()
    if rule.frequency.hours or not _is_on(rule.frequency, today):
        return latest_slot(rule, zone, now)
    return Due(slot_on(today, rule.at, zone), today)


@lru_cache(maxsize=1024)
def half_period(rule: Rule, zone: str, slot_at: datetime) -> timedelta:
    """Return half the time from the slot before *slot_at* to it."""
    before = latest_slot(rule, zone, slot_at - timedelta(microseconds=1)).slot_at
    return (slot_at - before) / 2


def period_of(frequency: Frequency, due: Due) -> str:
    """Return the name of the edition that the slot belongs to.

    It is the local date ("2026-11-23"); with one day a week the ISO week ("2026-W48"), with one a month the month
    ("2026-11"), for every so many hours the instant ("2026-11-23T06:00Z").
    """
    if frequency.hours:
        return instant_period(due.slot_at)
    if frequency.month_day:
        return f"{due.local_date:%Y-%m}"
    if len(set(frequency.days)) == 1:
        year, week, _ = due.local_date.isocalendar()
        return f"{year}-W{week:02d}"
    return due.local_date.isoformat()


def instant_period(slot_at: datetime) -> str:
    """Return the name of an edition that is of one instant."""
    return f"{slot_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _slots(rule: Rule, zone: str, start: date, step: timedelta) -> Iterator[Due]:
    """Give the slots of *start* and the dates that follow in the direction of *step*, in order, each instant once."""
    waiting: list[Due] = []
    last: datetime | None = None
    day, forward = start, step > timedelta()
    while True:
        waiting = sorted({*waiting, *_of_date(rule, zone, day)}, key=lambda due: due.slot_at, reverse=not forward)
        day += step
        midnight = datetime.combine(day, time(), UTC)
        # What the dates to come cannot come before.
        while waiting and (
            waiting[0].slot_at < midnight + _EARLIEST if forward else waiting[0].slot_at > midnight + _LATEST
        ):
            due = waiting.pop(0)
            if due.slot_at != last:
                yield due
            last = due.slot_at


def _of_date(rule: Rule, zone: str, day: date) -> Iterator[Due]:
    if not _is_on(rule.frequency, day) or not _exists(day, zone):
        return
    hours = rule.frequency.hours
    if not hours:
        yield Due(slot_on(day, rule.at, zone), day)
        return
    first = (rule.at.hour % hours) * 60 + rule.at.minute
    for minutes in range(first, 24 * 60, hours * 60):
        slot_at = after_quiet(slot_on(day, time(*divmod(minutes, 60)), zone), rule.quiet, zone)
        yield Due(slot_at, slot_at.astimezone(zone_of(zone)).date())


def _is_on(frequency: Frequency, day: date) -> bool:
    if frequency.month_day:
        return day.day == min(frequency.month_day, monthrange(day.year, day.month)[1])
    return day.weekday() in (frequency.days or EVERY_DAY)


def _exists(day: date, zone: str) -> bool:
    # Samoa had no 30 December 2011: its noon is a time on another date.
    noon = datetime.combine(day, time(12), zone_of(zone))
    return noon.astimezone(UTC).astimezone(zone_of(zone)).date() == day
