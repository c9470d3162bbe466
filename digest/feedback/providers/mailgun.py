"""Mailgun's webhooks: one event each, in `event-data`."""

from __future__ import annotations

from typing import Any

from digest.feedback.providers.told import (
    Told,
    bounce,
    complaint,
    delivered,
    leaving,
    row_of,
    signs_of_event,
    strings_in,
    text_of,
)
from digest.model.feedback import Report, ReportClass

#: Why Mailgun did not even try.
_SUPPRESSED = {"suppress-complaint": complaint, "suppress-unsubscribe": leaving}


def read_mailgun(payload: Any) -> list[Told]:
    """Return the event, if it says something of a mail."""
    row = row_of(row_of(payload).get("event-data"))
    report = _report(row)
    if report is None:
        return []
    signs = signs_of_event(
        report.recipient,
        message_id=text_of(row, "message", "headers", "message-id"),
        sender=text_of(row, "envelope", "sender"),
        custom=strings_in(row.get("user-variables")),
    )
    return [Told(text_of(row, "id"), report, signs)]


def _report(row: Any) -> Report | None:
    who = text_of(row, "recipient")
    match text_of(row, "event"):
        case "failed":
            reason = text_of(row, "reason")
            if reason in _SUPPRESSED:
                return _SUPPRESSED[reason](who)
            return _failed(row, who)
        case "complained":
            return complaint(who)
        case "unsubscribed":
            return leaving(who)
        case "delivered":
            return delivered(who)
    return None


def _failed(row: Any, who: str) -> Report:
    said = text_of(row, "delivery-status", "message") or text_of(row, "delivery-status", "description")
    code, status = text_of(row, "delivery-status", "code"), text_of(row, "delivery-status", "enhanced-code")
    is_temporary = text_of(row, "severity") == "temporary"
    words = said if said.startswith(code) else f"{code} {said}"
    judged = ReportClass.SOFT if is_temporary else ReportClass.HARD
    return bounce(who, words, judged, status=status, delay=is_temporary)
