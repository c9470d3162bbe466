"""Brevo's transactional webhooks: one event each."""

from __future__ import annotations

from typing import Any

from digest.feedback.providers.told import Told, bounce, complaint, delivered, leaving, row_of, signs_of_event, text_of
from digest.model.feedback import Report, ReportClass


def read_brevo(payload: Any) -> list[Told]:
    """Return the events, if they say something of a mail; a batch is a list."""
    rows = payload if isinstance(payload, list) else [payload]
    found = []
    for row in map(row_of, rows[:1_000]):
        report = _report(row)
        if report is None:
            continue
        signs = signs_of_event(
            report.recipient,
            message_id=text_of(row, "message-id"),
            custom=[text_of(row, "X-Mailin-custom"), text_of(row, "tag")],
        )
        parts = (text_of(row, "message-id"), report.recipient, text_of(row, "event"), text_of(row, "ts_event"))
        found.append(Told(":".join(parts) if all(parts) else "", report, signs))
    return found


def _report(row: Any) -> Report | None:
    who, words = text_of(row, "email"), text_of(row, "reason")
    match text_of(row, "event"):
        case "hard_bounce":
            return bounce(who, words, ReportClass.HARD)
        case "invalid_email":
            return bounce(who, words, ReportClass.HARD, status="5.1.3")
        case "soft_bounce":
            return bounce(who, words, ReportClass.SOFT)
        case "blocked" | "error":
            return bounce(who, words, ReportClass.BLOCK)
        case "deferred":
            return bounce(who, words, ReportClass.SOFT, delay=True)
        case "spam":
            return complaint(who)
        case "unsubscribed":
            return leaving(who)
        case "delivered":
            return delivered(who)
    return None
