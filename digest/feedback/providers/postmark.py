"""Postmark's webhooks: one record each. Its ids are its own, so the mail is found by what hangs on it or is quoted."""

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

_JUDGED = {
    "HardBounce": ReportClass.HARD,
    "BadEmailAddress": ReportClass.HARD,
    "SoftBounce": ReportClass.SOFT,
    "Transient": ReportClass.SOFT,
    "DnsError": ReportClass.SOFT,
    "Unknown": ReportClass.SOFT,
    "SpamNotification": ReportClass.BLOCK,
    "Blocked": ReportClass.BLOCK,
    "VirusNotification": ReportClass.BLOCK,
    "DMARCPolicy": ReportClass.BLOCK,
}
_STATUS = {"BadEmailAddress": "5.1.3"}


def read_postmark(payload: Any) -> list[Told]:
    """Return the record, if it says something of a mail."""
    row = row_of(payload)
    report = _report(row)
    if report is None:
        return []
    content = row.get("Content")
    signs = signs_of_event(
        report.recipient,
        custom=[*strings_in(row.get("Metadata")), text_of(row, "Tag")],
        quoted=_mail_in(content if isinstance(content, str) else ""),
    )
    name = text_of(row, "ID") or text_of(row, "MessageID")
    return [Told(f"{text_of(row, 'RecordType')}:{name}" if name else "", report, signs)]


def _report(row: Any) -> Report | None:
    who = text_of(row, "Email") or text_of(row, "Recipient")
    match text_of(row, "RecordType"):
        case "Bounce":
            kind = text_of(row, "Type")
            if kind == "SpamComplaint":
                return complaint(who)
            if kind == "Unsubscribe":
                return leaving(who)
            words = text_of(row, "Details") or text_of(row, "Description")
            return bounce(who, words, _JUDGED[kind], status=_STATUS.get(kind, "")) if kind in _JUDGED else None
        case "SpamComplaint":
            return complaint(who)
        case "SubscriptionChange":
            is_wish = text_of(row, "SuppressionReason") == "ManualSuppression" and row.get("SuppressSending") is True
            return leaving(who) if is_wish else None
        case "Delivery":
            return delivered(who)
    return None


def _mail_in(content: str) -> str:
    """Return the fields of the mail that a bounce quotes last, from the first that tells which one it was."""
    lowered = content.lower()
    found = [at for sign in ("\nlist-unsubscribe:", "\nmessage-id:") if (at := lowered.rfind(sign)) >= 0]
    return content[min(found) + 1 :] if found else ""
