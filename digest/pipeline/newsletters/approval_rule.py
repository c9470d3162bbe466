"""The keys `approval` and `require_clean_lint` of a newsletter file: whose word an edition waits for."""

from __future__ import annotations

from typing import Any

from digest.model.newsletter import ApprovalRule, CutOff, Fallback, Schedule
from digest.pipeline.newsletters.checked_table import CheckedTable
from digest.pipeline.newsletters.cut_off_table import is_late

_RULES = {"one": ApprovalRule.ONE, "two": ApprovalRule.TWO}


def read_approval(table: CheckedTable, cut_off: CutOff, schedule: Schedule) -> dict[str, Any]:
    """Return the two values, and the *cut_off*, as a newsletter has them; what cannot be is noted in *table*."""
    rule, clean = _read(table, cut_off, schedule)
    return {"cut_off": cut_off, "approval": rule, "require_clean_lint": clean}


def _read(table: CheckedTable, cut_off: CutOff, schedule: Schedule) -> tuple[ApprovalRule, bool]:
    rule = _rule(table)
    clean = bool(table.flag("require_clean_lint"))
    if clean and not rule:
        table.wrong("require_clean_lint", "needs approval = true: lint is asked when somebody approves an edition")
    if not rule:
        return rule, clean
    if table.where.startswith("streams."):
        table.wrong("approval", "is for newsletters of articles; events go out as they come")
        return rule, clean
    if cut_off.at is None:
        table.wrong(
            "approval",
            "needs a fixed cut-off, for one pool is approved and goes out: write cut_off.at, like "
            'cut_off = {at = "18:00", days_before = 1}',
        )
    elif is_late(cut_off, schedule):
        table.wrong(
            "approval",
            "cannot be given before the hour of the first readers, which comes before the cut-off; write "
            "cut_off.days_before = 1 or an earlier cut_off.at",
        )
    if schedule.hours:
        table.wrong("approval", "is for editions of a day, a week or a month; write schedule.days")
    if table.raw("fallback") == Fallback.MOST_CHOSEN:
        table.wrong("approval", "cannot be with fallback = 'most_chosen', which moves as readers choose; use 'pinned'")
    return rule, clean


def _rule(table: CheckedTable) -> ApprovalRule:
    value = table.raw("approval")
    if isinstance(value, str) and value in _RULES:
        return _RULES[value]
    if value is not None and not isinstance(value, bool):
        table.wrong("approval", "must be true, false, or 'two' for the word of a second person")
    return ApprovalRule.ONE if value is True else ApprovalRule.NONE
