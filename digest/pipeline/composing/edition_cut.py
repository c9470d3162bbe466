"""The cut-off of one edition, for those who plan, preview, rehearse and approve it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from digest.model.newsletter import Newsletter
from digest.pipeline.composing.frame import date_of
from digest.scheduling.cadence import slot_on
from digest.scheduling.cut_off import Cut, cut_of

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
_AFTER_ALL = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


def cut_for(
    newsletter: Newsletter, period: str, slot_at: datetime, *, day: date | None = None, asked_at: datetime | None = None
) -> Cut:
    """Return the cut of an edition's slot at *slot_at*; *day* dates it where the period does not say.

    *asked_at* as in `cut_of`. An edition that is to be approved has one pool for all its readers, also for who is due
    before the cut-off, and whatever day of a week or month they read on.
    """
    if not newsletter.approval or newsletter.cut_off.at is None or "+" in period:
        return cut_of(newsletter.cut_off, day or date_of(period, newsletter, slot_at), slot_at, asked_at)
    rule = newsletter.cut_off
    first = edition_day(newsletter, period, slot_at)
    off = slot_on(first - timedelta(days=rule.days_before), newsletter.cut_off.at, rule.zone)
    return Cut(off, off, off)


def edition_day(newsletter: Newsletter, period: str, slot_at: datetime) -> date:
    """Return the one day that an edition is of: its own, the newsletter's in a week or month, else the first of it."""
    if "T" in period:
        return date_of(period, newsletter, slot_at)
    if newsletter.schedule.month_day and "-W" not in period and len(period) == len("2026-11"):
        month_day = date_of(period, newsletter, _AFTER_ALL).day
        return date_of(period, newsletter, _BEFORE_ALL).replace(day=min(newsletter.schedule.month_day, month_day))
    return date_of(period, newsletter, _BEFORE_ALL)
