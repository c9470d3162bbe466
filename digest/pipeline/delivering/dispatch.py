"""Dispatch: claim what is due, hand it to the mail server, write what became of it; then claim again.

Everything happens on the event loop's thread. Results and the next claims share a transaction (group commit),
which comes right after the last message in hand has gone, or a few milliseconds after a result. It holds the loop
for a millisecond or two; a second thread for it was tried, and the two spent more on passing the interpreter's lock
than the commit costs. The journal knows of each message before the wire does, so a kill at any instant loses nothing.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime

from digest.delivery.journal import Journal
from digest.delivery.making import Making
from digest.delivery.pool import Limits, drain
from digest.delivery.records import Key
from digest.model.delivery import Attempt, DeliveryState, Envelope, Outcome
from digest.pipeline.delivering.drafts import CRASHED, Drafts
from digest.pipeline.delivering.event_loop import run_loop
from digest.pipeline.delivering.faults import Faults
from digest.pipeline.delivering.leases import LEASE, Leases
from digest.pipeline.delivering.pace import Pace
from digest.pipeline.delivering.recover import recover
from digest.pipeline.delivering.restore import note_how_far, require_not_restored
from digest.pipeline.delivering.sending import Dispatched, Sending
from digest.pipeline.delivering.settle import REPLY_TIMEOUT, settle
from digest.pipeline.delivering.turns import Turns
from digest.pipeline.installation import Installation
from digest.pipeline.joining.join_parts import join_parts
from digest.pipeline.planning.plan import plan_again
from digest.store import dispatching
from digest.store.approvals import replan_others
from digest.store.dispatching import Claim, Result
from digest.store.editions import lapse_cancelled
from digest.store.engine import Exchange, reading
from digest.store.lock import sender_lock
from digest.store.newsletters import load_newsletters, newsletter_ids
from digest.store.origins import part_from_lost_keys
from digest.store.row_counts import count_anew

__all__ = ["Dispatched", "Sending", "dispatch"]

_LOOK_FOR_STOPS = 0.5  # seconds; the stop set is at most this old
_LOOK_FOR_STOP = 0.1  # seconds between two looks at whether the run is to end
_GROUP_FOR = 0.02  # seconds that results wait for others before they are committed
_OF_THE_WAY = Limits(faults=None)  # those of an edition are counted here
Progress = Callable[[int], None]
Stop = Callable[[], bool]


def dispatch(
    house: Installation,
    sending: Sending,
    *,
    newsletter: str | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    on_stop: Callable[[int], None] | None = None,
) -> Dispatched:
    """Send every due row (of *newsletter*, or of all) until each is terminal or deferred.

    Once *stop* returns True (it is asked ten times a second, on the event loop) nothing more is begun, messages
    under way get their answers, and the rest stays due. *on_stop* then hears how many are waited for.
    Raises DatabaseBusy when another process is sending from this SQLite file; workers share a PostgreSQL database.
    Raises DatabaseRestored when the database is older than what was sent from it.
    """
    only = None
    if newsletter is not None:
        with reading(house.engine) as connection:
            only = newsletter_ids(connection)[newsletter]
    with sender_lock(house.engine, house.state_folder):
        require_not_restored(house)
        recovered = recover(house)
        note_how_far(house)
        count_anew(house.engine)
        with house.engine.begin() as connection:
            dispatching.reopen_editions(connection)
            part_from_lost_keys(connection, house.tokens.key_ids, now=house.clock.now())
        worker = f"{os.getpid()}-{secrets.token_hex(4)}"
        with (
            closing(Journal(house.state_folder, worker, clock=house.clock)) as journal,
            closing(Making(house.state_folder, worker)) as making,
        ):
            run = _Run(house, sending, journal, making, worker, only, progress)
            done = run_loop(run.send(stop, on_stop))
        note_how_far(house)
    done.recovered = recovered
    with house.engine.begin() as connection:
        dispatching.lapse_ended(connection, house.clock.now())
        lapse_cancelled(connection, house.clock.now())
        dispatching.finish_editions(connection)
    return done


class _Run:
    """One dispatch. It is what the pool takes messages from and reports to."""

    def __init__(
        self,
        house: Installation,
        sending: Sending,
        journal: Journal,
        making: Making,
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
        self._drafts = Drafts(house, making)
        self._turns = Turns(house, sending.throttle, sending.warm_up_from)
        self._faults = Faults(house)
        self._pace = Pace(sending.connections, shares_rows=house.shares_rows)
        self._ready: deque[Claim] = deque()
        self._out: dict[int, Claim] = {}
        self._results: list[Result] = []
        self._stops: frozenset[int] = frozenset()
        self._dry = False
        self._commit_soon: asyncio.TimerHandle | None = None
        self._moved = asyncio.Event()  # something in flight has ended
        self._error: Exception | None = None  # of what runs beside the connections; it ends the run
        self._random = random.Random()  # noqa: S311  # spreads retries, guards nothing
        self._states: Counter[DeliveryState] = Counter()
        with reading(house.engine) as connection:
            self._newsletters = load_newsletters(connection)

    async def send(self, stop: Stop | None, on_stop: Callable[[int], None] | None) -> Dispatched:
        """Run to the end, or until *stop* returns True."""
        self._loop = asyncio.get_running_loop()
        self._leases = Leases(self._house, self._worker, self._loop.time)
        stopping = asyncio.Event()
        with closing(Exchange(self._house.engine)) as self._ledger:
            looking = [self._loop.create_task(self._look_for_stops())]
            if stop is not None and stop():
                stopping.set()
            elif stop is not None:
                looking.append(self._loop.create_task(self._look_for_stop(stop, on_stop, stopping)))
            try:
                return await self._drain(stopping)
            finally:
                for each in looking:
                    each.cancel()

    async def _drain(self, stopping: asyncio.Event) -> Dispatched:
        try:
            result = await drain(
                self._sending.relays,
                connections=self._sending.connections,
                take=self.take,
                recorder=self,
                clock=self._house.clock,
                timeouts=self._sending.timeouts,
                helo=self._sending.helo,
                patience=self._sending.patience,
                limits=_OF_THE_WAY,
                breakers=self._sending.breakers,
                stop=stopping,
            )
        except asyncio.CancelledError:
            # Connections were cut in the middle of messages. The journal knows which; recovery reads it.
            self._write_results()
            raise
        except BaseException:
            self._close_books()
            raise
        self._close_books()
        self._raise_if_failed()
        self._faults.give_back()
        done = Dispatched(self._states, result.fault, result.gave_up, stopping.is_set(), paused=self._faults.paused)
        if done.fault is None and done.paused:
            done.fault = done.paused[-1].fault
        return done

    # What the pool calls

    def take(self) -> Envelope | Awaitable[Envelope | None] | None:
        """Return the next message, or wait for one; None when nothing is due any more."""
        self._raise_if_failed()
        envelope = self._next_ready()
        if envelope is None and not self._dry:
            self._exchange()
            envelope = self._next_ready()
        if envelope is None and not self._dry:
            return self._wait_for_one()
        if not (self._ready or self._dry):
            self._exchange_soon(0)  # while the servers think, not when a connection waits for a message
        return envelope

    def about_to_complete(self, envelope: Envelope) -> bool:
        """Note in the journal that the message may be complete from now on; False for a reader who left."""
        self._raise_if_failed()
        claim = self._out[envelope.delivery_id]
        if claim.delivery_id in self._stops or not self._leases.hold:
            return False
        self._journal.about_to_complete(_key(claim))
        return True

    def finished(self, attempt: Attempt) -> None:
        """Note in the journal what became of a message; the database follows within milliseconds."""
        claim = self._out.pop(attempt.delivery_id)
        self._journal.finished(_key(claim), attempt)
        if self._turns.limited or attempt.outcome is not Outcome.SENT:
            self._turns.note(claim, attempt, self._out.values(), self._loop.time())
            self._faults.note(claim, attempt, self._states.total())
        self._keep(settle(claim, attempt, self._newsletters[claim.newsletter], jitter=self._random.random()))
        if self._faults.is_pausing:
            self._exchange()

    # The books

    def _keep(self, result: Result) -> None:
        self._results.append(result)
        self._states[result.state] += 1
        self._moved.set()
        if len(self._results) >= self._pace.room:
            self._exchange()
        elif self._commit_soon is None:
            self._exchange_soon(_GROUP_FOR)

    def _next_ready(self) -> Envelope | None:
        while self._ready:
            claim = self._ready.popleft()
            if claim.delivery_id in self._stops:
                self._keep(self._drafts.stopped(claim))
                continue
            if self._turns.limited and self._turns.holds(claim, self._loop.time()):
                continue
            made = self._drafts.make(claim)
            if isinstance(made, Result):
                if made.reason == CRASHED:
                    self._faults.note(claim, made.attempt, self._states.total())
                self._keep(made)
                continue
            self._out[claim.delivery_id] = claim
            return made
        return None

    async def _wait_for_one(self) -> Envelope | None:
        """Wait until a message in flight has ended, which may let another one of its mailbox go; or plan anew."""
        while not self._dry:
            now = self._loop.time()
            if self._turns.held:
                await asyncio.sleep(0)  # the exchange puts them off and claims what comes after them
            elif self._out or self._results:
                self._moved.clear()
                await self._turns.moved_or_due(self._moved, now)
            elif not self._plan_again():
                self._dry = not await self._turns.next_is_due(now)
                self._moved.set()
            self._raise_if_failed()
            if not self._ready:
                self._exchange()
            envelope = self._next_ready()
            if envelope is not None:
                return envelope
        return self._next_ready()

    def _exchange(self) -> None:
        """Commit the results and claim as many rows as there is room for, in one transaction."""
        if self._commit_soon is not None:
            self._commit_soon.cancel()
            self._commit_soon = None
        results = self._results
        self._pace.note(len(results), self._loop.time())
        # Where others share the rows, one that is frozen keeps few from them.
        in_hand = len(self._ready) + (len(self._out) if self._house.shares_rows else 0)
        room = 0 if self._dry else self._pace.room - in_hand
        now = self._house.clock.now()
        if not self._leases.hold:  # or what is claimed now is refused, and claimed again, with no end
            self._stops |= self._leases.lost(self._in_hand())
        claims = self._ledger.transact(lambda ledger: self._record_and_claim(ledger, results, room, now))
        self._results = []
        self._journal.truncate_after_commit([_key(each.claim) for each in results])
        self._ready.extend(claims)
        self._drafts.expect(self._ready)
        claimed = frozenset(each.delivery_id for each in claims)
        self._stops -= claimed  # the claim looked at everything again
        self._leases.regain(claimed)
        if self._turns.held:
            self._turns.put_off()
        if self._faults.is_pausing:
            ended = self._faults.pause()
            here = (each for each in (*self._out.values(), *self._ready) if each.edition_id in ended)
            self._stops |= {each.delivery_id for each in here}
        if claims or results:
            self._moved.set()  # who waits for the last results may be waiting for nothing else
        if self._progress is not None and results:
            self._progress(len(results))

    def _in_hand(self) -> set[int]:
        return {*self._out, *(each.delivery_id for each in self._ready)}

    def _record_and_claim(self, ledger: Exchange, results: list[Result], room: int, now: datetime) -> list[Claim]:
        dispatching.record(ledger, results)
        crashed = [each.claim.delivery_id for each in results if each.reason == CRASHED]
        dispatching.count_crashes(ledger, crashed, now=now)
        if room <= 0:
            return []
        who, only, until = self._worker, self._newsletter_id, now + LEASE
        claims = dispatching.claim(ledger, worker=who, newsletter_id=only, limit=room, now=now, lease_until=until)
        if any(each.newsletter not in self._newsletters for each in claims):
            # Planned while we send: its rules must be known before the first reply to it.
            with reading(self._house.engine) as connection:
                self._newsletters = load_newsletters(connection)
        in_hand = self._in_hand()
        if again := [each for each in claims if each.delivery_id in in_hand]:
            # Others took these while we could not show that we live; what we have on the wire may yet be answered.
            dispatching.release(ledger, [(each, now + REPLY_TIMEOUT) for each in again])
            claims = [each for each in claims if each.delivery_id not in in_hand]
        return claims

    def _exchange_soon(self, seconds: float) -> None:
        if self._commit_soon is not None:
            self._commit_soon.cancel()
        self._commit_soon = self._loop.call_later(seconds, self._exchange_alone)

    def _exchange_alone(self) -> None:
        """Commit when no connection asked for it; nobody is there to raise to."""
        try:
            self._exchange()
        except Exception as error:  # noqa: BLE001 - the next call of the pool raises it
            self._fail(error)

    async def _look_for_stops(self) -> None:
        """Keep the stop set fresh: readers who left and editions that were paused since the claim."""
        while self._error is None:
            try:
                lost = self._leases.lost(self._in_hand())
                with reading(self._house.engine) as connection:
                    self._stops = lost | dispatching.stopped(connection, self._worker)
            except Exception as error:  # noqa: BLE001 - the next call of the pool raises it
                self._fail(error)
            await asyncio.sleep(_LOOK_FOR_STOPS)

    async def _look_for_stop(self, stop: Stop, on_stop: Callable[[int], None] | None, stopping: asyncio.Event) -> None:
        """Set *stopping* once *stop* says so."""
        try:
            while not stop():
                await asyncio.sleep(_LOOK_FOR_STOP)
            stopping.set()
            if on_stop is not None:
                on_stop(len(self._out))
        except Exception as error:  # noqa: BLE001 - the next call of the pool raises it
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Let nothing more begin: messages in flight have their answers, then *error* is raised."""
        self._error = self._error or error
        self._moved.set()

    def _raise_if_failed(self) -> None:
        if self._error is not None:
            raise self._error

    def _plan_again(self) -> bool:
        """Plan rows anew whose mailbox has moved on; True when there is more to do."""
        now = self._house.clock.now()
        with self._house.engine.begin() as connection:
            dispatching.lapse_ended(connection, now)
            replan_others(connection, now)
            dispatching.unfit(connection, now=now, newsletter_id=self._newsletter_id)
            waiting = dispatching.unplanned(connection, self._newsletter_id)
        ready = join_parts(self._house, again=True).ready
        for slot in waiting:
            ready += plan_again(self._house, slot.newsletter, slot.edition_id, slot.period, slot.slot_at).ready
        return ready > 0

    def _close_books(self) -> None:
        """Write the last results and give back what was claimed and not tried; then the journal may go."""
        self._write_results()
        left, now = [*self._ready, *self._out.values()], self._house.clock.now()
        self._ledger.transact(lambda ledger: dispatching.release(ledger, [(each, now) for each in left]))
        self._journal.truncate_after_commit([_key(each) for each in left])
        self._journal.discard()

    def _write_results(self) -> None:
        """Write the last results and claim nothing more."""
        self._dry = True
        self._exchange()


def _key(claim: Claim) -> Key:
    return Key(claim.delivery_id, claim.attempt_no, claim.token)
