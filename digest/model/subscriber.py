"""A subscriber, what they agreed to, and the profile their interests make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import IntFlag, StrEnum

from digest.model.frequency import Frequency


@dataclass(frozen=True, slots=True, order=True)
class Follow:
    """One followed topic. `since` is the day from which it was followed, None when long ago."""

    topic: str
    weight: float = 1.0
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Interests:
    """One distinct set of interests; shared by every reader who has the same.

    Everything is sorted, so equal sets are equal values. `everything` takes each article of the newsletter;
    it is what a reader gets who named no topic and no keyword, or asked for it (`wants_all`), and then what they
    follow comes first. `muted` beats any score. With `surprise` one article of each mail is from outside the interests.
    """

    follows: tuple[Follow, ...] = ()
    muted: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    wants_all: bool = False
    surprise: bool = False

    @property
    def everything(self) -> bool:
        """Whether this reader gets each article: asked for it, or named nothing in particular."""
        return self.wants_all or (not self.follows and not self.keywords)

    def without_days_before(self, earliest: date) -> Interests:
        """Return them with no day since which a topic is followed that is before *earliest*."""
        if not any(follow.since for follow in self.follows):
            return self
        follows = (
            replace(each, since=each.since if each.since and each.since >= earliest else None) for each in self.follows
        )
        return replace(self, follows=tuple(follows))


class SubscriptionState(StrEnum):
    """Where an agreement stands."""

    PENDING = "pending"  #: asked for, not confirmed
    ACTIVE = "active"
    PAUSED = "paused"  #: until `paused_until`, or until the reader resumes
    ENDED = "ended"  #: with a reason


class Joins(IntFlag):
    """Which mails of a reader are joined; kept as a number."""

    NOTHING = 0
    NEWSLETTERS = 1  #: those of a day are one mail
    EVENTS = 2  #: a stream that the reader wants with the newsletter


class EndedReason(StrEnum):
    """Why a subscription ended."""

    ONE_CLICK = "one_click"  #: RFC 8058 POST from a mail program
    PAGE = "page"  #: the button on our page
    MAIL = "mail"  #: the mail of List-Unsubscribe, or an answer that says so
    ADMIN = "admin"
    ERASED = "erased"
    SUPPRESSED = "suppressed"  #: bounced or complained


@dataclass(frozen=True, slots=True)
class Consent:
    """How somebody agreed: where, when (aware UTC)."""

    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person who asked for mail, by mailbox.

    `address` is what we write to (normalised); `locale` is the language of the frame; `zone` an IANA name.
    """

    address: str
    name: str = ""
    locale: str = "en"
    zone: str = "UTC"
    subscriber_id: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscriber's agreement to one newsletter."""

    newsletter: str
    interests: Interests
    state: SubscriptionState = SubscriptionState.ACTIVE
    send_at: time | None = None
    frequency: Frequency | None = None
    consent: Consent | None = None
    paused_until: datetime | None = None
    ended_reason: EndedReason | None = None
    subscription_id: int = 0


class SuppressionReason(StrEnum):
    """Why an address must not be mailed."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ADMIN = "admin"
    ERASED = "erased"
