"""Notifications of a sending service as JSON in a mail (Amazon SES over SNS): bounces, complaints, deliveries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MAX_RECIPIENTS = 1000
_LISTS = {
    "bounce": ("bounce", "bouncedRecipients"),
    "complaint": ("complaint", "complainedRecipients"),
    "delivery": ("delivery", "recipients"),
    "deliverydelay": ("deliveryDelay", "delayedRecipients"),
}
#: What a service calls a bounce -> the subject and detail of the code that says so.
_BOUNCE_TYPES = {
    ("Permanent", "NoEmail"): "5.1.1",
    ("Transient", "MailboxFull"): "4.2.2",
    ("Transient", "MessageTooLarge"): "5.3.4",
    ("Transient", "ContentRejected"): "5.6.0",
}


@dataclass(frozen=True, slots=True)
class Notified:
    """One recipient of a notification; `event` is "bounce", "complaint", "delivery" or "deliverydelay"."""

    event: str
    recipient: str
    status: str
    diagnostic: str
    feedback_type: str
    is_permanent: bool


def read_notification(text: str) -> list[Notified]:
    """Return the recipients of the notification that *text* begins with; none when it is no notification."""
    document = _document(text)
    if isinstance(document.get("Message"), str):
        document = _document(document["Message"])
    event = str(document.get("notificationType") or document.get("eventType") or "").lower()
    if event not in _LISTS:
        return []
    name, recipients = _LISTS[event]
    facts = document.get(name)
    if not isinstance(facts, dict):
        return []
    listed = facts.get(recipients)
    return [_notified(event, facts, each) for each in (listed if isinstance(listed, list) else [])[:MAX_RECIPIENTS]]


def _notified(event: str, facts: dict[str, Any], each: Any) -> Notified:
    row = each if isinstance(each, dict) else {"emailAddress": each}
    kind = (_word(facts, "bounceType"), _word(facts, "bounceSubType"))
    return Notified(
        event=event,
        recipient=_word(row, "emailAddress"),
        status=_word(row, "status") or _BOUNCE_TYPES.get(kind, ""),
        diagnostic=_word(row, "diagnosticCode") or _word(facts, "smtpResponse"),
        feedback_type=_word(facts, "complaintFeedbackType"),
        is_permanent=kind[0] == "Permanent",
    )


def _word(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return value[:4000] if isinstance(value, str) else ""


def _document(text: str) -> dict[str, Any]:
    start = text.lstrip()
    if not start.startswith("{"):
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
