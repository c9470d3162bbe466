"""Hear: what came back is taken down, each mail once, and then judged.

A mail is known again by its bytes, whichever door it came through and whatever line ends it got on the way. One that
proves no mail of ours is on record too, and changes nothing for anybody.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from digest.feedback.farewell import asks_to_leave
from digest.feedback.mail import MAX_BYTES, Part, parse_mail
from digest.feedback.read import read_report
from digest.feedback.rules import shipped_rules
from digest.feedback.signs import signs_of, tags_to_leave
from digest.feedback.wording import read_wording
from digest.model.feedback import Effect, Report, ReportClass, ReportKind
from digest.pipeline.hearing.judge import Judged, judge
from digest.pipeline.hearing.trace import subscription_of, trace
from digest.pipeline.installation import Installation
from digest.store.lock import Alone, wait_for_others
from digest.store.reports import Found, is_known, take_down

_MAILS_AT_ONCE = 25  # each a megabyte at most; in one transaction, so that a large mailbox keeps nobody waiting
_ANSWERS = (ReportKind.UNKNOWN, ReportKind.AUTO_REPLY, ReportKind.CHALLENGE)
# From what says least against an address to what says most.
_MILDEST_FIRST = (ReportClass.DELIVERED, ReportClass.AUTO_REPLY, ReportClass.UNKNOWN, ReportClass.BLOCK,
                  ReportClass.SOFT, ReportClass.HARD, ReportClass.COMPLAINT)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """What a hearing came to: mails read, those known before, reports by effect, newsletters that paused."""

    mails: int = 0
    known: int = 0
    effects: Counter[Effect] = field(default_factory=Counter)
    paused: tuple[str, ...] = ()


def hear(house: Installation, mails: Iterable[bytes]) -> Heard:
    """Take down what *mails* report and draw the consequences; a mail that was heard before changes nothing."""
    count = known = 0
    batch: list[bytes] = []
    for mail in mails:
        batch.append(mail)
        count += 1
        if len(batch) >= _MAILS_AT_ONCE:
            known += _take_down_all(house, batch)
            batch = []
    known += _take_down_all(house, batch)
    judged: Judged = judge(house)
    return Heard(count, known, judged.effects, judged.paused)


def _take_down_all(house: Installation, mails: list[bytes]) -> int:
    """Take down these mails in one transaction; return how many were known."""
    known = 0
    if not mails:
        return known
    with house.engine.begin() as connection:
        wait_for_others(connection, Alone.HEAR)
        for data in mails:
            key = fingerprint(data)
            if is_known(connection, key):
                known += 1
            else:
                take_down(connection, key, _told(house, connection, data), house.clock.now())
    return known


def fingerprint(data: bytes) -> str:
    """Return by what a mail is known again: SHA-256 of its first megabyte with plain line ends."""
    return hashlib.sha256(data[:MAX_BYTES].replace(b"\r\n", b"\n").rstrip(b"\n")).hexdigest()


def _told(house: Installation, connection: Connection, data: bytes) -> list[tuple[Report, Found | None]]:
    """Return what a mail reports, each with the mail of ours it is about, if that is proved."""
    rules = shipped_rules()
    mail, reports = parse_mail(data), read_report(data, rules)
    if reports[0].kind in _ANSWERS and (leaving := _leaving(house, connection, mail, reports[0])):
        return [leaving]
    signs = signs_of(mail, reports, read_wording(mail, rules).returned)
    found = trace(house, connection, signs)
    if found is None:
        return [(each, None) for each in reports]
    # A mail of ours has one reader. Where it was passed on to several, it speaks of them as far as it names them.
    speaker = _speaker(reports, found.address)
    return [(each, found if each is speaker else None) for each in reports]


def _speaker(reports: list[Report], address: str) -> Report:
    named = [each for each in reports if each.recipient.casefold() == address.casefold()]
    return min(named or reports, key=lambda each: _MILDEST_FIRST.index(each.report_class))


def _leaving(
    house: Installation, connection: Connection, mail: Part, report: Report
) -> tuple[Report, Found | None] | None:
    """Return the wish of a reader who writes to leave; None when *mail* is none."""
    wish = replace(report, kind=ReportKind.LEAVE, report_class=ReportClass.UNKNOWN, cause="leave", text="")
    subscription_id = subscription_of(house, connection, tags_to_leave(mail))
    if subscription_id is not None:
        return wish, Found("leave_tag", subscription_id)
    rules = shipped_rules()
    if report.kind is not ReportKind.UNKNOWN or not asks_to_leave(mail, rules):
        return None
    return wish, trace(house, connection, signs_of(mail, [report], read_wording(mail, rules).returned))
