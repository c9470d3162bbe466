"""What the connections of one draining share: the queue, the gate and the record."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from digest.clock import Clock
from digest.delivery.outcomes import stops_everything
from digest.model.delivery import Attempt, Envelope, Outcome, Phase, Reply

Take = Callable[[], Envelope | Awaitable[Envelope | None] | None]


class Recorder(Protocol):
    """Keeps the record that a crash must not lose. Both are called on the event loop: be quick."""

    def about_to_complete(self, envelope: Envelope) -> bool:
        """Note that the message may be complete from now on; False stops it, and nothing of it was sent."""
        ...

    def finished(self, attempt: Attempt) -> None:
        """Note what came of it. An error raised here ends the draining."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for a server: first, doubling to longest; after `give_up` without one, stop."""

    first: float = 1.0
    longest: float = 15.0
    give_up: float = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing more is tried: whose words, in which phase, of which server."""

    outcome: Outcome
    phase: Phase
    reply: Reply
    server: str


@dataclass(frozen=True, slots=True)
class DrainResult:
    """What a draining came to.

    `fault` closed the gate: nothing more should be tried before a person has looked. `gave_up` says that the
    server stayed away: drain again later. `unsent` were taken and not tried because of a fault: give their
    claims back.
    """

    outcomes: Mapping[Outcome, int]
    fault: Fault | None
    gave_up: Fault | None
    unsent: tuple[Envelope, ...]
    connections_opened: int


@dataclass(frozen=True, slots=True)
class Limits:
    """After how many in a row the gate closes: faults of ours, and messages whose reply was lost."""

    faults: int = 5
    in_doubt: int = 3


@dataclass(slots=True)
class Traffic:
    """The messages under way and the rules for all lanes."""

    take: Take
    recorder: Recorder
    clock: Clock
    limits: Limits
    patience: Patience
    pipelining: bool = True  # False once the server has shown that it cannot
    live: int = 0  # lanes with an open connection
    opened: int = 0
    exhausted: bool = False
    fault: Fault | None = None
    gave_up: Fault | None = None
    error: Exception | None = None
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    unsent: list[Envelope] = field(default_factory=list)
    handed_back: deque[Envelope] = field(default_factory=deque)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    ending: asyncio.Event = field(default_factory=asyncio.Event)  # stopped, or nothing left to take
    away_since: float | None = None  # on the loop's clock
    takings: set[asyncio.Future[Envelope | None]] = field(default_factory=set)
    _faults_in_a_row: int = 0
    _doubts_in_a_row: int = 0

    @property
    def is_stopped(self) -> bool:
        """True when nothing more may be begun."""
        return self.stopped.is_set()

    def next(self) -> Envelope | asyncio.Future[Envelope | None] | None:
        """Return the next message, one that a lane gave back first; None when there is none.

        A future is cancelled when everything stops.
        """
        if self.is_stopped:
            return None
        if self.handed_back:
            return self.handed_back.popleft()
        taken = None if self.exhausted else self.take()
        if taken is None or isinstance(taken, Envelope):
            return taken
        taking = asyncio.ensure_future(taken)
        self.takings.add(taking)
        taking.add_done_callback(self.takings.discard)
        return taking

    def note_exhausted(self) -> None:
        """Note that `take` has nothing more."""
        self.exhausted = True
        self.ending.set()

    def close_gate(self, fault: Fault) -> None:
        """Begin nothing more, because of *fault*."""
        self.fault = self.fault or fault
        self._stop()

    def give_up(self, failure: Fault) -> None:
        """Begin nothing more: the server stayed away too long."""
        self.gave_up = self.gave_up or failure
        self._stop()

    def fail(self, error: Exception) -> None:
        """Begin nothing more: the recorder, or whoever gives us messages, raised *error*."""
        self.error = self.error or error
        self._stop()

    def _stop(self) -> None:
        self.stopped.set()
        self.ending.set()
        # Whoever takes may be waiting for outcomes that will not come any more.
        for taking in tuple(self.takings):
            taking.cancel()

    def note_connected(self) -> None:
        """Count a new connection."""
        self.live += 1
        self.opened += 1
        self.away_since = None

    def note(self, attempt: Attempt) -> None:
        """Record *attempt*, and close the gate when it shows that going on would do harm."""
        self.recorder.finished(attempt)
        outcome = attempt.outcome
        self.outcomes[outcome] += 1
        if outcome is Outcome.SENT:
            self._faults_in_a_row = self._doubts_in_a_row = 0
            return
        if outcome is Outcome.SENDER_FAULT:
            self._faults_in_a_row += 1
        elif outcome is Outcome.IN_DOUBT:
            self._doubts_in_a_row += 1
        if (
            stops_everything(attempt.reply, attempt.phase)
            or self._faults_in_a_row >= self.limits.faults
            or self._doubts_in_a_row >= self.limits.in_doubt
        ):
            self.close_gate(Fault(outcome, attempt.phase, attempt.reply, attempt.server))

    def defer(self, envelope: Envelope, failure: Fault) -> None:
        """Record that *envelope* could not even be begun."""
        now = self.clock.now()
        self.note(
            Attempt(
                delivery_id=envelope.delivery_id,
                outcome=Outcome.DEFERRED,
                phase=Phase.CONNECT,
                reply=failure.reply,
                server=failure.server,
                started_at=now,
                finished_at=now,
            )
        )

    def settle_leftovers(self) -> None:
        """Account for what was given back and found no lane: tried later, or not tried at all."""
        while self.handed_back:
            envelope = self.handed_back.popleft()
            if self.gave_up is not None and self.fault is None and self.error is None:
                self.defer(envelope, self.gave_up)
            else:
                self.unsent.append(envelope)
