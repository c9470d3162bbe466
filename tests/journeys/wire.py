"""A mail server for tests that keeps what came over the socket as it came: stuffed, with its final dot."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property

from lxml import html as lxml_html
from lxml.html import HtmlElement

from tests.in_thread import InThread

MODERN = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10000000")
COMMANDS = ("EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT")


@dataclass(frozen=True)
class Received:
    """One message: the lines MAIL and RCPT, and every byte after 354 up to and with the final dot."""

    mail: str
    rcpt: str
    raw: bytes

    @property
    def recipient(self) -> str:
        return self.rcpt[self.rcpt.index("<") + 1 : self.rcpt.rindex(">")]

    @cached_property
    def content(self) -> bytes:
        """The message without transparency (RFC 5321 §4.5.2)."""
        lines = self.raw[: -len(b".\r\n")].split(b"\r\n")
        return b"\r\n".join(line.removeprefix(b".") for line in lines)

    @property
    def head(self) -> bytes:
        return self.content.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.content.partition(b"\r\n\r\n")[2]

    @cached_property
    def fields(self) -> list[tuple[str, str]]:
        """The header fields in order, unfolded, as they stand: nothing is decoded."""
        unfolded = self.head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t").decode("utf-8")
        return [(line.partition(":")[0], line.partition(":")[2].strip(" ")) for line in unfolded.split("\r\n")]

    def field(self, name: str) -> str:
        """Return the one field *name*."""
        (value,) = [value for each, value in self.fields if each.lower() == name.lower()]
        return value

    @cached_property
    def parsed(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    @cached_property
    def text(self) -> str:
        return self._part("plain")

    @cached_property
    def html(self) -> str:
        return self._part("html")

    @cached_property
    def page(self) -> HtmlElement:
        return lxml_html.document_fromstring(self.html)

    def _part(self, kind: str) -> str:
        part = self.parsed.get_body((kind,))
        assert part is not None
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode("utf-8", "strict")


@dataclass
class Wire(InThread):
    """Use as a context manager. `at_dot` answers a complete message: (recipient, number of the try) -> reply."""

    offer: tuple[str, ...] = MODERN
    at_dot: Callable[[str, int], str] = lambda recipient, number: "250 2.0.0 taken"
    received: list[Received] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    port: int = 0

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b"220 wire.example.org ESMTP\r\n")
        mail = rcpt = ""
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            self.said.append(line)
            verb = line[:4].upper()
            if verb == "EHLO":
                lines = ["wire.example.org", *self.offer]
                answer = "\r\n".join(f"250{'-' if n < len(lines) else ' '}{word}" for n, word in enumerate(lines, 1))
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                self.tries[rcpt] += 1
                taken = Received(mail, rcpt, raw)
                answer = self.at_dot(taken.recipient, self.tries[rcpt])
                self.received.append(taken)
            elif verb == "QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:
                mail, rcpt = (line, "") if verb == "MAIL" else (mail, line if verb == "RCPT" else rcpt)
                answer = "250 2.0.0 Ok"
            writer.write(answer.encode() + b"\r\n")
