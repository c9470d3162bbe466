"""SendGrid's Event Webhook: a list of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from digest.feedback.providers.told import (
    Told,
    bounce,
    complaint,
    delivered,
    leaving,
    signs_of_event,
    strings_in,
    text_of,
)
from digest.model.feedback import Report, ReportClass

_MOST = 1_000
#: Why SendGrid did not even try: it remembers what came back before.
_DROPPED = {
    "bounced address": ReportClass.HARD,
    "invalid": ReportClass.HARD,
    "spam reporting address": ReportClass.COMPLAINT,
    "unsubscribed address": ReportClass.UNKNOWN,
}


def read_sendgrid(payload: Any) -> list[Told]:
    """Return the events that say something of a mail."""
    rows = payload if isinstance(payload, list) else [payload]
    found = []
    for row in rows[:_MOST]:
        report = _report(row) if isinstance(row, Mapping) else None
        if report is not None:
            signs = signs_of_event(report.recipient, message_id=text_of(row, "smtp-id"), custom=strings_in(row))
            found.append(Told(text_of(row, "sg_event_id"), report, signs))
    return found


def _report(row: Mapping[str, Any]) -> Report | None:
    who, words, status = text_of(row, "email"), text_of(row, "reason"), text_of(row, "status")
    match text_of(row, "event"):
        case "bounce":
            is_hard = text_of(row, "type") not in ("blocked", "expired")
            return bounce(who, words, ReportClass.HARD if is_hard else ReportClass.BLOCK, status=status)
        case "dropped":
            return _dropped(who, words)
        case "deferred":
            return bounce(who, text_of(row, "response") or words, ReportClass.SOFT, delay=True)
        case "delivered":
            return delivered(who)
        case "spamreport":
            return complaint(who)
        case "unsubscribe" | "group_unsubscribe":
            return leaving(who)
    return None


def _dropped(who: str, words: str) -> Report | None:
    match _DROPPED.get(words.lower()):
        case ReportClass.HARD:
            return bounce(who, "", ReportClass.HARD)
        case ReportClass.COMPLAINT:
            return complaint(who)
        case ReportClass.UNKNOWN:
            return leaving(who)
    return None
