"""Faults of ours: an edition that servers refuse for what it is, or for who we are, is paused and names the cause.

Five such answers among a hundred messages are enough: the rest of the edition could only meet the same.
"""

from __future__ import annotations

from collections import defaultdict, deque

from digest.delivery.outcomes import stops_everything
from digest.delivery.pool import Fault
from digest.log import get_logger
from digest.model.delivery import Attempt, Outcome
from digest.pipeline.delivering.sending import Paused
from digest.pipeline.delivering.settle import SENDER_FAULT
from digest.pipeline.installation import Installation
from digest.store.dispatching import Claim
from digest.store.editions import find_edition, move_edition
from digest.store.setbacks import ready_again

_FAULTS = 5
_AMONG = 100  # messages


class Faults:
    """Counts faults per edition in one run and pauses those that have too many."""

    def __init__(self, house: Installation) -> None:
        self._house = house
        self._seen: defaultdict[int, deque[int]] = defaultdict(lambda: deque(maxlen=_FAULTS))
        self._paused: dict[int, Paused] = {}
        self._to_pause: dict[int, Fault] = {}

    @property
    def paused(self) -> tuple[Paused, ...]:
        """The editions that this run has paused."""
        return tuple(self._paused.values())

    @property
    def is_pausing(self) -> bool:
        """Whether an edition is to be paused once its results are on record."""
        return bool(self._to_pause)

    def note(self, claim: Claim, attempt: Attempt, finished: int) -> None:
        """Note what came of a message that was not sent, the *finished*-th of the run."""
        # A fault of the way itself is no edition's: the pool stops for that.
        if attempt.outcome is not Outcome.SENDER_FAULT or stops_everything(attempt.reply, attempt.phase):
            return
        seen = self._seen[claim.edition_id]
        seen.append(finished)
        if claim.edition_id not in self._paused and len(seen) == _FAULTS and finished - seen[0] < _AMONG:
            self._to_pause[claim.edition_id] = Fault(attempt.outcome, attempt.phase, attempt.reply, attempt.server)

    def pause(self) -> frozenset[int]:
        """Pause what must be, in a transaction of its own; return the ids of all that are paused."""
        with self._house.engine.begin() as connection:
            for edition_id, fault in self._to_pause.items():
                edition = find_edition(connection, str(edition_id))
                if move_edition(connection, edition, ("open",), "paused"):
                    self._paused[edition_id] = paused = Paused(edition.name, fault)
                    get_logger().error("edition_paused", edition=edition.name, why=paused.words)
        self._to_pause.clear()
        return frozenset(self._paused)

    def give_back(self) -> None:
        """Make the readers' rows due again, for when the edition is resumed; call it when nothing is under way."""
        if not self._paused:
            return
        with self._house.engine.begin() as connection:
            for edition_id in self._paused:
                ready_again(connection, edition_id, reason=SENDER_FAULT, now=self._house.clock.now())
