"""Amazon SES, over SNS (notifications and event publishing of SES, as its developer guide writes them)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from digest.feedback.notification import read_notification
from digest.feedback.providers.told import Told, row_of, strings_in, text_of
from digest.feedback.read import report_of_notice
from digest.feedback.rules import shipped_rules
from digest.feedback.signs import signs_in
from digest.model.feedback import Signs

_MOST_FIELDS = 200


def read_ses(envelope: Mapping[str, Any]) -> list[Told]:
    """Return the events in an SNS message whose signature was checked; none when it is not about a mail."""
    inner = text_of_message(envelope)
    name = text_of(envelope, "MessageId")
    rules = shipped_rules()
    mail = row_of(_document(inner).get("mail"))
    return [
        Told(f"{name}:{number}" if name else "", report_of_notice(each, rules), _signs(mail, each.recipient))
        for number, each in enumerate(read_notification(inner))
    ]


def text_of_message(envelope: Mapping[str, Any]) -> str:
    """Return the document inside an SNS message, which is text."""
    message = envelope.get("Message")
    return message if isinstance(message, str) else ""


def _signs(mail: Mapping[str, Any], recipient: str) -> Signs:
    """Return the signs: SES gives a mail its own Message-ID and tells ours among the headers."""
    rows = mail.get("headers")
    fields = [
        (text_of(row, "name").lower(), text_of(row, "value"))
        for row in (rows[:_MOST_FIELDS] if isinstance(rows, list) else [])
        if isinstance(row, Mapping)
    ]
    common = row_of(mail.get("commonHeaders"))
    ids = [value for name, value in fields if name == "message-id"]
    links = [value for name, value in fields if name == "list-unsubscribe"]
    ids.append(f"<{text_of(common, 'messageId').strip('<> ')}>")
    hung = [text for each in row_of(mail.get("tags")).values() for text in strings_in(each)]
    return signs_in([text_of(mail, "source"), *hung], links, ids, [recipient])


def _document(text: str) -> Mapping[str, Any]:
    try:
        return row_of(json.loads(text))
    except (ValueError, RecursionError):
        return {}
