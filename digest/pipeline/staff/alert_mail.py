"""Mails to operators: one alert each, plain text, by the mail servers that readers' mails go by."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from urllib.parse import urlsplit

from sqlalchemy import Connection

from digest.model.alert import Alert
from digest.model.delivery import Envelope
from digest.pipeline.installation import Installation
from digest.rendering.clean import clean_text
from digest.store.newsletters import load_newsletters

_LONGEST_SUBJECT = 120


def mail_of(house: Installation, connection: Connection, alert: Alert, operators: Sequence[str]) -> list[Envelope]:
    """Return the mail that tells each of *operators* of *alert*, from the sender of the first newsletter."""
    newsletters = load_newsletters(connection)
    host = urlsplit(house.base_url).hostname or "localhost"
    chosen = newsletters.get(alert.cause.newsletter) or next(iter(newsletters.values()), None)
    sender = chosen.sender.address if chosen else f"digest@{host}"
    said = clean_text(alert.cause.says)
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Digest <{sender}>"
    message["Subject"] = f"[Digest] {said[:_LONGEST_SUBJECT]}"
    message["Date"] = format_datetime(alert.first_at)
    message["Auto-Submitted"] = "auto-generated"
    message["Message-ID"] = make_msgid(f"alert-{alert.alert_id}", sender.rpartition("@")[2])
    message.set_content(
        f"{said}\n\nFirst seen {alert.first_at:%Y-%m-%d %H:%M} UTC, last {alert.last_at:%Y-%m-%d %H:%M} UTC."
        f"\nAll that is open: {house.base_url}/staff/alerts\nWhile it lasts there is no other mail of it.\n"
    )
    found = []
    for operator in operators:
        del message["To"]
        message["To"] = operator
        found.append(Envelope(0, sender, operator, message.as_bytes()))
    return found
