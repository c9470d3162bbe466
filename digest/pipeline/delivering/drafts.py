"""Make the messages of claimed rows, one after the other; what keeps one from being made is its row's result."""

from __future__ import annotations

from collections.abc import Iterable

from digest.delivery.making import Making
from digest.errors import BadInput, NotFound
from digest.log import get_logger
from digest.model.delivery import Attempt, DeliveryState, Envelope, Outcome, Phase, Reply
from digest.pipeline.delivering.messages import KeyGone, Messages
from digest.pipeline.delivering.settle import AFTER_OUR_FAULT, STOPPED
from digest.pipeline.installation import Installation
from digest.store.dispatching import Claim, Result

CRASHED = "crashed"


class Drafts:
    """The messages of one run; *making* tells which one is being made, for whoever finds us dead."""

    def __init__(self, house: Installation, making: Making) -> None:
        self._house = house
        self._making = making
        self._messages = Messages(house)

    def expect(self, claims: Iterable[Claim]) -> None:
        """Take note of what is to be made next."""
        self._messages.expect(each.digest_id for each in claims)

    def make(self, claim: Claim) -> Envelope | Result:
        """Return the message of *claim*, or what becomes of the row because it cannot be made."""
        self._making.begin(claim.delivery_id)
        try:
            envelope = self._messages.envelope(claim)
        except KeyGone as error:
            # It came due in this sending, so the next one parts from that key.
            return self._later(claim, str(error), "key_gone")
        except (BadInput, NotFound) as error:
            # The reader's own data cannot stand in a message: trying again would not help.
            return self._untried(claim, Outcome.REFUSED, str(error), DeliveryState.REFUSED, "not_made")
        except Exception as error:  # noqa: BLE001 - one mail that cannot be made keeps no other back
            get_logger().exception("message_not_made", delivery=claim.delivery_id)
            return self._later(claim, repr(error), CRASHED)
        self._making.end()
        return envelope

    def stopped(self, claim: Claim) -> Result:
        """Return what becomes of a row that was stopped before its message was made: it is due again at once."""
        result = self._untried(claim, Outcome.DEFERRED, STOPPED, DeliveryState.DEFERRED, STOPPED)
        return result._replace(next_attempt_at=result.attempt.finished_at)

    def _later(self, claim: Claim, why: str, reason: str) -> Result:
        result = self._untried(claim, Outcome.SENDER_FAULT, why, DeliveryState.DEFERRED, reason)
        return result._replace(next_attempt_at=result.attempt.finished_at + AFTER_OUR_FAULT)

    def _untried(self, claim: Claim, outcome: Outcome, why: str, state: DeliveryState, reason: str) -> Result:
        now = self._house.clock.now()
        attempt = Attempt(claim.delivery_id, outcome, Phase.CONNECT, Reply(0, "", why), "", now, now)
        return Result(claim, attempt, state, reason)
