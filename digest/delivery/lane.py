"""One connection's worth of a draining: take, connect, send until nothing is left, connect again."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from functools import partial

from digest.delivery.breaker import Circuit
from digest.delivery.connection import Connection
from digest.delivery.relays import Fault, Server
from digest.delivery.smtp import ConnectFailed
from digest.delivery.traffic import Traffic
from digest.model.delivery import Attempt, Envelope, Outcome, Phase

_LOOK_AGAIN = 0.5  # seconds, while the server is left alone
Open = Callable[[], Awaitable[Connection]]


class Lane:
    """Sends one message after the other, over one connection at a time.

    A coroutine opens connections; between them everything runs in the connection's callbacks (this class
    is its Driver), so a message costs neither a task nor a future.
    """

    def __init__(self, traffic: Traffic, server: Server, open_one: Open) -> None:
        self._traffic = traffic
        self._server = server
        server.running += 1
        self._open_one = open_one
        self._connection: Connection | None = None
        self._in_hand: Envelope | None = None
        self._ended: asyncio.Future[None] | None = None
        self._taking: asyncio.Future[Envelope | None] | None = None
        self._pacing: asyncio.Future[None] | None = None
        self._is_live = False
        self._is_probe = False
        self._wait = traffic.patience.first
        self._earned_reconnect = False
        self._has_others = len(traffic.servers) > 1
        self._may_go_later = False  # the message in hand, by a server that is away now

    async def run(self) -> None:
        """Work until nothing is left or the gate closes. Errors of others end in the traffic, not here."""
        try:
            while await self._may_try() and await self._has_message():
                connection = await self._connect()
                if connection is not None and not self._traffic.is_stopped:
                    await self._ride(connection)
                self._end_probe()
        except Exception as error:  # noqa: BLE001 - drain raises it once all lanes are at rest
            self._traffic.fail(error)
        self._end_probe()
        self._server.running -= 1
        self._hand_back()
        if self._connection is not None:
            await self._connection.quit()

    def drop(self) -> None:
        """Drop the connection at once."""
        if self._taking is not None:
            self._taking.cancel()
        if self._pacing is not None:
            self._pacing.cancel()
        if self._connection is not None:
            self._connection.abort()

    async def _may_try(self) -> bool:
        """Wait while the server is left alone, without a message; False when there is nothing left to do."""
        traffic, breaker, loop = self._traffic, self._server.breaker, asyncio.get_running_loop()
        while not traffic.is_stopped:
            if breaker.may_try(loop.time()):
                self._is_probe = not breaker.is_closed
                return True
            if traffic.has_other(self._server):
                self._hand_back()
            if traffic.exhausted and not traffic.handed_back and self._in_hand is None:
                return False
            await self._look_later()
        return False

    async def _look_later(self) -> None:
        traffic = self._traffic
        await self._pause(traffic.stopped if traffic.ending.is_set() else traffic.ending, at_most=_LOOK_AGAIN)

    def _end_probe(self) -> None:
        if self._is_probe:
            self._is_probe = False
            self._server.breaker.unasked()

    async def _has_message(self) -> bool:
        traffic = self._traffic
        while self._in_hand is None and not traffic.is_stopped:
            taken = traffic.next(self._server)
            if taken is None or isinstance(taken, Envelope):
                self._in_hand = taken
            else:
                self._in_hand = await self._wait_for(taken)
                if taken.cancelled():  # somebody handed a message back
                    continue
            if self._in_hand is None:
                self._in_hand = traffic.next_handed_back(self._server)
            if self._in_hand is None:
                traffic.note_exhausted()
                if not traffic.may_get_back(self._server):
                    return False
                await self._look_later()
        return not traffic.is_stopped

    @staticmethod
    async def _wait_for(taking: asyncio.Future[Envelope | None]) -> Envelope | None:
        """Return what is taken; None when it was cancelled meanwhile."""
        try:
            await asyncio.wait([taking])
        except asyncio.CancelledError:
            taking.cancel()
            raise
        return None if taking.cancelled() else taking.result()

    async def _connect(self) -> Connection | None:
        """Return an open connection, or None: after waiting for the reason there is none, or when all stopped."""
        if self._connection is not None and self._connection.is_open:  # a message was handed back meanwhile
            self._count_in()
            return self._connection
        began = asyncio.get_running_loop().time()
        opening = self._traffic.unless_stopped(self._open_one())
        self._server.knocking += 1
        try:
            await asyncio.wait([opening])
        except asyncio.CancelledError:
            opening.cancel()
            raise
        finally:
            self._server.knocking -= 1
        if opening.cancelled():
            return None
        try:
            connection = opening.result()
        except ConnectFailed as failure:
            await self._cope_with(failure, began)
            return None
        self._count_in()
        self._connection, self._server.offer = connection, connection.session.offer
        return connection

    def _count_in(self) -> None:
        self._traffic.note_connected(self._server)
        self._is_live = True

    async def _cope_with(self, failure: ConnectFailed, began: float) -> None:
        traffic = self._traffic
        fault = Fault(failure.outcome, failure.phase, failure.reply, failure.server)
        if self._server.live and failure.phase in (Phase.CONNECT, Phase.GREETING):
            # Others are let in: the server wants fewer connections, and they do this one's work.
            self._hand_back()
            await self._pause(traffic.ending)
            return
        self._server.trouble = fault
        now = asyncio.get_running_loop().time()
        if traffic.has_other(self._server):
            self._hand_back()
            if failure.outcome is Outcome.DEFERRED and self._server.breaker.failed(now):
                traffic.tell(self._server, fault, now)
            elif failure.outcome is not Outcome.DEFERRED:
                traffic.leave_alone(self._server, fault, now)
            await self._look_later()
            return
        if failure.outcome is not Outcome.DEFERRED:
            traffic.leave_alone(self._server, fault, now)
            return
        self._server.breaker.note()
        left = traffic.patience_left(began, now)
        if left < traffic.patience.first / 10:  # too little for another try
            traffic.give_up(fault)
            return
        await self._pause(traffic.stopped, at_most=max(left, traffic.patience.first))

    async def _pause(self, unless: asyncio.Event, at_most: float = math.inf) -> None:
        """Wait before the next connection, twice as long each time, or until *unless* is set."""
        wait, self._wait = self._wait, min(self._wait * 2, self._traffic.patience.longest)
        try:
            await asyncio.wait_for(unless.wait(), min(wait, at_most))
        except TimeoutError:
            return

    async def _ride(self, connection: Connection) -> None:
        """Send over *connection* until it is gone or nothing is left."""
        self._ended = asyncio.get_running_loop().create_future()
        self._earned_reconnect = False
        connection.driver = self
        envelope, self._in_hand = self._in_hand, None
        assert envelope is not None
        self._start(connection, envelope)
        await self._ended
        if self._earned_reconnect:
            self._wait = self._traffic.patience.first
        elif not (connection.is_open or connection.session.lost_pipelining or connection.session.lost_chunking):
            await self._pause(self._traffic.stopped)

    def _start(self, connection: Connection, envelope: Envelope) -> None:
        """Start *envelope* from outside the connection's own callbacks."""
        if not connection.is_open:
            self._in_hand = envelope
            self._end_ride()
            return
        try:
            if not self._start_on(connection, envelope):
                self.ready(connection)
        except Exception as error:  # noqa: BLE001 - drain raises it once all lanes are at rest
            connection.abort()
            self.failed(connection, error)

    def _start_on(self, connection: Connection, envelope: Envelope) -> bool:
        if self._has_others:
            if self._traffic.is_for_another(self._server, envelope):
                self._traffic.hand_back(envelope)
                return False
            self._may_go_later = self._traffic.is_for_another(self._server, envelope, later=True)
        bucket = self._server.bucket
        if bucket is not None and (waits := bucket.take(asyncio.get_running_loop().time())):
            self._in_hand = envelope
            self._pacing = self._traffic.unless_stopped(asyncio.sleep(waits))
            self._pacing.add_done_callback(partial(self._paced, connection))
            return True
        return connection.start(envelope, careful=self._server.is_careful(connection.finished_count))

    def _paced(self, connection: Connection, pacing: asyncio.Future[None]) -> None:
        """Start the message whose time has come, or keep it: all stopped, or the connection is gone."""
        if self._pacing is not pacing:
            return
        self._pacing = None
        if pacing.cancelled() or not connection.is_open:
            self._leave()
            self._end_ride()
            return
        envelope, self._in_hand = self._in_hand, None
        assert envelope is not None
        try:
            if not connection.start(envelope, careful=self._server.is_careful(connection.finished_count)):
                self.ready(connection)
        except Exception as error:  # noqa: BLE001 - drain raises it once all lanes are at rest
            connection.abort()
            self.failed(connection, error)

    # The connection's driver

    def about_to_complete(self, envelope: Envelope) -> bool:
        """Ask the recorder; a message that was stopped is no reason to wait before reconnecting."""
        may_go = self._traffic.recorder.about_to_complete(envelope)
        self._earned_reconnect |= not may_go
        return may_go

    def finished(self, attempt: Attempt) -> None:
        """Record *attempt*; what only another server could take is tried again when that one is back."""
        if self._may_go_later and attempt.outcome is Outcome.REFUSED and not attempt.server:
            attempt = attempt._replace(outcome=Outcome.DEFERRED)
        self._earned_reconnect |= attempt.outcome is Outcome.SENT
        if self._connection is not None and self._connection.session.is_whole:
            self._server.note_whole(attempt.outcome)
        self._traffic.note(attempt, self._server)

    def ready(self, connection: Connection) -> None:
        """Start the next message, as many as are refused here on the way to one that is not."""
        while True:
            if self._server.breaker.circuit is not Circuit.CLOSED:
                connection.abort()
                self._leave()
                self._end_ride()
                return
            taken = self._traffic.next(self._server)
            if taken is None:
                self._no_more()
                return
            if not isinstance(taken, Envelope):
                self._taking = taken
                self._taking.add_done_callback(partial(self._taken, connection))
                return
            if self._start_on(connection, taken):
                return

    def closed(self, connection: Connection, unsent: Envelope | None) -> None:
        """Keep the message that was no attempt for the next connection."""
        session = connection.session
        self._server.pipelining &= not session.lost_pipelining
        self._server.chunking &= not (session.lost_chunking or session.lost_pipelining)
        if connection.closed_after is not None:
            self._server.closes_after.add(connection.closed_after)
        if self._pacing is not None:  # the message in hand was not begun
            self._pacing = None
        else:
            self._in_hand = unsent
        self._leave()
        if self._taking is None:
            self._end_ride()

    def failed(self, connection: Connection, error: Exception) -> None:  # noqa: ARG002 - the connection is gone
        """Stop everything: without a recorder nothing may be sent."""
        self._traffic.fail(error)
        self._leave()
        self._end_ride()

    def _taken(self, connection: Connection, taking: asyncio.Future[Envelope | None]) -> None:
        self._taking = None
        if taking.cancelled():
            self._look_again(connection)
        elif (error := taking.exception()) is not None:
            connection.abort()
            if isinstance(error, Exception):
                self.failed(connection, error)
        elif (envelope := taking.result() or self._traffic.next_handed_back(self._server)) is not None:
            self._start(connection, envelope)
        else:
            self._no_more()

    def _look_again(self, connection: Connection) -> None:
        """Take what another lane has handed back, unless all has stopped or the connection is gone."""
        if self._traffic.is_stopped or not connection.is_open:
            self._leave()
            self._end_ride()
            return
        try:
            self.ready(connection)
        except Exception as error:  # noqa: BLE001 - drain raises it once all lanes are at rest
            connection.abort()
            self.failed(connection, error)

    def _no_more(self) -> None:
        if not self._traffic.is_stopped:
            self._traffic.note_exhausted()
        self._leave()
        self._end_ride()

    def _leave(self) -> None:
        """Stop counting as a lane that others may leave their messages to."""
        if self._is_live:
            self._is_live = False
            self._server.live -= 1

    def _end_ride(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def _hand_back(self) -> None:
        if self._in_hand is not None:
            envelope, self._in_hand = self._in_hand, None
            self._traffic.hand_back(envelope)
