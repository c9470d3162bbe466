"""Alerts: what those who run an installation must hear of, one for each cause while it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """What is wrong."""

    NEWSLETTER_PAUSED = "newsletter_paused"  #: it paused itself, for dead addresses or complaints
    RELAY_DOWN = "relay_down"  #: a mail server is left alone, for it failed again and again
    SOURCE_FAILING = "source_failing"  #: several visits in a row went wrong
    IN_DOUBT = "in_doubt"  #: mails of which nobody knows whether they arrived wait for a decision
    EDITION_LATE = "edition_late"  #: mails, or the planning of them, are later than an hour
    APPROVAL_DUE = "approval_due"  #: an edition waits for an approval, and its first readers are due soon
    WEBHOOK_FAILING = "webhook_failing"  #: a program that is told what happens does not take it
    DISK_FULL = "disk_full"  #: little room is left where the journals are
    JOURNAL_DAMAGED = "journal_damaged"  #: part of a sender's journal could not be read and was put aside


class AlertState(StrEnum):
    """How an alert stands."""

    OPEN = "open"
    ASIDE = "aside"  #: somebody has seen it; the cause is still there
    CLOSED = "closed"  #: the cause is gone


#: Seen by the process itself, not in the rows: each process tells what it sees.
LOCAL = frozenset({AlertKind.RELAY_DOWN, AlertKind.DISK_FULL, AlertKind.JOURNAL_DAMAGED})


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that is wrong now: about what, in words of one line, how many times or things, and the newsletter."""

    kind: AlertKind
    subject: str
    says: str
    count: int = 1
    newsletter: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A cause with when it was seen first and last; `closed_by` "" for by itself."""

    alert_id: int
    cause: Cause
    state: AlertState
    first_at: datetime
    last_at: datetime
    closed_at: datetime | None
    closed_by: str
    mailed_at: datetime | None
