"""The door for reports that a mail server hands on at once: SMTP (RFC 5321) or LMTP (RFC 2033), with aiosmtpd.

Whoever connects may be anybody: what comes in has its size, time and number; only mail to addresses of ours is taken,
and one recipient at a time, so that each mail says whom it came to and LMTP has its one answer. A mail is taken with
250 once it is on record; when it cannot be put there just now, its server is asked to come again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from digest.errors import BadInput
from digest.log import get_logger

LARGEST = 10 * 1024 * 1024  #: bytes of a mail; of which the first megabyte is read
MOST_CONNECTIONS = 50
_SECONDS = 60.0  # that a client may be silent
_MOST_COMMANDS = 1_000  # of a kind, on one connection
_LONGEST_LINE = 64 * 1024  # reports quote lines that no standard allows; RFC 5321 asks for 1000

Take = Callable[[bytes], None]
IsOurs = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen, and how to speak; a port of 0 is any free one."""

    host: str = "127.0.0.1"
    port: int = 2526
    lmtp: bool = False
    name: str = "localhost"  #: ours in the greeting


async def listen(
    where: Listening, take: Take, is_ours: IsOurs, stop: asyncio.Event, *, on_ready: Callable[[int], None]
) -> None:
    """Take mails until *stop* is set; *on_ready* hears the port. What was begun gets its answer.

    *take* is called with each mail, one after the other, off the event loop; what it raises is answered with 451.
    Raises BadInput when aiosmtpd is not installed, or nothing can listen there.
    """
    loop = asyncio.get_running_loop()
    handler = _Handler(take, is_ours)
    try:
        server = await loop.create_server(partial(_protocol, where, handler, loop), where.host, where.port)
    except OSError as failed:
        raise BadInput(f"nothing can listen at {where.host}:{where.port}: {failed.strerror or failed}") from None
    async with server:
        on_ready(int(server.sockets[0].getsockname()[1]))
        await stop.wait()
        server.close()
        async with handler.turn:  # whoever is being heard
            for each in list(handler.connections):
                each.abort()


def _protocol(where: Listening, handler: _Handler, loop: asyncio.AbstractEventLoop) -> asyncio.BaseProtocol:
    if len(handler.connections) >= MOST_CONNECTIONS:
        return _Busy()
    try:
        from aiosmtpd.lmtp import LMTP
        from aiosmtpd.smtp import SMTP
    except ImportError:
        raise BadInput("listening needs aiosmtpd; install it with: pip install 'digest-sender[listen]'") from None

    class Session(LMTP if where.lmtp else SMTP):  # type: ignore[misc]  # the library has no types
        line_length_limit = _LONGEST_LINE

        def connection_made(self, transport: Any) -> None:
            handler.connections.add(transport)
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            handler.connections.discard(self.transport)
            super().connection_lost(error)

    session: asyncio.BaseProtocol = Session(
        handler,
        data_size_limit=LARGEST,
        enable_SMTPUTF8=True,
        decode_data=False,
        hostname=where.name,
        ident="Digest",
        timeout=_SECONDS,
        command_call_limit=_MOST_COMMANDS,
        loop=loop,
    )
    return session


class _Busy(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 Too many connections, come again\r\n")
        transport.close()


class _Handler:
    """What aiosmtpd asks."""

    def __init__(self, take: Take, is_ours: IsOurs) -> None:
        self._take, self._is_ours = take, is_ours
        self.turn = asyncio.Lock()
        self.connections: set[Any] = set()

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        if not await asyncio.get_running_loop().run_in_executor(None, self._is_ours, address):
            return "550 5.1.1 Nobody of that name here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        mail = bytes(envelope.original_content or b"")
        # As a final delivery writes them (RFC 5321 §4.4): the tag of the return path may stand nowhere else.
        trace = f"Return-Path: <{envelope.mail_from or ''}>\r\nDelivered-To: {envelope.rcpt_tos[0]}\r\n"
        async with self.turn:
            await asyncio.get_running_loop().run_in_executor(
                None, self._take, trace.encode("utf-8", "surrogateescape") + mail
            )
        return "250 2.0.0 Heard"

    async def handle_exception(self, error: Exception) -> str:
        get_logger().error("mail_not_heard", exc_info=error)
        return "451 4.3.0 Cannot be taken just now, come again"
