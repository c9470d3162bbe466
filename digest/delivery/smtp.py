"""The door to a mail server: connect, TLS and AUTH by aiosmtplib, then our own connection takes over.

TLS is not a choice: without a verified certificate nothing is said beyond EHLO, and a password never
travels in clear. Only a relay on this machine may be spoken to without (settings see to that).
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable
from errno import errorcode
from typing import TypeVar, cast

import aiosmtplib

from digest.clock import Clock
from digest.delivery.commands import offer_from
from digest.delivery.connection import Connection, Timeouts
from digest.delivery.outcomes import classify
from digest.delivery.replies import clean_text, parse_reply
from digest.delivery.session import Session
from digest.errors import DeliveryError
from digest.model.delivery import Outcome, Phase, Reply
from digest.settings import Relay

__all__ = ["ConnectFailed", "Connection", "Timeouts", "open_connection"]


_T = TypeVar("_T")


class ConnectFailed(DeliveryError):
    """No conversation with the server came about; `outcome`, `phase` and `reply` say how far it got."""

    def __init__(self, server: str, outcome: Outcome, phase: Phase, reply: Reply) -> None:
        self.server = server
        self.outcome = outcome
        self.phase = phase
        self.reply = reply
        words = " ".join(filter(None, [str(reply.code or ""), reply.enhanced, reply.text]))
        super().__init__(f"{server} cannot be used ({phase}): {words}")


async def open_connection(
    relay: Relay,
    *,
    clock: Clock,
    timeouts: Timeouts,
    helo: str = "",
    pipelining: bool = True,
    chunking: bool = True,
    tls: ssl.SSLContext | None = None,
) -> Connection:
    """Return a connection to *relay* that is ready for messages. Raises ConnectFailed.

    *helo* is the name we give (RFC 5321 §4.1.1.1); empty means our address as a literal. *tls* replaces
    the machine's trusted certificates.
    """
    server = f"{relay.host}:{relay.port}"
    handshake = _Handshake(relay, server, timeouts)
    client = await handshake.run(helo, tls)
    assert client.protocol is not None
    transport = cast("asyncio.Transport", client.protocol.transport)  # uvloop's are not of that class
    connection = Connection(
        Session(offer_from(client.esmtp_extensions), pipelining=pipelining, chunking=chunking),
        server=server,
        clock=clock,
        timeouts=timeouts,
        loop=asyncio.get_running_loop(),
    )
    transport.pause_reading()  # so that the loop reads into the new protocol's buffer from here on
    transport.set_protocol(connection)
    connection.connection_made(transport)
    transport.resume_reading()
    return connection


class _Handshake:
    """The way from an address to a server that takes mail, step by step, each with its own deadline."""

    def __init__(self, relay: Relay, server: str, timeouts: Timeouts) -> None:
        self._relay = relay
        self._server = server
        self._timeouts = timeouts
        self._transport: asyncio.BaseTransport | None = None

    async def run(self, helo: str, tls: ssl.SSLContext | None) -> aiosmtplib.SMTP:
        over_tls = self._relay.implicit_tls or self._relay.starttls
        context = _tls_context(tls) if over_tls else None
        sock = await self._step(Phase.CONNECT, self._timeouts.connect, _connected_socket(self._relay))
        client = aiosmtplib.SMTP(
            hostname=self._relay.host,
            sock=sock,
            use_tls=self._relay.implicit_tls,
            start_tls=False,
            tls_context=context,
            local_hostname="localhost",  # never said: EHLO below names us
            timeout=None,  # each step below has its own deadline
        )
        try:
            await self._step(Phase.GREETING, self._timeouts.greeting, client.connect())
            self._transport = client.transport
            name = helo or _address_literal(sock)
            await self._say_hello(client, name)
            if self._relay.starttls:
                await self._start_tls(client)
                await self._say_hello(client, name)  # what was offered in clear counts no more (RFC 3207 §4.2)
            if self._relay.username:
                await self._log_in(client, over_tls=over_tls)
        except BaseException:
            self._drop(client)
            raise
        return client

    def _drop(self, client: aiosmtplib.SMTP) -> None:
        """Close at once: a polite close of TLS would wait for a server that may be silent."""
        client.close()
        if self._transport is not None:
            cast("asyncio.Transport", self._transport).abort()

    async def _say_hello(self, client: aiosmtplib.SMTP, name: str) -> None:
        try:
            await self._step(Phase.GREETING, self._timeouts.ehlo, client.ehlo(hostname=name))
        except ConnectFailed as refused:
            needs_more = self._relay.starttls or self._relay.username
            if needs_more or refused.reply.code not in (500, 501, 502, 504):
                raise
            await self._step(Phase.GREETING, self._timeouts.ehlo, client.helo(hostname=name))

    async def _start_tls(self, client: aiosmtplib.SMTP) -> None:
        if not client.supports_extension("starttls"):
            raise self._fault(Phase.TLS, "the server does not offer STARTTLS; check its address and port")
        await self._step(Phase.TLS, self._timeouts.tls, client.starttls())
        self._transport = client.transport

    async def _log_in(self, client: aiosmtplib.SMTP, *, over_tls: bool) -> None:
        if not over_tls:
            raise self._fault(
                Phase.AUTH, "a password never goes out in clear; use smtps://, or leave ?starttls=never out"
            )
        user, password = self._relay.username, self._relay.password.get_secret_value()
        for name, log_in in (
            ("plain", client.auth_plain),
            ("login", client.auth_login),
            ("cram-md5", client.auth_crammd5),
        ):
            if name in client.server_auth_methods:  # one try only: more would lock the account
                await self._step(Phase.AUTH, self._timeouts.auth, log_in(user, password))
                return
        raise self._fault(Phase.AUTH, "the server offers no way to log in that we know (PLAIN, LOGIN, CRAM-MD5)")

    async def _step(self, phase: Phase, seconds: float, doing: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout(seconds):
                return await doing
        except aiosmtplib.SMTPResponseException as refused:
            reply = _reply_of(refused)
            raise ConnectFailed(self._server, classify(reply, phase), phase, reply) from None
        except TimeoutError:
            raise self._later(phase, f"no answer within {seconds:g} s") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            cause = error.__cause__ or error
            if isinstance(cause, ssl.SSLError):
                phase = Phase.TLS
            if isinstance(cause, ssl.SSLCertVerificationError):
                why = f"its certificate cannot be trusted ({cause.verify_message}); nothing was sent"
                raise self._fault(phase, why) from error
            raise self._later(phase, _words(cause)) from error

    def _fault(self, phase: Phase, why: str) -> ConnectFailed:
        return ConnectFailed(self._server, Outcome.SENDER_FAULT, phase, Reply(0, "", clean_text(why)))

    def _later(self, phase: Phase, why: str) -> ConnectFailed:
        return ConnectFailed(self._server, Outcome.DEFERRED, phase, Reply(0, "", clean_text(why)))


async def _connected_socket(relay: Relay) -> socket.socket:
    """Return a connected socket to the first address of *relay* that answers."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(relay.host, relay.port, type=socket.SOCK_STREAM)
    error: OSError = OSError(f"no address for {relay.host}")
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as refused:
            sock.close()
            error = refused
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise error


def _tls_context(given: ssl.SSLContext | None) -> ssl.SSLContext:
    context = given or ssl.create_default_context()
    if not (context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED):
        raise ValueError("a TLS context for mail must check the certificate and its name")
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    return context


def _address_literal(sock: socket.socket) -> str:
    """Return our side's address as RFC 5321 §4.1.3 writes it, for want of a name."""
    host = str(sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{host}]" if sock.family == socket.AF_INET6 else f"[{host}]"


def _words(error: BaseException) -> str:
    """Return why it failed; the system's own words where it has some, for each event loop has others."""
    is_of_system = isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno in errorcode
    return os.strerror(error.errno) if is_of_system else str(error)  # type: ignore[attr-defined]


def _reply_of(refused: aiosmtplib.SMTPResponseException) -> Reply:
    """Return the server's reply in aiosmtplib's error; what was no reply at all has code 0."""
    if not 200 <= refused.code <= 599:
        return Reply(0, "", clean_text(refused.message))
    words = " ".join(refused.message.split("\n"))
    return parse_reply(f"{refused.code} {words}\r\n".encode("utf-8", "surrogateescape"))
