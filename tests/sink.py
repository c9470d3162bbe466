"""A mail server for tests, in a thread: it takes mail, remembers it, and can be told what to answer to whom."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum, auto

from tests.in_thread import InThread


class Do(Enum):
    """What the server does with a message."""

    TAKE = auto()  #: 250 to everything
    LATER = auto()  #: 451 to RCPT
    LATER_AT_DOT = auto()  #: 452 to the complete message
    NEVER = auto()  #: 550 to RCPT
    NEVER_AT_DOT = auto()  #: 554 to the complete message, the mailbox's fault
    DROP = auto()  #: the connection ends before the message is complete
    LOSE_REPLY = auto()  #: the message is taken, the connection ends without a reply
    FAULT = auto()  #: 530 to MAIL: the sender must log in first
    HANG = auto()  #: the message is taken, and nothing is said until the sender goes away


@dataclass(frozen=True)
class Mail:
    """One message as it came over the wire, unstuffed. `answered` is True when the sender was told 250."""

    sender: str
    recipient: str
    content: bytes
    connection: int
    answered: bool

    @property
    def parsed(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    @property
    def message_id(self) -> str:
        return str(self.parsed["Message-ID"])

    @property
    def html(self) -> str:
        part = self.parsed.get_body(("html",))
        assert part is not None
        return str(part.get_content())

    @property
    def text(self) -> str:
        part = self.parsed.get_body(("plain",))
        assert part is not None
        return str(part.get_content())


Script = Callable[[str, int], Do]
"""(recipient, number of this try from 1) -> what to do."""


@dataclass
class Sink(InThread):
    """Use as a context manager; `mails` are the complete messages, in the order of their final dots."""

    script: Script = lambda recipient, number: Do.TAKE
    on_mail: Callable[[Mail], None] = lambda mail: None
    mails: list[Mail] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    port: int = 0
    later: str = "451 4.2.0 busy"  #: what it says to who must come back
    never: str = "550 5.1.1 no such mailbox"  #: what it says to whom it will never take
    offer: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8")  #: also CHUNKING and DSN, if it shall
    said: list[str] = field(default_factory=list)  #: MAIL and RCPT as they came

    def to(self, recipient: str) -> list[Mail]:
        """Return what came for *recipient*."""
        return [mail for mail in self.mails if mail.recipient == recipient]

    def clear(self) -> None:
        """Forget what came."""
        self.mails.clear()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 sink.example.org ESMTP")
        sender, recipient, do = "", "", Do.TAKE
        while line := (await reader.readline()).decode():
            verb = line[:4].upper()
            if verb in ("MAIL", "RCPT"):
                self.said.append(line.rstrip())
            if verb == "EHLO":
                say("\r\n".join([*(f"250-{each}" for each in ("sink.example.org", *self.offer)), "250 HELP"]))
            elif verb == "MAIL":
                sender, recipient = _path(line), ""
                say("250 2.1.0 Ok")
            elif verb == "RCPT":
                recipient = _path(line)
                self.tries[recipient] += 1
                do = self.script(recipient, self.tries[recipient])
                if do is Do.DROP:
                    return
                refusals = {
                    Do.LATER: self.later,
                    Do.NEVER: self.never,
                    Do.FAULT: "530 5.7.0 log in",
                }
                say(refusals.get(do, "250 2.1.5 Ok"))
                recipient = "" if do in refusals else recipient
            elif verb == "BDAT":
                content = await reader.readexactly(int(line.split()[1]))
                if not recipient:
                    say("503 5.5.1 no valid recipients")
                elif not await self._keep(Mail(sender, recipient, content, number, do is Do.TAKE), do, reader, say):
                    return
            elif verb == "DATA" and not recipient:
                say("554 5.5.1 no valid recipients")
            elif verb == "DATA":
                say("354 go on")
                stuffed = await reader.readuntil(b"\r\n.\r\n")
                content = stuffed[:-3].replace(b"\r\n.", b"\r\n").removeprefix(b".")
                if not await self._keep(Mail(sender, recipient, content, number, do is Do.TAKE), do, reader, say):
                    return
            elif verb == "QUIT":
                say("221 2.0.0 bye")
                return
            else:
                say("250 2.0.0 Ok")

    async def _keep(self, mail: Mail, do: Do, reader: asyncio.StreamReader, say: Callable[[str], None]) -> bool:
        """Keep a complete message, or not, and say so; False when the conversation ends there."""
        answer = {Do.LATER_AT_DOT: "452 4.3.1 full", Do.NEVER_AT_DOT: "554 5.2.1 mailbox closed"}.get(do, "")
        if not answer:
            self.mails.append(mail)
            self.on_mail(mail)
        if do is Do.HANG:
            await reader.read()
        if do in (Do.LOSE_REPLY, Do.HANG):
            return False
        say(answer or "250 2.0.0 taken")
        return True


def _path(line: str) -> str:
    return line[line.index("<") + 1 : line.index(">")]
