"""A mail server that can testify: what it took, and on which connections the sender cannot know that it did.

The oracle of the kill tests. A sender writes nothing more on a connection before the last reply is on its record; so
whatever follows an accepted message clears it. What is left when the sender is dead may come once more; nothing
else may.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.in_thread import InThread


class Copy(NamedTuple):
    """One message that was taken: to whom, its Message-ID, and the SHA-256 of its bytes."""

    recipient: str
    message_id: str
    digest: str


@dataclass
class Witness(InThread):
    """Use as a context manager. `delay` is the longest wait before an answer to a message, in seconds.

    `at` hears of each moment of a conversation: "connected", each command's name, and of a message "arrived", "taken"
    (nothing is said yet) and "answered".
    """

    delay: float = 0.0
    seed: int = 0
    offers: tuple[str, ...] = ("PIPELINING", "8BITMIME")
    copies: list[Copy] = field(default_factory=list)
    port: int = 0
    at: Callable[[str], None] = lambda moment: None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._unresolved: dict[int, Copy] = {}

    def take_unresolved(self) -> Counter[str]:
        """Return, once all connections of the dead sender have ended, whom it may send to once more."""
        return asyncio.run_coroutine_threadsafe(self._settle(), self._loop).result(30)

    async def _settle(self) -> Counter[str]:
        while self._tasks:
            await asyncio.wait(set(self._tasks), timeout=5)
        left = Counter(copy.recipient for copy in self._unresolved.values())
        self._unresolved.clear()
        return left

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.at("connected")
        writer.write(b"220 witness.example.org ESMTP\r\n")
        recipient = ""
        while line := await reader.readline():
            self._unresolved.pop(number, None)
            verb = line[:4].upper()
            self.at(verb.decode(errors="replace"))
            if verb == b"EHLO":
                offered = ("witness.example.org", *self.offers)
                writer.write(b"".join(f"250-{name}\r\n".encode() for name in offered[:-1]))
                writer.write(f"250 {offered[-1]}\r\n".encode())
            elif verb == b"RCPT":
                recipient = line[line.index(b"<") + 1 : line.index(b">")].decode()
                writer.write(b"250 2.1.5 Ok\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await self._take(await reader.readuntil(b"\r\n.\r\n"), recipient, writer, number)
            elif verb == b"BDAT":
                await self._take(await reader.readexactly(int(line.split()[1])), recipient, writer, number)
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 Ok\r\n")

    async def _take(self, content: bytes, recipient: str, writer: asyncio.StreamWriter, number: int) -> None:
        self.at("arrived")
        start = content.index(b"\r\nMessage-ID: ") + len(b"\r\nMessage-ID: ")
        message_id = content[start : content.index(b"\r\n", start)].decode()
        copy = Copy(recipient, message_id, hashlib.sha256(content).hexdigest())
        self.copies.append(copy)
        self._unresolved[number] = copy
        self.at("taken")
        if self.delay:
            await asyncio.sleep(self._random.uniform(0, self.delay))
        writer.write(b"250 2.0.0 taken\r\n")
        self.at("answered")
