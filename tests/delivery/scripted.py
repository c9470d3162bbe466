"""A mail server for tests that does what its script says, byte by byte, and remembers all it was sent."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto

from digest.clock import FixedClock
from digest.delivery.connection import Timeouts
from digest.model.delivery import Attempt, Envelope
from digest.settings.relay import Relay

CLOCK = FixedClock(datetime(2026, 11, 23, 7, 0, tzinfo=UTC))
FAST = Timeouts(
    connect=2, greeting=0.6, ehlo=0.6, tls=2, auth=2, mail=0.6, rcpt=0.6, data=0.6, body=0.6, dot=0.6, quit=0.6
)
EVERYTHING = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 1000000")
CHUNKING = (*EVERYTHING, "ENHANCEDSTATUSCODES", "CHUNKING")


class Do(Enum):
    """What a server may do instead of answering."""

    CLOSE = auto()
    RESET = auto()
    HANG = auto()


@dataclass(frozen=True)
class Drip:
    """An answer that comes one byte at a time, so many seconds apart."""

    answer: bytes
    seconds: float


@dataclass(frozen=True)
class Twice:
    """An answer, and some seconds later the same again, that nobody asked for."""

    answer: bytes
    seconds: float


@dataclass(frozen=True)
class Then:
    """An answer, and what the server does right after it."""

    answer: bytes
    do: Do


Answer = bytes | Do | Drip | Twice | Then | None
Script = Callable[[str, int], Answer]
"""(what was said, number of the message on this server from 1) -> the answer, None for the usual one."""

USUAL = {
    "CONNECT": b"220 mx.example.org ESMTP\r\n",
    "HELO": b"250 mx.example.org\r\n",
    "MAIL": b"250 2.1.0 Ok\r\n",
    "RCPT": b"250 2.1.5 Ok\r\n",
    "DATA": b"354 go on\r\n",
    "RSET": b"250 2.0.0 Ok\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
}


@dataclass
class ScriptedServer:
    """Its `messages` are what it took, unstuffed; `said` is every command line, in order, all connections."""

    script: Script
    offer: tuple[str, ...] = EVERYTHING
    on_command: Callable[[str], None] = lambda verb: None
    most_connections: int = 1000
    drops_pipelined: bool = False
    tls: ssl.SSLContext | None = None  #: what STARTTLS leads to
    injected: tuple[bytes, ...] = ()  #: writes in clear after the reply to STARTTLS
    messages: list[bytes] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    wire: bytearray = field(default_factory=bytearray)
    opened: int = 0
    current: int = 0
    open_at: list[float] = field(default_factory=list)
    port: int = 0

    @property
    def relay(self) -> Relay:
        return Relay("127.0.0.1", self.port, implicit_tls=False, starttls=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.current += 1
        self.open_at.append(asyncio.get_running_loop().time())
        try:
            if self.current > self.most_connections:
                writer.write(b"421 4.3.2 too many connections\r\n")
                return
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, _Over):
            return
        finally:
            self.current -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer(writer, "CONNECT")
        has_recipient = False
        while line := await reader.readline():
            self.wire += line
            words = line.decode("utf-8", "replace").strip()
            self.said.append(words)
            verb = words.split(" ")[0].upper()
            self.on_command(verb)
            if self.drops_pipelined:
                reader._buffer.clear()  # type: ignore[attr-defined]  # as a broken server does
            if verb == "EHLO":
                lines = ["mx.example.org", *self.offer]
                usual = "".join(f"250{'-' if n < len(lines) else ' '}{w}\r\n" for n, w in enumerate(lines, 1))
                await self._answer(writer, verb, usual.encode())
                continue
            if verb == "STARTTLS" and self.tls is not None:
                writer.write(b"".join([b"220 2.0.0 go on\r\n", *self.injected[:1]]))
                for late in self.injected[1:]:
                    await asyncio.sleep(0.001)
                    writer.write(late)
                await writer.drain()
                await writer.start_tls(self.tls)
                continue
            if verb == "BDAT" and "CHUNKING" in self.offer:
                await self._take_chunk(reader, writer, int(words.split()[1]), has_recipient)
                continue
            answer = await self._answer(writer, verb)
            if verb in ("MAIL", "RCPT"):
                has_recipient = verb == "RCPT" and _takes_the_message(answer)
            if answer == USUAL["DATA"]:
                await self._take(reader, writer)
            if verb == "QUIT":
                return

    async def _take_chunk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int, has_recipient: bool
    ) -> None:
        number = len(self.messages) + 1
        unknown = self.script("BDAT", number)
        if unknown is not None:  # and the content will be taken for commands
            await self._do(writer, unknown)
            return
        early = self.script("BODY", number)
        if early is not None:
            await self._do(writer, early)
        content = await reader.readexactly(size)
        self.wire += content
        answer = self.script("DOT", number)
        if answer is None:
            answer = b"250 2.0.0 Ok: queued as %d\r\n" % number if has_recipient else b"503 5.5.1 for nobody\r\n"
        if _takes_the_message(answer) and has_recipient:
            self.messages.append(content)
        self.on_command("DOT")
        await self._do(writer, answer)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        early = self.script("BODY", len(self.messages) + 1)
        if early is not None:
            await self._do(writer, early)
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise _Over
            self.wire += line
            lines.append(line[1:] if line.startswith(b".") else line)
        self.wire += b".\r\n"
        number = len(self.messages) + 1
        answer = self.script("DOT", number)
        if answer is None or _takes_the_message(answer):
            self.messages.append(b"".join(lines))
        self.on_command("DOT")
        await self._do(writer, b"250 2.0.0 Ok: queued as %d\r\n" % number if answer is None else answer)

    async def _answer(self, writer: asyncio.StreamWriter, verb: str, usual: bytes = b"") -> Answer:
        answer = self.script(verb, len(self.messages) + 1)
        if answer is None:
            answer = usual or USUAL.get(verb, b"500 5.5.2 what?\r\n")
        await self._do(writer, answer)
        return answer

    async def _do(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        if isinstance(answer, Drip):
            for place in range(len(answer.answer)):
                writer.write(answer.answer[place : place + 1])
                await asyncio.sleep(answer.seconds)
        elif isinstance(answer, Twice):
            writer.write(answer.answer)
            await asyncio.sleep(answer.seconds)
            writer.write(answer.answer)
        elif isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        elif isinstance(answer, Then):
            writer.write(answer.answer)
            await writer.drain()
            await self._do(writer, answer.do)
        elif answer is Do.HANG:
            await asyncio.sleep(30)
        elif answer is not None:
            if answer is Do.RESET:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort() if answer is Do.RESET else writer.close()
            raise _Over


class _Over(Exception):
    pass


def _takes_the_message(answer: Answer) -> bool:
    said = answer.answer if isinstance(answer, Drip | Twice | Then) else answer
    return isinstance(said, bytes) and said.startswith(b"2")


@asynccontextmanager
async def scripted(
    script: Script = lambda said, number: None, *, implicit: ssl.SSLContext | None = None, **options: object
) -> AsyncIterator[ScriptedServer]:
    """Run a server on a free port of this machine for as long as the block lasts, with *implicit* under TLS."""
    server = ScriptedServer(script, **options)  # type: ignore[arg-type]
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(server.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, limit=1 << 22, ssl=implicit)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def envelope(number: int = 1, content: bytes = b"Subject: hello\r\n\r\nhello\r\n", **fields: object) -> Envelope:
    """Return an envelope to reader *number*."""
    values = {"sender": "news@example.org", "recipient": f"reader{number}@example.net", **fields}
    return Envelope(delivery_id=number, content=content, **values)  # type: ignore[arg-type]


@dataclass
class Notebook:
    """A recorder that writes down what it is told, in order; `stop` names deliveries to be stopped."""

    stop: set[int] = field(default_factory=set)
    attempts: list[Attempt] = field(default_factory=list)
    lines: list[tuple[str, int]] = field(default_factory=list)

    def about_to_complete(self, envelope: Envelope) -> bool:
        self.lines.append(("about to complete", envelope.delivery_id))
        return envelope.delivery_id not in self.stop

    def finished(self, attempt: Attempt) -> None:
        self.lines.append((attempt.outcome, attempt.delivery_id))
        self.attempts.append(attempt)

    @property
    def by_delivery(self) -> dict[int, list[Attempt]]:
        found: dict[int, list[Attempt]] = {}
        for attempt in self.attempts:
            found.setdefault(attempt.delivery_id, []).append(attempt)
        return found
