"""The cut-off: until when what is collected counts for a slot; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.model.newsletter import CutOff
from digest.scheduling.cadence import slot_on


@dataclass(frozen=True, slots=True)
class Cut:
    """The moments of a slot's pool: collected before `off`, ruled on as at `ruled_at`, freshness from `fresh_at`."""

    off: datetime
    ruled_at: datetime
    fresh_at: datetime


def cut_of(rule: CutOff, day: date, slot_at: datetime, asked_at: datetime | None = None) -> Cut:
    """Return the cut of the slot at *slot_at* of an edition that is dated *day*.

    *asked_at* is the moment when a person asks for the mail; what was collected until then counts too, unless the
    cut-off is fixed. Who is due before a fixed cut-off gets what there is by then.
    """
    latest = max(asked_at, slot_at) if asked_at else slot_at
    if rule.at is None:
        return Cut(latest - rule.before, asked_at or slot_at, slot_at)
    fixed = slot_on(day - timedelta(days=rule.days_before), rule.at, rule.zone)
    off = min(fixed, latest)
    return Cut(off, off, off)


def cut_now(slot_at: datetime, now: datetime) -> Cut:
    """Return the cut for what is made *now* of what there is, whatever the newsletter's rule (a correction)."""
    return Cut(now, now, slot_at)
