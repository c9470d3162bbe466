"""A reader's account: what the reports about an address come to (B6 of the rules mailbox providers give).

Pure, and by the numbers in `account.toml`. What is refused for our own sake, or for what the mail is, never stands
on it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from digest.model.feedback import Report, ReportClass, ReportKind


@dataclass(frozen=True, slots=True)
class Terms:
    """How much is too much; `account.toml` explains each."""

    certain: frozenset[str]
    doubtful_reports: int
    doubtful_days: int
    soft_reports: int
    soft_editions: int
    soft_days: int
    settled_after: timedelta
    about_us: frozenset[str]
    subjects_about_us: frozenset[str]
    harmless_complaints: frozenset[str]
    hard_rate: float
    hard_least: int
    complaint_rate: float
    complaint_least: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One failure on the account: of which edition, when that mail was dated, whether its code leaves no doubt."""

    report_class: ReportClass
    edition_id: int
    at: datetime
    is_certain: bool = False


@cache
def shipped_terms() -> Terms:
    """Return the numbers beside this file."""
    with Path(__file__).with_name("account.toml").open("rb") as file:
        table = tomllib.load(file)
    hard, soft, complaint, guard = (table[name] for name in ("hard", "soft", "complaint", "guard"))
    return Terms(
        certain=frozenset(hard["certain"]),
        doubtful_reports=hard["doubtful_reports"],
        doubtful_days=hard["doubtful_days"],
        soft_reports=soft["reports"],
        soft_editions=soft["editions"],
        soft_days=soft["days"],
        settled_after=timedelta(days=soft["settled_after_days"]),
        about_us=frozenset(soft["about_us"]),
        subjects_about_us=frozenset(soft["subjects_about_us"]),
        harmless_complaints=frozenset(complaint["harmless"]),
        hard_rate=guard["hard_rate"],
        hard_least=guard["hard_least"],
        complaint_rate=guard["complaint_rate"],
        complaint_least=guard["complaint_least"],
    )


def is_failure(report: Report, terms: Terms) -> bool:
    """Whether *report* stands on the reader's account: a failure for good, and not for what we are or send."""
    if report.kind is not ReportKind.BOUNCE or report.is_sender_fault:
        return False
    if report.report_class is ReportClass.HARD:
        return True
    is_about_us = report.cause in terms.about_us or _subject(report.status) in terms.subjects_about_us
    return report.report_class is ReportClass.SOFT and not is_about_us


def _subject(status: str) -> str:
    return status.split(".")[1] if status.count(".") == 2 else ""


def is_certain(status: str, terms: Terms) -> bool:
    """Whether a *status* (RFC 3463) of a hard failure leaves no doubt that the address is dead."""
    return status.partition(".")[2] in terms.certain


def puts_out(feedback_type: str, terms: Terms) -> bool:
    """Whether a complaint of this type (RFC 5965 §7.3) is a reader's wish; some are about us, or the contrary."""
    return feedback_type not in terms.harmless_complaints


def is_dead(entries: Iterable[Entry], terms: Terms, *, succeeded_at: datetime | None = None) -> bool:
    """Whether the account says that the address must not be mailed any more.

    *succeeded_at* is the date of the latest mail that is known to have arrived: whatever was dated before it, and
    leaves a doubt, counts no more.
    """
    entries = list(entries)
    if any(each.report_class is ReportClass.HARD and each.is_certain for each in entries):
        return True
    open_ones = [each for each in entries if succeeded_at is None or each.at > succeeded_at]
    hard = {each.edition_id: each.at for each in open_ones if each.report_class is ReportClass.HARD}
    days = sorted(each.date() for each in hard.values())
    pairs = zip(days, days[terms.doubtful_reports - 1 :], strict=False)
    if any((last - first).days <= terms.doubtful_days for first, last in pairs):
        return True
    return _is_worn_out(open_ones, terms)


def _is_worn_out(entries: list[Entry], terms: Terms) -> bool:
    """Whether failures that each may pass have lasted too long; a hard one in doubt is not better than a soft one."""
    if len(entries) < terms.soft_reports or len({each.edition_id for each in entries}) < terms.soft_editions:
        return False
    days = [each.at.date() for each in entries]
    return (max(days) - min(days)).days >= terms.soft_days


def is_too_much(count: int, reached: int, *, rate: float, least: int) -> bool:
    """Whether *count* of the *reached* readers of an edition are more than *rate* allows, and no mere accident."""
    return count >= least and count > rate * reached
