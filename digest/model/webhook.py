"""Webhooks of ours: whom we tell of what, as Standard Webhooks has it (standardwebhooks.com, 1.0.0)."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256


class Event(StrEnum):
    """What we tell of."""

    SUBSCRIBED = "subscriber.subscribed"  #: agreed to a newsletter, or came back to it
    UNSUBSCRIBED = "subscriber.unsubscribed"  #: left, or was put out
    SENT = "delivery.sent"  #: the next server took the mail
    FAILED = "delivery.failed"  #: it was refused, or given up
    BOUNCED = "delivery.bounced"  #: it came back
    COMPLAINED = "delivery.complained"  #: its reader called it spam
    ALERT = "alert.opened"  #: those who run this must hear of something


#: How long after each failed try the next one is; after the last a message is given up.
DELAYS = tuple(
    timedelta(seconds=each)
    for each in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
FAILING_FOR = timedelta(days=5)  #: without one success; then a webhook is told nothing more
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told; `disabled_because` says why it no longer is, "" while it is."""

    webhook_id: int
    url: str
    secret: str
    events: frozenset[Event]
    made_at: datetime
    failing_since: datetime | None = None
    last_error: str = ""
    disabled_because: str = ""


def secret_of(random: bytes) -> str:
    """Return a signing secret as people copy it; *random* are 24 to 64 bytes."""
    return _PREFIX + base64.b64encode(random).decode("ascii")


def message_id(webhook: Webhook, event: str, fact_id: int) -> str:
    """Return the id of a message: the same at each try, and nobody else's."""
    known = f"{webhook.webhook_id}.{event}.{fact_id}".encode()
    return f"msg_{hmac.new(webhook.secret.encode(), known, sha256).hexdigest()[:32]}"


def signed_headers(secret: str, message: str, at: datetime, content: bytes) -> dict[str, str]:
    """Return the headers that prove *content* to be ours: id, time in seconds, HMAC-SHA256 over both and it."""
    key, seconds = base64.b64decode(secret.removeprefix(_PREFIX)), int(at.timestamp())
    made = hmac.new(key, f"{message}.{seconds}.".encode() + content, sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(made).decode('ascii')}",
    }
