"""Segments: readers by what is true of them. Every claim is one of this list; a segment is all of its claims."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Claim(StrEnum):
    """What may be said of a reader; those of a subscription are all said of the same one."""

    ADDRESS_BEGINS = "address-begins"
    ADDRESS_IS = "address-is"
    NAME_HAS = "name-has"
    DOMAIN_IS = "domain-is"
    DOMAIN_IS_NOT = "domain-is-not"
    ZONE_IS = "zone-is"
    ZONE_IS_NOT = "zone-is-not"
    LANGUAGE_IS = "language-is"
    LANGUAGE_IS_NOT = "language-is-not"
    JOINED_SINCE = "joined-since"
    JOINED_BEFORE = "joined-before"
    NEWSLETTER_IS = "newsletter-is"
    STATE_IS = "state-is"
    STATE_IS_NOT = "state-is-not"
    ENDED_BY = "ended-by"
    TOPIC_FOLLOWED = "topic-followed"
    TOPIC_NOT_FOLLOWED = "topic-not-followed"
    SENT_SINCE = "sent-since"
    NOT_SENT_SINCE = "not-sent-since"
    BOUNCED = "bounced"


class Kind(StrEnum):
    """What the values of a claim are."""

    TEXT = "text"
    ADDRESS = "address"
    BEGINNING = "beginning"
    DOMAIN = "domain"
    ZONE = "zone"
    LANGUAGE = "language"
    DAY = "day"  #: 2026-11-23, from midnight UTC
    NEWSLETTER = "newsletter"
    STATE = "state"
    REASON = "reason"
    TOPIC = "topic"
    REPORT = "report"


KINDS = {
    Claim.ADDRESS_BEGINS: Kind.BEGINNING,
    Claim.ADDRESS_IS: Kind.ADDRESS,
    Claim.NAME_HAS: Kind.TEXT,
    Claim.DOMAIN_IS: Kind.DOMAIN,
    Claim.DOMAIN_IS_NOT: Kind.DOMAIN,
    Claim.ZONE_IS: Kind.ZONE,
    Claim.ZONE_IS_NOT: Kind.ZONE,
    Claim.LANGUAGE_IS: Kind.LANGUAGE,
    Claim.LANGUAGE_IS_NOT: Kind.LANGUAGE,
    Claim.JOINED_SINCE: Kind.DAY,
    Claim.JOINED_BEFORE: Kind.DAY,
    Claim.NEWSLETTER_IS: Kind.NEWSLETTER,
    Claim.STATE_IS: Kind.STATE,
    Claim.STATE_IS_NOT: Kind.STATE,
    Claim.ENDED_BY: Kind.REASON,
    Claim.TOPIC_FOLLOWED: Kind.TOPIC,
    Claim.TOPIC_NOT_FOLLOWED: Kind.TOPIC,
    Claim.SENT_SINCE: Kind.DAY,
    Claim.NOT_SENT_SINCE: Kind.DAY,
    Claim.BOUNCED: Kind.REPORT,
}
#: Claims with one value; the others hold for any of several.
SINGLE = frozenset({Kind.TEXT, Kind.BEGINNING, Kind.DAY})


@dataclass(frozen=True, slots=True)
class Condition:
    """One claim and its values, checked and in the form in which the database has them; days are ISO 8601."""

    claim: Claim
    values: tuple[str, ...]

    @property
    def text(self) -> str:
        """The values as a person writes them."""
        return ", ".join(self.values)
