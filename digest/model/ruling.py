"""A ruling: what an editor decided about one article, for one newsletter or for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RulingKind(StrEnum):
    """What an editor can decide; where two say different things, whatever keeps the article out wins."""

    PIN = "pin"  #: it leads every digest, whatever the reader follows, until its time
    EXCLUDE = "exclude"  #: it is in no digest, until its time
    EMBARGO = "embargo"  #: it is in no digest before its time
    EXPIRE = "expire"  #: it is in no digest from its time on


@dataclass(frozen=True, slots=True)
class Ruling:
    """One decision: about which article, in which newsletter ("" is all), until (or, to expire, from) when, by whom.

    `until` None is "until it is cleared"; an embargo and an expiry always have a time.
    """

    article_id: int
    kind: RulingKind
    newsletter: str
    until: datetime | None
    by: str
    at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it is in force at *now*."""
        if self.until is None:
            return True
        return now >= self.until if self.kind is RulingKind.EXPIRE else now < self.until
