"""Drives a session over an open transport: callbacks of the event loop, no task or future per message.

Every phase has one deadline for the whole of it (RFC 5321 §4.5.3.2), however slowly bytes drip.
"""

from __future__ import annotations

import asyncio
import math
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from digest.clock import Clock
from digest.delivery.session import Session, Step
from digest.model.delivery import Attempt, Envelope, Outcome, Phase

READ_SIZE = 16 * 1024
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that each phase may take as a whole (RFC 5321 §4.5.3.2); `body` is per megabyte begun."""

    connect: float = 30
    greeting: float = 300
    ehlo: float = 300
    tls: float = 30
    auth: float = 60
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    body: float = 180
    dot: float = 600
    quit: float = 5


class Driver(Protocol):
    """Whoever gives a connection its messages. All of it is called synchronously."""

    def about_to_complete(self, envelope: Envelope) -> bool:
        """Say, right before the bytes that can complete the message, whether they may go."""
        ...

    def finished(self, attempt: Attempt) -> None:
        """Record *attempt*; nothing is written to its connection before this returns."""
        ...

    def ready(self, connection: Connection) -> None:
        """Start the next message, or end the connection."""
        ...

    def closed(self, connection: Connection, unsent: Envelope | None) -> None:
        """Note that the connection is gone; *unsent* was in hand and is no attempt."""
        ...

    def failed(self, connection: Connection, error: Exception) -> None:
        """Note that the driver itself raised *error*; the connection has been dropped."""
        ...


class Connection(asyncio.BufferedProtocol):
    """An open conversation with one server, after EHLO, TLS and AUTH."""

    def __init__(
        self, session: Session, *, server: str, clock: Clock, timeouts: Timeouts, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.session = session
        self.server = server
        self.driver: Driver | None = None
        self.finished_count = 0
        self.closed_after: int | None = None  # so many messages, when the server then closed without a word
        self._clock = clock
        self._loop = loop
        self._limits: dict[Phase | None, float] = {
            Phase.MAIL: timeouts.mail,
            Phase.RCPT: timeouts.rcpt,
            Phase.DATA: timeouts.data,
            Phase.BODY: timeouts.body,
            Phase.DOT: timeouts.dot,
            None: timeouts.mail,  # the reply to RSET, or to a lone dot
        }
        self._quit_limit = timeouts.quit
        self._tick_length = min(1.0, min(self._limits.values()) / 10)
        self._tick_at = 0.0  # when the next tick is due
        self._ticking: asyncio.TimerHandle | None = None
        self._deadline = math.inf
        self._envelope: Envelope | None = None
        self._started_at: datetime | None = None
        self._transport: asyncio.Transport | None = None
        self._gone: asyncio.Future[None] = loop.create_future()
        self._is_over = False
        self._is_full = False
        self._view = memoryview(bytearray(READ_SIZE))

    # What a driver calls

    @property
    def is_open(self) -> bool:
        """True while another message may be started."""
        return not self._is_over and self.session.usable

    def start(self, envelope: Envelope, *, careful: bool = False) -> bool:
        """Begin to send *envelope*; False when it was refused or stopped here, which has been recorded by then.

        *careful*: nothing that can complete the message goes before its recipient was taken.
        """
        assert self._transport is not None
        assert self._envelope is None
        self._envelope = envelope
        self._started_at = self._clock.now()
        commands = self.session.begin(envelope, careful=careful)
        if self.session.is_whole and not self._may_complete():
            commands = b""
        if not commands:
            self._record()
            return False
        self._set_deadline()
        self._transport.write(commands)
        if self.session.is_whole:
            self._note_flushed()
        else:
            self.session.prepare()  # while the server thinks
        return True

    def attempt_so_far(self) -> Attempt:
        """Return the attempt at the message in hand; the session must have a verdict on it."""
        envelope, verdict, started_at = self._envelope, self.session.verdict, self._started_at
        assert envelope is not None
        assert verdict is not None
        assert started_at is not None
        return Attempt(
            delivery_id=envelope.delivery_id,
            outcome=verdict.outcome,
            phase=verdict.phase,
            reply=verdict.reply,
            server="" if self.session.declined else self.server,
            started_at=started_at,
            finished_at=self._clock.now(),
        )

    async def send(self, envelope: Envelope) -> Attempt:
        """Send one message outside a pool and return what came of it."""
        one = _OneMessage(self._loop.create_future())
        self.driver = one
        if self.start(envelope, careful=True):
            await one.done
        assert one.attempt is not None
        return one.attempt

    async def quit(self) -> None:
        """Take leave of the server (RFC 5321 §4.1.1.10) and close; never raises."""
        if not self._is_over and self._transport is not None:
            self._end()
            self._transport.write(b"QUIT\r\n")
            await asyncio.wait([self._gone], timeout=self._quit_limit)
        self.abort()

    def abort(self) -> None:
        """Drop the connection at once; whatever was not handed over is not sent."""
        self._end()
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport over; it must tell us when the kernel has everything."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of that class
        over_tls = transport.get_extra_info("sslcontext") is not None
        self._transport.set_write_buffer_limits(high=1 if over_tls else 0, low=0)
        self._tick_later()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the signature is asyncio's
        """Return where the next bytes go."""
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Take *nbytes* that the server sent."""
        if self._is_over:
            return
        self._guarded(self._step_after, bytes(self._view[:nbytes]))

    def eof_received(self) -> None:
        """Note that the server closed its side: it will not answer any more."""
        self._lose("the server closed the connection", nothing_read=self._end_is_unread())

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone."""
        if not self._gone.done():
            self._gone.set_result(None)
        self._lose(f"the connection broke: {exc}" if exc else "the server closed the connection")

    def pause_writing(self) -> None:
        """Note that some of what we wrote has not reached the kernel."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Note that the kernel has all of it, and with it the end of the content."""
        self._is_full = False
        if not self._is_over and (self.session.is_whole or self.session.phase is Phase.BODY):
            self._note_flushed()

    # How it goes on

    def _step_after(self, data: bytes) -> None:
        before = self.session.phase
        step = self.session.received(data)
        if step is Step.CONTENT:
            self._send_content()
        elif step is Step.FINISHED:
            self._conclude()
        elif step is Step.SEND:
            assert self._transport is not None
            self._transport.write(self.session.output)
            self._set_deadline()
        elif step is Step.READY:
            self._deadline = math.inf
            self._go_on()
        elif step is Step.CLOSE:
            self._close(None)
        elif self.session.phase is not before:
            self._set_deadline()

    def _send_content(self) -> None:
        assert self._transport is not None
        if not self._may_complete():
            self._conclude()
            return
        self._set_deadline()
        self._transport.write(self.session.content())
        self._note_flushed()

    def _may_complete(self) -> bool:
        """Have the mark made for what can complete the message; False when it was stopped instead."""
        assert self.driver is not None
        assert self._envelope is not None
        may_go = self.driver.about_to_complete(self._envelope)
        if not may_go:
            self.session.stop()
        return may_go

    def _note_flushed(self) -> None:
        """Tell the session once the kernel has the end of the content."""
        assert self._transport is not None
        if self._is_full or self._transport.is_closing():  # closing: the write itself failed
            return
        before = self.session.phase
        self.session.flushed()
        if self.session.phase is not before:
            self._set_deadline()

    def _conclude(self) -> None:
        if self.session.lost_pipelining:
            self._close(self._envelope)
            return
        self._record()
        if not self.session.usable:
            self._close(None)
            return
        tidy = self.session.tidy()
        if tidy:
            assert self._transport is not None
            self._transport.write(tidy)
            self._deadline = self._loop.time() + self._limits[None]
        else:
            self._go_on()

    def _record(self) -> None:
        assert self.driver is not None
        attempt = self.attempt_so_far()
        self._deadline = math.inf
        self._envelope = None
        self.finished_count += 1
        self.driver.finished(attempt)

    def _go_on(self) -> None:
        assert self.driver is not None
        self.driver.ready(self)

    def _lose(self, why: str, *, timed_out: bool = False, nothing_read: bool = False) -> None:
        if not self._is_over:
            self._guarded(self._settle_loss, why, timed_out, nothing_read)

    def _settle_loss(self, why: str, timed_out: bool, nothing_read: bool) -> None:
        session = self.session
        step = session.lost(why, timed_out=timed_out)
        # A server that closes between messages says nothing about the next one (it may close after so
        # many by design); that we wrote MAIL before its close reached us changes nothing, unless what we
        # wrote was a complete message that it may have read.
        unsent = None
        if step is Step.FINISHED and session.untouched and self.finished_count > 0 and not timed_out:
            self.closed_after = self.finished_count
            assert session.verdict is not None
            if nothing_read or session.verdict.outcome is not Outcome.IN_DOUBT:
                unsent = self._envelope
        if step is Step.FINISHED and unsent is None:
            self._conclude()
        else:
            self._close(unsent)

    def _end_is_unread(self) -> bool:
        """Say whether the server's end of the line came before its machine had all that we wrote.

        A segment that closes a connection acknowledges what had arrived by then, so with something still
        unacknowledged nobody there can have read the end of it. Known on Linux only; False when not known.
        """
        sock = self._transport.get_extra_info("socket") if self._transport is not None else None
        if sock is None or sys.platform != "linux":
            return False
        try:
            facts = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
        except OSError:
            return False
        return int.from_bytes(facts[24:28], sys.byteorder) > 0  # tcpi_unacked, in segments

    def _close(self, unsent: Envelope | None) -> None:
        self.abort()
        if self.driver is not None:
            self.driver.closed(self, unsent)

    def _end(self) -> None:
        self._is_over = True
        self._deadline = math.inf
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def _set_deadline(self) -> None:
        phase, times = self.session.phase, 1
        if phase is Phase.BODY and self._envelope is not None:
            times += len(self._envelope.content) // _MEGABYTE
        self._deadline = self._loop.time() + self._limits[phase] * times

    def _tick_later(self) -> None:
        self._tick_at = self._loop.time() + self._tick_length
        self._ticking = self._loop.call_later(self._tick_length, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        if (late := now - self._tick_at) > self._tick_length:
            # The loop was held up (a database that somebody kept): what came meanwhile is not read yet.
            self._deadline += late
        self._tick_later()
        if now >= self._deadline:
            phase = self.session.phase
            asked = phase.value.upper() if phase else "RSET"
            self._lose(f"no answer to {asked} within {self._limits[phase]:g} s", timed_out=True)

    def _guarded(self, step: Callable[..., None], *arguments: object) -> None:
        """Run *step*; an error of the driver ends the connection and is handed to it, not to the loop."""
        try:
            step(*arguments)
        except Exception as error:
            self.abort()
            if self.driver is None:
                raise
            self.driver.failed(self, error)


class _OneMessage:
    """The driver of a single message."""

    def __init__(self, done: asyncio.Future[None]) -> None:
        self.done = done
        self.attempt: Attempt | None = None

    def about_to_complete(self, envelope: Envelope) -> bool:  # noqa: ARG002 - nobody to ask
        return True

    def finished(self, attempt: Attempt) -> None:
        self.attempt = attempt

    def ready(self, connection: Connection) -> None:  # noqa: ARG002
        self._wake()

    def closed(self, connection: Connection, unsent: Envelope | None) -> None:
        if unsent is not None:
            self.attempt = connection.attempt_so_far()
        self._wake()

    def failed(self, connection: Connection, error: Exception) -> None:  # noqa: ARG002
        if not self.done.done():
            self.done.set_exception(error)

    def _wake(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
