"""What comes back: a report about one recipient of one mail, as its sender's server, provider or reader told it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReportKind(StrEnum):
    """What sort of mail came back."""

    BOUNCE = "bounce"  #: it could not be delivered (RFC 3464 `failed`, or the like in free words)
    DELAYED = "delayed"  #: it is still being tried
    DELIVERED = "delivered"  #: delivered, relayed or expanded, as somebody asked to be told
    COMPLAINT = "complaint"  #: a feedback report (RFC 5965); `feedback_type` says which
    AUTO_REPLY = "auto-reply"  #: a vacation notice, a receipt, any answer of a machine (RFC 3834, RFC 8098)
    LEAVE = "leave"  #: a reader who wants no more of it: the mail of List-Unsubscribe, or an answer
    CHALLENGE = "challenge"  #: a machine that wants a proof before it lets mail through
    UNKNOWN = "unknown"  #: no report that we know


class ReportClass(StrEnum):
    """What a report says about the address."""

    HARD = "hard"  #: the address is dead
    SOFT = "soft"  #: not this time
    BLOCK = "block"  #: refused for what the mail or its sender is; never the reader's fault
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto-reply"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Report:
    """One recipient of one report.

    `status` is an enhanced code (RFC 3463) and `reply_code` three digits (RFC 5321 §4.2), "" where there are none;
    a status that nobody wrote is made from what the words say. `recipient` is the address as the report has it, ""
    when it was taken out; nothing here proves that it is true. `cause` is the finer word of our tables, `text` what
    was read it from. `envelope_id` is the ENVID of the mail (RFC 3461 §4.4) and `message_id` its Message-ID.
    """

    kind: ReportKind
    report_class: ReportClass
    status: str = ""
    reply_code: str = ""
    recipient: str = ""
    cause: str = ""
    is_sender_fault: bool = False
    feedback_type: str = ""
    text: str = ""
    envelope_id: str = ""
    message_id: str = ""


class Effect(StrEnum):
    """What hearing a report came to."""

    NOTHING = "nothing"  #: it changed nothing for anybody; forged, about us, or said before
    COUNTED = "counted"  #: it stands on the reader's account, and does not suffice alone
    SUPPRESSED = "suppressed"  #: the address is not mailed any more
    LEFT = "left"  #: the reader asked to leave a newsletter, and has left


@dataclass(frozen=True, slots=True)
class Signs:
    """What in a report may tell which mail it is about, most telling first; nothing here is proved yet.

    `bounce_tags` may be signed names of a delivery (VERP, ENVID), `leave_tags` of a subscription. A Message-ID is
    found among the mails to `addresses`.
    """

    bounce_tags: tuple[str, ...] = ()
    leave_tags: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
