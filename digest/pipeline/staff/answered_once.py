"""Idempotency keys: a request that is made twice with one key is done once, and answered alike both times.

Kept for a day. A request under way is told so; one that failed on our side may be made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from hashlib import sha256

from digest.pipeline.installation import Installation
from digest.store import api_tokens
from digest.store.api_tokens import Answered
from digest.store.engine import reading

KEPT = timedelta(hours=24)
LONGEST_KEY = 255
_GIVEN_UP = timedelta(minutes=10)  # the process that had it is gone


class Turn(Enum):
    """What is to be done with a request."""

    DO = auto()  #: it is new
    REPEAT = auto()  #: it was answered: say that again
    WAIT = auto()  #: it is under way
    OTHER = auto()  #: its key was used for something else


@dataclass(frozen=True, slots=True)
class Once:
    """The record of the requests of one token with one key."""

    house: Installation
    token_id: int
    key: str

    def begin(self, asked: bytes) -> tuple[Turn, Answered | None]:
        """Return what is to be done, and the answer on record; *asked* is all that the request says."""
        now, asked_hash = self.house.clock.now(), sha256(asked).hexdigest()
        with self.house.engine.begin() as connection:
            known = api_tokens.begin_request(
                connection, self.token_id, self._hashed, asked_hash, now=now, since=now - KEPT
            )
            if known is None:
                return Turn.DO, None
            if known.request_hash != asked_hash:
                return Turn.OTHER, None
            if known.status:
                return Turn.REPEAT, known
            if known.at + _GIVEN_UP > now:
                return Turn.WAIT, None
            api_tokens.drop_request(connection, self.token_id, self._hashed)
            api_tokens.begin_request(connection, self.token_id, self._hashed, asked_hash, now=now, since=now - KEPT)
        return Turn.DO, None

    def end(self, status: int, kind: str, body: bytes) -> None:
        """Keep the answer; one that tells of a fault of ours is not kept."""
        with self.house.engine.begin() as connection:
            if status >= 500:
                api_tokens.drop_request(connection, self.token_id, self._hashed)
            else:
                api_tokens.end_request(connection, self.token_id, self._hashed, status, kind, body)

    @property
    def _hashed(self) -> str:
        return sha256(self.key.encode()).hexdigest()


def forget_answered(house: Installation) -> None:
    """Forget every answer that is older than a day; looking writes nothing when there is none."""
    since = house.clock.now() - KEPT
    with reading(house.engine) as connection:
        if not api_tokens.has_requests(connection, since):
            return
    with house.engine.begin() as connection:
        api_tokens.forget_requests(connection, since)
