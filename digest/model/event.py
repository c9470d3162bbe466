"""An event: something that happened in a product and that somebody wants to hear of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Actor(NamedTuple):
    """Who did it: the product's own id, the name that readers see, the address if they may be a reader too."""

    id: str = ""
    name: str = ""
    address: str = ""


class Thing(NamedTuple):
    """What it was done to: the product's own id like "article:7", its name, where it is found."""

    id: str = ""
    name: str = ""
    url: str = ""


class Recipient(NamedTuple):
    """For whom it is: one of an address, a subscriber, or everybody who follows an object."""

    address: str = ""
    subscriber_id: int = 0
    followers_of: str = ""


class Event(NamedTuple):
    """One event as a product sent it; times are aware UTC.

    `group_key` is "" without one, else the JSON of what was sent, so that 0, "" and none are three groups.
    `dedupe_key` "" is none: then it is never a repetition.
    """

    stream: str
    recipient: Recipient
    category: str
    actor: Actor
    object: Thing
    group_key: str
    dedupe_key: str
    critical: bool
    occurred_at: datetime
    expires_at: datetime | None
    payload: Mapping[str, Any]


class Answer(StrEnum):
    """What became of an event that was handed in."""

    ACCEPTED = "accepted"
    CANCELLED = "cancelled"  #: what was handed in asked for that, and something was still to be cancelled
    READ = "read"  #: what was handed in asked to leave an event out for a reader, and no mail of it has left
    DUPLICATE = "duplicate"  #: its dedupe key is known; nothing was added
    SUPPRESSED = "suppressed"  #: nobody is to get it; `reason` says why
    REFUSED = "refused"  #: it cannot be used; `reason` says what to mend


class Added(NamedTuple):
    """The answer to one event; `readers`: for how many it was added, or cancelled."""

    answer: Answer
    reason: str = ""
    readers: int = 0


class Outcome(StrEnum):
    """What became of an event for one reader; what was gathered shares the fate of its delivery."""

    PENDING = ""  #: in a window that has not closed
    GATHERED = "gathered"  #: in a digest
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"  #: with a reason
