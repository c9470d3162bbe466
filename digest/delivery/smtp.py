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
from aiosmtplib.protocol import SMTPProtocol

from digest.clock import Clock
from digest.delivery.commands import offer_from
from digest.delivery.connection import Connection, Timeouts
from digest.delivery.outcomes import classify
from digest.delivery.replies import ReplyReader, clean_text, parse_reply
from digest.delivery.session import Session
from digest.errors import DeliveryError
from digest.model.delivery import Outcome, Phase, Reply
from digest.settings.relay import Relay

__all__ = ["ConnectFailed", "Connection", "Timeouts", "open_connection"]


_T = TypeVar("_T")
_NO_STARTTLS = (
    "the server does not offer STARTTLS; check its address and port. "
    "smtps:// is TLS from the first byte, ?starttls=never is for a server on this machine"
)


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
            raise self._fault(Phase.TLS, _NO_STARTTLS)
        assert client.protocol is not None
        in_clear = _Overhears(client.protocol)
        cast("asyncio.Transport", client.transport).set_protocol(in_clear)
        try:
            await self._step(Phase.TLS, self._timeouts.tls, client.starttls())
        except ConnectFailed:
            if not in_clear.said_too_much:
                raise
        self._transport = client.transport or self._transport
        if in_clear.said_too_much:
            why = "somebody answered STARTTLS with more than one reply, before TLS; nothing was sent"
            raise self._fault(Phase.TLS, why)

    async def _log_in(self, client: aiosmtplib.SMTP, *, over_tls: bool) -> None:
        if not over_tls:
            raise self._fault(
                Phase.AUTH, "a password never goes out in clear; use smtps://, or leave ?starttls=never out"
            )
        user, secret, offered = self._relay.username, self._secret(), client.server_auth_methods
        if self._relay.xoauth2:
            if "xoauth2" not in offered:
                raise self._fault(Phase.AUTH, "the server does not offer XOAUTH2; leave ?auth=xoauth2 out")
            await self._step(Phase.AUTH, self._timeouts.auth, client.auth_xoauth2(user, secret))
            return
        for name, log_in in (
            ("plain", client.auth_plain),
            ("login", client.auth_login),
            ("cram-md5", client.auth_crammd5),
        ):
            if name in offered:  # one try only: more would lock the account
                await self._step(Phase.AUTH, self._timeouts.auth, log_in(user, secret))
                return
        raise self._fault(Phase.AUTH, "the server offers no way to log in that we know (PLAIN, LOGIN, CRAM-MD5)")

    def _secret(self) -> str:
        """Return the password or token; a token in a file is read anew, as it lives for an hour only."""
        file = self._relay.token_file
        if file is None:
            return self._relay.password.get_secret_value()
        try:
            token = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise self._fault(Phase.AUTH, f"the token file {file} cannot be read: {why}") from error
        if not token:
            raise self._fault(Phase.AUTH, f"the token file {file} is empty")
        return token

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


class _Overhears(asyncio.Protocol):
    """Passes on what a server says in clear after STARTTLS, and notes when it is more than one reply.

    The library throws the rest away; whoever put it there, such a connection is not to be trusted
    (CVE-2021-33515, CVE-2011-0411). With TLS the library's own protocol takes its place back.
    """

    def __init__(self, protocol: SMTPProtocol) -> None:
        self._protocol = protocol
        self._reader = ReplyReader()
        self._count = 0

    @property
    def said_too_much(self) -> bool:
        return self._count > 1 or bool(self._reader.junk) or not self._reader.is_between_replies

    def data_received(self, data: bytes) -> None:
        self._count += len(self._reader.feed(data))
        self._protocol.data_received(data)

    def eof_received(self) -> bool:
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


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
