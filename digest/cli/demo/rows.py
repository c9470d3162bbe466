"""One reader of the demo and what came of it: the row that both the terminal and the page show.

The demo fills rows from the database; how they look is decided in `table` and `gallery`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from digest.model.delivery import DeliveryState
from digest.model.digest import SkipReason
from digest.model.subscriber import SubscriptionState

# Left-to-right and right-to-left override: they show letters in an order nobody wrote.
_OVERRIDES = frozenset("\u202d\u202e")

STATE_WORDS: Mapping[str, str] = {
    DeliveryState.READY: "waiting for its turn",
    DeliveryState.CLAIMED: "being sent",
    DeliveryState.SENT: "sent",
    DeliveryState.DEFERRED: "put off, will be tried again",
    DeliveryState.REFUSED: "refused by the mail server",
    DeliveryState.IN_DOUBT: "in doubt: the last reply was lost",
    DeliveryState.SKIPPED: "no mail",
    DeliveryState.SUPERSEDED: "replaced by a later edition",
    DeliveryState.EXPIRED: "given up after too many delays",
    DeliveryState.POISON: "held back: it crashed its worker twice",
}

REASON_WORDS: Mapping[str, str] = {
    SkipReason.NOTHING_NEW: "nothing new for these interests",
    SkipReason.TOO_FEW: "fewer articles than the newsletter sends at least; kept for next time",
    SkipReason.TOO_LARGE: "no article fits into the size that the newsletter allows",
    SkipReason.UNSUBSCRIBED: "unsubscribed",
    SkipReason.PAUSED: "paused by the reader",
    SkipReason.SUPPRESSED: "the address must not be mailed",
    SkipReason.CANCELLED: "the edition was called off",
    SkipReason.MISSED: "the hour had passed too long ago",
    SkipReason.NOT_APPROVED: "nobody approved the edition in time",
    SkipReason.TOGETHER: "it is a part of another mail, or waits to be one",
    SkipReason.COALESCED: "a later mail took its place after downtime",
    SkipReason.ZONE_CHANGED: "the reader moved to another zone, where this day had passed or had its mail",
    SubscriptionState.PENDING: "not confirmed yet",
    SubscriptionState.ENDED: "unsubscribed",
}


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """One reader, what they follow, and what they got or why they got nothing.

    `zone` is an IANA name; `hour` the local time they chose ("07:00"); `follows` topics and keywords as
    readers see them ("everything" when empty). `slot_local` is the slot in their zone (aware), None when
    none was due. `state` is a DeliveryState, or "" when no delivery was planned; `reason` a SkipReason, the
    state of a subscription, or a sentence. `articles` are (title, why) in the order of the mail.
    """

    address: str
    name: str
    locale: str
    zone: str
    hour: str
    follows: tuple[str, ...]
    slot_local: datetime | None
    state: str
    reason: str = ""
    articles: tuple[tuple[str, str], ...] = ()

    @property
    def got_mail(self) -> bool:
        """Whether the mail server took this reader's message."""
        return self.state == DeliveryState.SENT


def outcome_of(row: ReaderRow) -> str:
    """Return in words what came of *row*: the state, and the reason when there is one."""
    state = STATE_WORDS.get(row.state, row.state) or "no mail"
    reason = REASON_WORDS.get(row.reason, row.reason)
    return f"{state}: {reason}" if reason else state


def local_time(moment: datetime) -> str:
    """Return an aware time as readers say it, with its zone: "Mon 23 Nov 2026, 07:00 KST"."""
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    # Not strftime("%a"): that follows the language of the machine.
    day = f"{days[moment.weekday()]} {moment.day} {months[moment.month - 1]} {moment.year}"
    return f"{day}, {moment:%H:%M} {zone_label(moment)}"


def zone_label(moment: datetime) -> str:
    """Return the zone of an aware time: its letters ("KST"), or its offset where it has none ("UTC+04:00")."""
    letters = moment.tzname() or ""
    if letters.isalpha():
        return letters
    offset = f"{moment:%z}".replace("-", "\u2212")  # a minus sign, where no line may break
    return f"UTC{offset[:3]}:{offset[3:5]}" if offset.strip("+\u22120") else "UTC"


def plain(text: str) -> str:
    """Return *text* as one line that cannot steer a terminal; what could becomes U+FFFD.

    Subjects and titles come from outside, and an escape sequence in one could repaint the screen. Lone
    surrogates, which undecodable header bytes leave behind, could not be written at all.
    """
    line = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") or c in _OVERRIDES else c for c in line)
