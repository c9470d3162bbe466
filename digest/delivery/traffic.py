"""What the connections of one draining share: the queue, the gate and the record."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from digest.clock import Clock
from digest.delivery.breaker import Circuit
from digest.delivery.outcomes import stops_everything
from digest.delivery.relays import Fault, Server
from digest.log import get_logger
from digest.model.delivery import Attempt, Envelope, Outcome

_T = TypeVar("_T")
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
    """Seconds to wait for a server: first, doubling to longest; after `give_up` without one, stop.

    `first_contact` takes the place of `give_up` while not one connection has been made; None: the same.
    """

    first: float = 1.0
    longest: float = 15.0
    give_up: float = 60.0
    first_contact: float | None = None


@dataclass(frozen=True, slots=True)
class DrainResult:
    """What a draining came to.

    `fault` closed the gate: nothing more should be tried before a person has looked. `gave_up` says that the
    server stayed away: drain again later.
    """

    fault: Fault | None
    gave_up: Fault | None


@dataclass(frozen=True, slots=True)
class Limits:
    """After how many in a row the gate closes: faults of ours, and messages whose reply was lost.

    `faults` None: only a fault that the next message could only meet again closes it.
    """

    faults: int | None = 5
    in_doubt: int = 3


@dataclass(slots=True)
class Traffic:
    """The messages under way and the rules for all lanes. A take that is cancelled must have lost nothing."""

    take: Take
    recorder: Recorder
    clock: Clock
    limits: Limits
    patience: Patience
    servers: Sequence[Server] = ()
    has_met: bool = False  # a connection was made, if only once
    exhausted: bool = False
    fault: Fault | None = None
    gave_up: Fault | None = None
    error: Exception | None = None
    handed_back: deque[Envelope] = field(default_factory=deque)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    ending: asyncio.Event = field(default_factory=asyncio.Event)  # stopped, or nothing left to take
    away_since: float | None = None  # on the loop's clock
    # Keys in their order, which that of a set is not: whoever has waited longest is told first.
    takes: dict[asyncio.Future[Envelope | None], None] = field(default_factory=dict)  # for a message
    waits: dict[asyncio.Future[Any], None] = field(default_factory=dict)  # for what is of no use once stopped
    _faults_in_a_row: int = 0

    @property
    def is_stopped(self) -> bool:
        """True when nothing more may be begun."""
        return self.stopped.is_set()

    def next(self, server: Server) -> Envelope | asyncio.Future[Envelope | None] | None:
        """Return the next message for *server*, one that a lane gave back first; None when there is none.

        A future is cancelled when everything stops.
        """
        if self.is_stopped:
            return None
        if self.handed_back and (envelope := self.next_handed_back(server)) is not None:
            return envelope
        taken = None if self.exhausted else self.take()
        if taken is None or isinstance(taken, Envelope):
            return taken
        taking = self.unless_stopped(taken)
        self.takes[taking] = None
        taking.add_done_callback(self.takes.pop)
        return taking

    def hand_back(self, envelope: Envelope) -> None:
        """Let another lane send *envelope*: those that wait for a message look again."""
        self.handed_back.append(envelope)
        for taking in tuple(self.takes):
            taking.cancel()

    def next_handed_back(self, server: Server) -> Envelope | None:
        """Return the first message that another lane gave back, but those that *server* would only give back again."""
        for envelope in self.handed_back:
            if not self.is_for_another(server, envelope):
                self.handed_back.remove(envelope)
                return envelope
        return None

    def is_for_another(self, server: Server, envelope: Envelope, *, later: bool = False) -> bool:
        """Say whether a well server offers what *envelope* needs and *server* does not; *later*: any other may."""
        return not server.may_take(envelope) and any(
            each is not server and (later or each.is_well) and each.may_take(envelope) for each in self.servers
        )

    def has_other(self, server: Server) -> bool:
        """Say whether another server would take what *server* does not."""
        return any(each is not server and each.is_well for each in self.servers)

    def unless_stopped(self, doing: Awaitable[_T]) -> asyncio.Future[_T]:
        """Return *doing* as a future that is cancelled when everything stops."""
        wait = asyncio.ensure_future(doing)
        self.waits[wait] = None
        wait.add_done_callback(self.waits.pop)
        return wait

    def may_get_back(self, server: Server) -> bool:
        """Say whether another server's lane may yet hand back a message that *server* would take."""
        return server.is_well and any(each is not server and each.knocking for each in self.servers)

    def note_exhausted(self) -> None:
        """Note that `take` has nothing more."""
        self.exhausted = True
        self.ending.set()

    def close_gate(self, fault: Fault) -> None:
        """Begin nothing more, because of *fault*."""
        self.fault = self.fault or fault
        self.stop()

    def give_up(self, failure: Fault) -> None:
        """Begin nothing more: the server stayed away too long."""
        self.gave_up = self.gave_up or failure
        self.stop()

    def fail(self, error: Exception) -> None:
        """Begin nothing more: the recorder, or whoever gives us messages, raised *error*."""
        self.error = self.error or error
        self.stop()

    def stop(self) -> None:
        """Begin nothing more; what is under way has its answers."""
        self.stopped.set()
        self.ending.set()
        # Whoever takes may be waiting for outcomes that will not come any more, who connects for a silent server.
        for wait in tuple(self.waits):
            wait.cancel()

    def note_connected(self, server: Server) -> None:
        """Count a new connection."""
        server.live += 1
        server.trouble = None
        self.has_met = True
        self.away_since = None

    def patience_left(self, began: float, now: float) -> float:
        """Return for how many more seconds a server may stay away that a try from *began* to *now* did not reach."""
        first_contact = None if self.has_met else self.patience.first_contact
        if self.away_since is None:
            # Somebody waits for the first contact: the try itself was waiting, too.
            self.away_since = now if first_contact is None else began
        return (first_contact or self.patience.give_up) - (now - self.away_since)

    def note(self, attempt: Attempt, server: Server) -> None:
        """Record *attempt*, and close the gate when it shows that going on would do harm."""
        self.recorder.finished(attempt)
        outcome = attempt.outcome
        if server.breaker.count and attempt.reply.code:
            server.breaker.succeeded()
        if outcome is Outcome.SENT:
            self._faults_in_a_row = server.doubts = 0
            return
        now = asyncio.get_running_loop().time()
        fault = Fault(outcome, attempt.phase, attempt.reply, attempt.server)
        if outcome is Outcome.SENDER_FAULT:
            self._faults_in_a_row += 1
        elif outcome is Outcome.IN_DOUBT:
            server.doubts += 1
        if stops_everything(attempt.reply, attempt.phase) or server.doubts >= self.limits.in_doubt:
            self.leave_alone(server, fault, now)
        elif self.limits.faults is not None and self._faults_in_a_row >= self.limits.faults:
            self.close_gate(fault)
        elif attempt.server and not attempt.reply.code and self.has_other(server) and server.breaker.failed(now):
            self.tell(server, fault, now)

    def leave_alone(self, server: Server, fault: Fault, now: float) -> None:
        """Leave *server* alone for a while when another one is well; else begin nothing more."""
        goes_on = self.has_other(server)
        server.doubts = 0
        if server.breaker.circuit is not Circuit.OPEN:
            server.breaker.trip(now)
            self.tell(server, fault, now)
        if not goes_on:
            self.close_gate(fault)

    @staticmethod
    def tell(server: Server, fault: Fault, now: float) -> None:
        """Say in the log that *server* is left alone."""
        seconds = round(server.breaker.retry_at - now, 1)
        get_logger().warning(
            "relay_left_alone",
            server=server.relay.server,
            seconds=seconds,
            phase=fault.phase.value,
            text=fault.reply.text,
        )
