"""A delivery: one digest to one subscriber; its row is the work list and the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class DeliveryState(StrEnum):
    """Where a delivery stands; design: `ready → claimed → sent | deferred | refused | in_doubt`."""

    READY = "ready"  #: planned, waiting for its turn
    CLAIMED = "claimed"  #: a worker has it
    SENT = "sent"  #: the next server took it; the inbox is not proven
    DEFERRED = "deferred"  #: told to come back; `next_attempt_at` is set
    REFUSED = "refused"  #: told never to come back
    IN_DOUBT = "in_doubt"  #: the reply to a complete message was lost
    SKIPPED = "skipped"  #: not sent on purpose; `reason` says why
    SUPERSEDED = "superseded"  #: a later edition of the same newsletter took its place
    EXPIRED = "expired"  #: deferred for longer than the newsletter allows
    POISON = "poison"  #: it crashed its worker twice


TERMINAL = frozenset(
    {
        DeliveryState.SENT,
        DeliveryState.REFUSED,
        DeliveryState.IN_DOUBT,
        DeliveryState.SKIPPED,
        DeliveryState.SUPERSEDED,
        DeliveryState.EXPIRED,
        DeliveryState.POISON,
    }
)


class Outcome(StrEnum):
    """What one attempt came to; every server's dialect is a table into these."""

    SENT = "sent"  #: 2xx to the complete message
    DEFERRED = "deferred"  #: 4xx, or no answer before the message was complete: safe to try again
    REFUSED = "refused"  #: 5xx for this recipient or message
    IN_DOUBT = "in_doubt"  #: complete message handed over, no usable reply
    SENDER_FAULT = "sender_fault"  #: our authentication, settings or reputation; never the reader's fault


class Phase(StrEnum):
    """The SMTP step an attempt had reached."""

    CONNECT = "connect"
    GREETING = "greeting"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"  #: content under way, final dot not handed over
    DOT = "dot"  #: final dot handed over: from here on a lost reply is in doubt


class Reply(NamedTuple):
    """A server's reply: code 0 when there was none; enhanced "" when it had none (RFC 2034, 3463)."""

    code: int
    enhanced: str
    text: str


class Envelope(NamedTuple):
    """One message for one recipient, ready for the wire.

    `content` is the whole message as joined bytes: CRLF line ends, no bare CR or LF, not dot-stuffed.
    `sender` and `recipient` are addresses as they stand in MAIL and RCPT, domains as A-labels.
    `wire_ready`: whoever made the content has seen to it that it needs no dot-stuffing and no mending of line
    ends, and is ASCII unless the recipient is not, so the sender need not look at every byte again. `token` makes
    the name of the delivery for whoever reports on it (ENVID, RFC 3461 §4.4), "" for none; it is only asked where a
    server takes it.
    """

    delivery_id: int
    sender: str
    recipient: str
    content: bytes
    needs_smtputf8: bool = False
    wire_ready: bool = False
    token: Callable[[], str] = str


class Attempt(NamedTuple):
    """One SMTP try of a delivery: which server, how far, its words, when (aware UTC)."""

    delivery_id: int
    outcome: Outcome
    phase: Phase
    reply: Reply
    server: str
    started_at: datetime
    finished_at: datetime
