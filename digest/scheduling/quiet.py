"""Quiet hours: a mail that falls into them waits for their end, by the clock on the reader's wall; pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from digest.model.frequency import Quiet
from digest.scheduling.zones import zone_of


def after_quiet(at: datetime, quiet: Quiet | None, zone: str) -> datetime:
    """Return *at*, or the next end of the quiet hours in *zone* when it lies in them (UTC).

    They begin at `start`, and their end is open. An end that the clocks jump over moves forward by the gap.
    """
    if quiet is None:
        return at
    local = at.astimezone(zone_of(zone))
    clock = local.time()
    over_midnight = quiet.end < quiet.start
    if not (clock >= quiet.start or clock < quiet.end if over_midnight else quiet.start <= clock < quiet.end):
        return at
    day = local.date() + timedelta(days=over_midnight and clock >= quiet.start)
    # Where the clocks go back over the end it comes twice, and the first may be past.
    first, second = (
        datetime.combine(day, quiet.end.replace(fold=fold), zone_of(zone)).astimezone(UTC) for fold in (0, 1)
    )
    return first if first >= at else max(second, at)
