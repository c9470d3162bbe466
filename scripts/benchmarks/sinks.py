"""Servers that take mail and forget it: Postfix's smtp-sink, and one of ours that answers late (the program here).

`python -m scripts.benchmarks.sinks ANSWER_MS dot|all [CHUNKING]` prints its port. It expects of a client what
smtp-source, aiosmtplib and our sender all do: nothing comes after the end of a message before its reply.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from digest.pipeline.delivering.event_loop import run_loop

_END = b"\r\n.\r\n"
_LARGEST_READ = 256 * 1024


@dataclass(frozen=True, slots=True)
class Sink:
    """A running server."""

    port: int
    pid: int


def tool(name: str) -> str:
    """Return the path of one of Postfix's tools, or end and say what is missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/lib/postfix/sbin")
    if not found:
        sys.exit(f"{name} is not here; it is in Debian's package postfix: apt-get install postfix")
    return found


@contextmanager
def smtp_sink() -> Iterator[Sink]:
    """Run smtp-sink, which answers at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([tool("smtp-sink"), *as_user, f"127.0.0.1:{port}", "1000"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Sink(port, process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def late_sink(answer_ms: float, *, every_reply: bool, chunking: bool = False) -> Iterator[Sink]:
    """Run a server that gives *every_reply*, or only that to a whole message, so many milliseconds late.

    What is late is the way, not the server: replies to what came in one go leave in one go.
    """
    how = [str(answer_ms), "all" if every_reply else "dot", *(["CHUNKING"] if chunking else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.benchmarks.sinks", *how], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Sink(int(process.stdout.readline()), process.pid)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def milliseconds_to_answer(port: int, size: int, count: int = 20) -> float:
    """Return the median time from the end of a message of *size* bytes to its reply, as a plain socket sees it."""
    took = []
    with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as replies:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies.readline()
        for _ in range(count):
            for command in (b"HELO probe.example.org", b"MAIL FROM:<>", b"RCPT TO:<probe@example.org>", b"DATA"):
                line.sendall(command + b"\r\n")
                replies.readline()
            line.sendall((b"x" * 70 + b"\r\n") * (size // 72))
            began = time.perf_counter()
            line.sendall(_END)
            replies.readline()
            took.append(time.perf_counter() - began)
    return round(statistics.median(took) * 1000, 2)


class _Conversation(asyncio.BufferedProtocol):
    """One connection: commands by line, contents by their last bytes or their announced length."""

    def __init__(self, late: float, every_reply: bool, offers: bytes) -> None:
        self._late = late
        self._every_reply = every_reply
        self._offers = offers
        self._buffer = bytearray(_LARGEST_READ)
        self._line = b""  # of commands: what came of the next one; of a content: its last bytes
        self._in_content = False
        self._chunk_left = 0
        self._waiting: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._loop = asyncio.get_running_loop()
        self._say(b"220 sink.example.org ESMTP\r\n", late=self._every_reply)

    def get_buffer(self, _hint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        replies, whole = b"", False
        data = memoryview(self._buffer)[:count]
        while data:
            if self._chunk_left:
                taken = min(self._chunk_left, len(data))
                self._chunk_left -= taken
                data = data[taken:]
                whole = not self._chunk_left
                replies += b"250 2.0.0 taken\r\n" if whole else b""
            elif self._in_content:
                self._line = (self._line + bytes(data[-5:]))[-5:]
                data = data[:0]
                whole = self._line == _END
                if whole:
                    self._in_content, self._line = False, b""
                    replies += b"250 2.0.0 taken\r\n"
            else:
                line, data = self._next_line(data)
                replies += self._answer(line) if line else b""
        if replies:
            self._say(replies, late=whole or self._every_reply)

    def _next_line(self, data: memoryview) -> tuple[bytes, memoryview]:
        """Return the next whole line, b"" when it is not whole yet, and what comes after it."""
        ends = bytes(data[:2048]).find(b"\n")
        if ends < 0:
            self._line += bytes(data)
            return b"", data[:0]
        line, self._line = self._line + bytes(data[: ends + 1]), b""
        return line, data[ends + 1 :]

    def _answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return self._offers
        if verb == b"DATA":
            self._in_content, self._line = True, b"\r\n"
            return b"354 go on\r\n"
        if verb == b"BDAT":
            self._chunk_left = int(line.split()[1])
            return b""
        return b"221 2.0.0 bye\r\n" if verb == b"QUIT" else b"250 2.0.0 Ok\r\n"

    def _say(self, replies: bytes, *, late: bool) -> None:
        if late and self._late:
            self._waiting.append(replies)
            self._loop.call_later(self._late, self._write_next)
        else:
            self._write(replies)

    def _write_next(self) -> None:
        self._write(self._waiting.popleft())

    def _write(self, replies: bytes) -> None:
        self._transport.write(replies)
        if replies.startswith(b"221"):
            self._transport.close()


async def _serve(late: float, every_reply: bool, more: list[str]) -> None:
    offered = ["sink.example.org", "PIPELINING", "8BITMIME", "SMTPUTF8", *more]
    offers = "".join(f"250-{each}\r\n" for each in offered[:-1]) + f"250 {offered[-1]}\r\n"
    server = await asyncio.get_running_loop().create_server(
        lambda: _Conversation(late, every_reply, offers.encode()), "127.0.0.1", 0, backlog=1000
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run_loop(_serve(float(sys.argv[1]) / 1000, sys.argv[2] == "all", sys.argv[3:]))
