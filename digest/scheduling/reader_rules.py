"""What a reader says of all mail of events: hours and days without any, and how many a day; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from digest.model.frequency import EVERY_DAY, Quiet
from digest.scheduling.quiet import after_quiet
from digest.scheduling.zones import zone_of


@dataclass(frozen=True, slots=True)
class ReaderRules:
    """Quiet hours, quiet days (0 = Monday; never all seven), and at most so many mails a day, 0 for any number."""

    quiet: Quiet | None = None
    quiet_days: tuple[int, ...] = ()
    daily_cap: int = 0


def send_time(at: datetime, rules: ReaderRules, zone: str) -> datetime:
    """Return when a mail that is due at *at* may go (UTC): then, or when quiet hours and days in *zone* are over."""
    if not (rules.quiet or rules.quiet_days):
        return at
    if set(rules.quiet_days) >= set(EVERY_DAY):
        raise ValueError("not all days can be quiet")
    while True:
        later = after_quiet(at, rules.quiet, zone)
        if later.astimezone(zone_of(zone)).weekday() in rules.quiet_days:
            later = next_day(later, zone)
        if later == at:
            return at
        at = later


def day_of(at: datetime, zone: str) -> tuple[datetime, datetime]:
    """Return the first instant of the local day of *at*, and that of the next one (UTC)."""
    midnight = datetime.combine(at.astimezone(zone_of(zone)).date(), time(), zone_of(zone)).astimezone(UTC)
    return midnight, next_day(at, zone)


def next_day(at: datetime, zone: str) -> datetime:
    """Return the first instant of the local day after that of *at* (UTC)."""
    day = at.astimezone(zone_of(zone)).date() + timedelta(days=1)
    return datetime.combine(day, time(), zone_of(zone)).astimezone(UTC)


def has_room(rules: ReaderRules, sent: Collection[datetime], at: datetime, zone: str) -> bool:
    """Whether one more mail at *at* is within the cap, after mails at *sent*."""
    begins, ends = day_of(at, zone)
    return not rules.daily_cap or sum(begins <= each < ends for each in sent) < rules.daily_cap
