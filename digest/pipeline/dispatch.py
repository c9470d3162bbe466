"""Dispatch: claim what is due, hand it to the mail server, write what became of it; then claim again.

One thread of the event loop drives the connections; one other thread talks to the database. Results and
the next claims share a transaction (group commit): while it runs, the next results gather. The journal
knows of each message before the wire does, so a kill at any instant loses nothing.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta

from digest.delivery.connection import Timeouts
from digest.delivery.journal import Journal
from digest.delivery.pool import Fault, Patience, drain
from digest.delivery.records import Key
from digest.errors import BadInput, NotFound
from digest.model.delivery import Attempt, DeliveryState, Envelope, Outcome, Phase, Reply
from digest.model.newsletter import Newsletter
from digest.pipeline.installation import Installation
from digest.pipeline.messages import Messages
from digest.pipeline.plan import plan_again
from digest.pipeline.recover import recover
from digest.pipeline.settle import settle
from digest.settings import Relay
from digest.store import dispatching
from digest.store.dispatching import Claim, Result
from digest.store.engine import reading
from digest.store.lock import sender_lock
from digest.store.newsletters import load_newsletters, newsletter_ids

LEASE = timedelta(seconds=60)
_LOOK_FOR_STOPS = 0.5  # seconds; the stop set is at most this old
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Sending:
    """How to send: the server, how many connections, our name in EHLO, how long to wait."""

    relay: Relay
    connections: int = 10
    helo: str = ""
    timeouts: Timeouts | None = None
    patience: Patience | None = None


@dataclass(slots=True)
class Dispatched:
    """What a dispatch came to: rows by new state, and why it stopped early, if it did.

    `fault` is one of ours (sign-in, settings, reputation); `away` is the server that could not be reached.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    fault: Fault | None = None
    away: Fault | None = None
    recovered: int = 0

    @property
    def stopped_by(self) -> str:
        """Why the rest was not tried, in words; "" when there is no rest."""
        why = self.fault or self.away
        if why is None:
            return ""
        words = " ".join(str(part) for part in (why.reply.code or "", why.reply.enhanced, why.reply.text) if part)
        return f"{why.server} {'does not take our mail' if self.fault else 'is away'} ({why.phase}): {words}"


def dispatch(
    house: Installation, sending: Sending, *, newsletter: str | None = None, progress: Progress | None = None
) -> Dispatched:
    """Send every due row (of *newsletter*, or of all) until each is terminal or deferred.

    Raises DatabaseBusy when another process is sending from this database.
    """
    only = None
    if newsletter is not None:
        with reading(house.engine) as connection:
            only = newsletter_ids(connection)[newsletter]
    with sender_lock(house.state_folder):
        recovered = recover(house)
        worker = f"{os.getpid()}-{secrets.token_hex(4)}"
        with closing(Journal(house.state_folder, worker, clock=house.clock)) as journal:
            run = _Run(house, sending, journal, worker, only, progress)
            done = _run_loop(run)
    done.recovered = recovered
    with house.engine.begin() as connection:
        dispatching.lapse_ended(connection, house.clock.now())
        dispatching.finish_editions(connection)
    return done


def _run_loop(run: _Run) -> Dispatched:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(run.send())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # the extra `fast` is not installed
        return asyncio.new_event_loop
    return uvloop.new_event_loop


class _Run:
    """One dispatch. It is what the pool takes messages from and reports to."""

    def __init__(
        self,
        house: Installation,
        sending: Sending,
        journal: Journal,
        worker: str,
        newsletter_id: int | None,
        progress: Progress | None,
    ) -> None:
        self._house = house
        self._sending = sending
        self._journal = journal
        self._worker = worker
        self._newsletter_id = newsletter_id
        self._progress = progress
        self._messages = Messages(house)
        self._room = 2 * sending.connections  # one on each connection, one in hand for it
        self._ready: deque[Claim] = deque()
        self._out: dict[int, Claim] = {}
        self._results: list[Result] = []
        self._stops: frozenset[int] = frozenset()
        self._dry = False
        self._failure: BaseException | None = None
        self._wake = asyncio.Event()
        self._fresh = asyncio.Event()
        self._random = random.Random()  # noqa: S311  # spreads retries, guards nothing
        self._states: Counter[DeliveryState] = Counter()
        self._newsletters = self._load_newsletters()

    async def send(self) -> Dispatched:
        """Run to the end."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="ledger") as ledger:
            keeper = loop.create_task(self._keep_books(loop, ledger))
            try:
                result = await drain(
                    self._sending.relay,
                    connections=self._sending.connections,
                    take=self.take,
                    recorder=self,
                    clock=self._house.clock,
                    timeouts=self._sending.timeouts,
                    helo=self._sending.helo,
                    patience=self._sending.patience,
                )
            finally:
                self._dry = True
                self._wake.set()
                await keeper
                await loop.run_in_executor(ledger, self._settle_books)
        if self._failure is not None:
            raise self._failure
        return Dispatched(self._states, result.fault, result.gave_up)

    # What the pool calls

    def take(self) -> Envelope | Awaitable[Envelope | None] | None:
        """Return the next message, or wait for one; None when nothing is due any more."""
        envelope = self._next_ready()
        if envelope is not None:
            return envelope
        return None if self._dry else self._wait_for_one()

    def about_to_complete(self, envelope: Envelope) -> bool:
        """Note in the journal that the message may be complete from now on; False for a reader who left."""
        claim = self._out[envelope.delivery_id]
        if claim.delivery_id in self._stops or self._failure is not None:
            return False
        self._journal.about_to_complete(_key(claim))
        return True

    def finished(self, attempt: Attempt) -> None:
        """Note in the journal what became of a message; the database follows within milliseconds."""
        claim = self._out.pop(attempt.delivery_id)
        self._journal.finished(_key(claim), attempt)
        self._note(claim, attempt)

    # The books

    def _note(self, claim: Claim, attempt: Attempt) -> None:
        result = settle(claim, attempt, self._newsletters[claim.newsletter], jitter=self._random.random())
        self._results.append(result)
        self._states[result.state] += 1
        self._wake.set()

    def _next_ready(self) -> Envelope | None:
        while self._ready:
            claim = self._ready.popleft()
            if claim.delivery_id in self._stops:
                self._unneeded(claim)
                continue
            try:
                envelope = self._messages.envelope(claim)
            except (BadInput, NotFound) as error:
                self._cannot_make(claim, str(error))
                continue
            self._out[claim.delivery_id] = claim
            return envelope
        return None

    async def _wait_for_one(self) -> Envelope | None:
        while True:
            self._wake.set()
            await self._fresh.wait()
            envelope = self._next_ready()
            if envelope is not None or self._dry:
                return envelope
            self._fresh.clear()

    def _unneeded(self, claim: Claim) -> None:
        self._results.append(self._untried(claim, Outcome.DEFERRED, "stopped", DeliveryState.DEFERRED))

    def _cannot_make(self, claim: Claim, why: str) -> None:
        # The reader's own data cannot stand in a message: trying again would not help.
        self._results.append(self._untried(claim, Outcome.REFUSED, why, DeliveryState.REFUSED))
        self._states[DeliveryState.REFUSED] += 1
        self._wake.set()

    def _untried(self, claim: Claim, outcome: Outcome, why: str, state: DeliveryState) -> Result:
        now = self._house.clock.now()
        attempt = Attempt(claim.delivery_id, outcome, Phase.CONNECT, Reply(0, "", why), "", now, now)
        return Result(claim, attempt, state, why[:40], now if state is DeliveryState.DEFERRED else None)

    async def _keep_books(self, loop: asyncio.AbstractEventLoop, ledger: ThreadPoolExecutor) -> None:
        """Commit results and claim more, again and again, until nothing is due."""
        next_look = 0.0
        while not self._dry:
            timer = loop.call_later(_LOOK_FOR_STOPS, self._wake.set)
            await self._wake.wait()
            timer.cancel()
            self._wake.clear()
            results, self._results = self._results, []
            room = self._room - len(self._out) - len(self._ready)
            look = loop.time() >= next_look
            try:
                claims, stops = await loop.run_in_executor(ledger, self._exchange, results, room, look)
                self._journal.truncate_after_commit([_key(each.claim) for each in results])
                if not claims and not self._out and not self._ready and not self._results and room > 0:
                    self._dry = not await loop.run_in_executor(ledger, self._plan_again)
                    self._wake.set()
            except BaseException as error:  # noqa: BLE001  # kept, and raised by send() when the wire is quiet
                self._failure = error
                self._dry = True
                claims, stops = [], None
            self._ready.extend(claims)
            if stops is not None:
                self._stops, next_look = stops, loop.time() + _LOOK_FOR_STOPS
            if claims or self._dry:
                self._fresh.set()
            if self._progress is not None and results:
                self._progress(len(results))

    def _exchange(self, results: Sequence[Result], room: int, look: bool) -> tuple[list[Claim], frozenset[int] | None]:
        now = self._house.clock.now()
        with self._house.engine.begin() as connection:
            dispatching.record(connection, results)
            claims = (
                dispatching.claim(
                    connection,
                    worker=self._worker,
                    newsletter_id=self._newsletter_id,
                    limit=room,
                    now=now,
                    lease_until=now + LEASE,
                )
                if room > 0
                else []
            )
            stops = frozenset(dispatching.stopped(connection, self._worker)) if look else None
        return claims, stops

    def _plan_again(self) -> bool:
        """Plan rows anew whose mailbox has moved on; True when there is more to do."""
        now = self._house.clock.now()
        with self._house.engine.begin() as connection:
            dispatching.lapse_ended(connection, now)
            dispatching.unfit(connection, now=now, newsletter_id=self._newsletter_id)
            waiting = dispatching.unplanned(connection, self._newsletter_id)
        ready = 0
        for slot in waiting:
            ready += plan_again(self._house, slot.newsletter, slot.edition_id, slot.period, slot.slot_at).ready
        return ready > 0

    def _settle_books(self) -> None:
        """Write the last results and give back what was claimed and not tried; then the journal may go."""
        with self._house.engine.begin() as connection:
            dispatching.record(connection, self._results)
            left = [*self._ready, *self._out.values()]
            dispatching.release(connection, left, now=self._house.clock.now())
        if self._progress is not None and self._results:
            self._progress(len(self._results))
        self._journal.truncate_after_commit([_key(each) for each in [*left, *(r.claim for r in self._results)]])
        self._results = []

    def _load_newsletters(self) -> dict[str, Newsletter]:
        with reading(self._house.engine) as connection:
            return load_newsletters(connection)


def _key(claim: Claim) -> Key:
    return Key(claim.delivery_id, claim.attempt_no, claim.token)
