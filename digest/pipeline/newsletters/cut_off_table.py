"""The table `cut_off` of a newsletter file: until when what is collected counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta

from digest.errors import BadInput
from digest.model.newsletter import CutOff, Schedule
from digest.pipeline.newsletters.checked_table import CheckedTable
from digest.pipeline.newsletters.places import read_zone
from digest.scheduling.cadence import slot_on

_LONGEST = timedelta(days=7)
_FIRST_ZONE = "Pacific/Kiritimati"  # where each day begins
_SAMPLE_DAYS = (date(2026, 1, 15), date(2026, 7, 15))  # winter and summer


def read_cut_off(
    table: CheckedTable, schedule: Schedule, read_time: Callable[[str], time], warnings: list[str]
) -> CutOff:
    """Return the cut-off of *table*; what is wrong is noted there, what should be thought about in *warnings*.

    *read_time* reads a local time or raises ValueError.
    """
    at, zone = _time(table, read_time), _zone(table, schedule.zone or "UTC")
    days_before = table.number("days_before", 0, 0, _LONGEST.days)
    before = table.duration("before", timedelta(0))
    if table.has("before") and table.has("at"):
        table.wrong("before", "and at exclude each other: a cut-off is before each slot, or once for the whole edition")
    if not table.has("at") and (table.has("zone") or table.has("days_before")):
        table.wrong("at", 'is missing: write the time of the one cut-off of an edition, like "05:00"')
    if before > _LONGEST:
        table.wrong("before", f"is longer than {_LONGEST.days} days")
    table.refuse_unknown()
    if at is None:
        return CutOff(before)
    cut_off = CutOff(at=at, zone=zone, days_before=days_before)
    if is_late(cut_off, schedule):
        warnings.append(
            f"[{table.where}] cut_off.at is later than the hour of the first readers, who get what there is by then; "
            "write days_before = 1 or an earlier time"
        )
    return cut_off


def is_late(cut_off: CutOff, schedule: Schedule) -> bool:
    """Whether the first readers' hour comes before the fixed cut-off of their edition."""
    assert cut_off.at is not None
    zone, back = schedule.zone or _FIRST_ZONE, timedelta(days=cut_off.days_before)
    first = schedule.at.replace(hour=schedule.at.hour % schedule.hours) if schedule.hours else schedule.at
    return any(slot_on(day - back, cut_off.at, cut_off.zone) > slot_on(day, first, zone) for day in _SAMPLE_DAYS)


def _time(table: CheckedTable, read_time: Callable[[str], time]) -> time | None:
    value = table.raw("at")
    if value is None:
        return None
    try:
        return read_time(f"{value:%H:%M}" if isinstance(value, time) else str(value))
    except ValueError as error:
        table.wrong("at", str(error))
        return None


def _zone(table: CheckedTable, default: str) -> str:
    name = table.text("zone")
    try:
        return read_zone(name) if name else default
    except BadInput as error:
        table.wrong("zone", f"cannot be used: {error}")
        return default
