"""A mail server that exists on paper: it answers what it is asked, or not, and remembers what was begun and taken.

The sender's real connection writes to a `Wire`. The oracle of reliability: whatever the sender writes after a
message that was taken shows that the reply is on its record, so from then on no further copy may be begun.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Protocol


class Mood(StrEnum):
    """What the server does with one message."""

    TAKE = "take"
    TAKE_SLOWLY = "take slowly"  #: minutes later: the sender may have given up by then
    LOSE_REPLY = "lose the reply"
    HALF_REPLY = "half a reply"
    GARBLE = "garble"
    TWO_REPLIES = "two replies"
    TAKE_AND_GO = "take, and close without a word"
    LATER_AT_RCPT = "later, at RCPT"
    LATER_AT_DOT = "later, at the dot"
    GOODBYE_AT_DOT = "421 at the dot"
    REFUSE_AT_RCPT = "refuse at RCPT"
    REFUSE_AT_DOT = "refuse at the dot"
    DROP = "close in the middle"
    DROP_AT_MAIL = "close at MAIL"


TAKEN = frozenset(
    {Mood.TAKE, Mood.TAKE_SLOWLY, Mood.LOSE_REPLY, Mood.HALF_REPLY, Mood.GARBLE, Mood.TWO_REPLIES, Mood.TAKE_AND_GO}
)
TROUBLES = [each for each in Mood if each is not Mood.TAKE]
_AT_DOT = {
    Mood.TAKE: b"250 2.0.0 taken\r\n",
    Mood.TAKE_SLOWLY: b"250 2.0.0 taken at last\r\n",
    Mood.TAKE_AND_GO: b"250 2.0.0 taken\r\n",
    Mood.HALF_REPLY: b"250 2.0",
    Mood.GARBLE: b"\x00\xffwhat?\r\n",
    Mood.TWO_REPLIES: b"250 2.0.0 taken\r\n250 2.0.0 taken\r\n",
    Mood.LATER_AT_DOT: b"452 4.3.1 later\r\n",
    Mood.GOODBYE_AT_DOT: b"421 4.3.2 closing\r\n",
    Mood.REFUSE_AT_DOT: b"554 5.6.0 no\r\n",
}


class Owner(Protocol):
    """Whoever wrote a copy."""

    is_gone: bool  #: it waits for no reply any more


@dataclass(slots=True)
class Copy:
    """One message whose content the sender began to write."""

    sender: str
    recipient: str
    message_id: str
    digest: str
    life: Owner  #: of the process that wrote it
    at: float
    taken: bool  #: whether a reader gets it
    denied: bool = False  #: a reply that says no has reached the sender
    answered: bool = False  #: a reply that says yes has reached the sender
    resolved: bool = False  #: taken, and the sender has gone on


class World(Protocol):
    """What a wire needs of the world around it."""

    random: Random

    def mood(self, recipient: str) -> Mood: ...
    def begins(self, copy: Copy, mood: Mood) -> None: ...


@dataclass
class Wire(asyncio.Transport):
    """One connection: the sender's transport on this side, the server behind it."""

    world: World
    loop: asyncio.AbstractEventLoop
    protocol: Any
    life: Owner
    step: Callable[[str], None]
    is_closed: bool = False
    _input: bytes = b""
    _sender: str = ""
    _recipient: str = ""
    _mood: Mood = Mood.TAKE
    _in_data: bool = False
    _is_gone: bool = False  # the server has hung up, which the sender does not know yet
    _free_at: float = 0.0
    _last: Copy | None = None
    _said: list[tuple[bytes, Copy | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    # The sender's side

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return self.is_closed

    def write(self, data: Any) -> None:
        self.step("write")
        if self.is_closed:
            return
        if self._last is not None and (self._last.answered or self._last.taken):
            self._last.resolved = self._last.taken
            self._last = None
        self._input += data
        while self._serve():
            pass
        self._answer()
        self.step("written")

    def abort(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.loop.call_soon(self.protocol.connection_lost, None)

    close = abort

    def cut(self) -> None:
        """The sender is dead: what was still on the way may never arrive."""
        self.is_closed = True
        if self._last is not None and self.world.random.random() < 0.3 and not self._last.answered:
            self._last.taken = False

    # The server's side

    def _serve(self) -> bool:
        if self._in_data:
            end = self._input.find(b"\r\n.\r\n")
            if end < 0:
                return False
            content, self._input = self._input[: end + 2], self._input[end + 5 :]
            self._in_data = False
            self._take(content)
            return True
        line, found, rest = self._input.partition(b"\r\n")
        if not found:
            return False
        verb = line[:4].upper()
        if verb == b"BDAT":
            size = int(line.split()[1])
            if len(rest) < size:
                return False
            self._input = rest[size:]
            self._take(rest[:size])
            return True
        self._input = rest
        self._command(verb, line.decode())
        return True

    def _command(self, verb: bytes, line: str) -> None:
        if verb == b"MAIL":
            self._sender, self._recipient = line[line.index("<") + 1 : line.index(">")], ""
            self._say(b"250 2.1.0 ok\r\n")
        elif verb == b"RCPT":
            recipient = line[line.index("<") + 1 : line.index(">")]
            self._mood = self.world.mood(recipient)
            if self._is_gone:
                self._mood, self._recipient = Mood.DROP, recipient  # nobody reads what is written from here on
            elif self._mood is Mood.LATER_AT_RCPT:
                self._say(b"451 4.2.1 later\r\n")
            elif self._mood is Mood.REFUSE_AT_RCPT:
                self._say(b"550 5.1.1 nobody\r\n")
            elif self._mood is Mood.DROP_AT_MAIL:
                self._hang_up()
            else:
                self._recipient = recipient
                self._say(b"250 2.1.5 ok\r\n")
        elif verb == b"DATA":
            self._in_data = bool(self._recipient)
            self._say(b"354 go on\r\n" if self._in_data else b"503 5.5.1 no recipient\r\n")
        elif verb == b"QUIT":
            self._say(b"221 2.0.0 bye\r\n")
            self._hang_up()
        else:
            self._say(b"250 2.0.0 ok\r\n")

    def _take(self, content: bytes) -> None:
        if not self._recipient:
            self._say(b"503 5.5.1 no recipient\r\n")
            return
        found = re.search(rb"\r\nMessage-ID: (\S+)\r\n", content, re.IGNORECASE)
        assert found is not None, "every message has a Message-ID"
        now, mood = self.loop.time(), self._mood
        thinks = self.world.random.uniform(5.0, 500.0) if mood is Mood.TAKE_SLOWLY else 0.0
        copy = Copy(
            self._sender,
            self._recipient,
            found[1].decode(),
            hashlib.sha256(content).hexdigest(),
            self.life,
            now,
            taken=mood in TAKEN,
        )
        self._recipient = ""
        self.world.begins(copy, mood)
        self._last = copy
        if mood in (Mood.DROP, Mood.LOSE_REPLY):
            self._hang_up()
            return
        self._free_at = max(self._free_at, now + thinks)
        self._say(_AT_DOT[mood], copy)
        if mood in (Mood.HALF_REPLY, Mood.GOODBYE_AT_DOT, Mood.TAKE_AND_GO):
            self._hang_up()

    def _say(self, reply: bytes, about: Copy | None = None) -> None:
        if not self._is_gone:
            self._said.append((reply, about))

    def _hang_up(self) -> None:
        self._say(b"")
        self._is_gone = True

    def _answer(self) -> None:
        """Send what is to be said: some of it in one piece, some later, each in its order."""
        said, self._said = self._said, []
        pieces: list[tuple[bytes, list[Copy]]] = []
        for reply, about in said:
            if pieces and reply and pieces[-1][0] and self.world.random.random() < 0.8:
                pieces[-1] = (pieces[-1][0] + reply, pieces[-1][1] + ([about] if about else []))
            else:
                pieces.append((reply, [about] if about else []))
        for reply, about in pieces:
            slow = self.world.random.random() < 0.03
            self._free_at = max(self._free_at, self.loop.time()) + self.world.random.uniform(0.0, 3.0 if slow else 0.02)
            self.loop.call_at(self._free_at, self._deliver, reply, about)

    def _deliver(self, reply: bytes, about: list[Copy]) -> None:
        if self.is_closed:
            return
        if not reply:
            self.protocol.eof_received()
            self.abort()
            return
        self.step("reply")
        for copy in about:
            copy.answered = reply.endswith((b" taken\r\n", b" taken at last\r\n"))
            copy.denied = not copy.taken
        view = self.protocol.get_buffer(-1)
        view[: len(reply)] = reply
        self.protocol.buffer_updated(len(reply))
