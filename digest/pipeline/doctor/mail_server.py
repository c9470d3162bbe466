"""The mail server: connect, TLS, login, what it offers; nothing is sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator

from digest.clock import Clock
from digest.delivery.smtp import ConnectFailed, Timeouts, open_connection
from digest.model.delivery import Phase
from digest.pipeline.doctor.verdict import Line, fail, ok, warn
from digest.settings.relay import Relay
from digest.settings.urls import LOOPBACK

_ORDER = (Phase.CONNECT, Phase.GREETING, Phase.TLS, Phase.AUTH)
_REMEDY = {
    Phase.CONNECT: "see that DIGEST_SMTP_URL names the right host and port, and that no firewall is between",
    Phase.GREETING: "see that a mail server for submission answers there (port 587 or 465), and DIGEST_HELO_NAME",
    Phase.TLS: "see that the server offers TLS with a certificate for the very name in DIGEST_SMTP_URL",
    Phase.AUTH: "see user and password in DIGEST_SMTP_URL; a password spells / as %2F, # as %23, ? as %3F and @ as %40",
}


def mail_server(
    relay: Relay, *, clock: Clock, helo: str, seconds: float, tls: ssl.SSLContext | None = None
) -> Iterator[Line]:
    """Look at the server of *relay*, each step within *seconds*; *tls* replaces the trusted certificates."""
    try:
        offer = asyncio.run(_asked(relay, clock, helo, seconds, tls))
    except ConnectFailed as failed:
        yield from _until(relay, failed)
        return
    yield from _passed(relay, Phase.MAIL)
    if "SMTPUTF8" not in offer:
        what = f"it offers {', '.join(offer) or 'nothing'}"
        yield warn(f"smtp {relay.server}", what, "readers with letters outside ASCII before the @ cannot be reached")
    else:
        yield ok(f"smtp {relay.server}", f"it offers {', '.join(offer)}")


async def _asked(relay: Relay, clock: Clock, helo: str, seconds: float, tls: ssl.SSLContext | None) -> list[str]:
    limits = Timeouts(connect=seconds, greeting=seconds, ehlo=seconds, tls=seconds, auth=seconds, quit=1)
    connection = await open_connection(relay, clock=clock, timeouts=limits, helo=helo, tls=tls)
    offer = connection.session.offer
    await connection.quit()
    size = "" if offer.size is None else f"SIZE {offer.size}" if offer.size else "SIZE"
    there = {
        "PIPELINING": offer.pipelining, "8BITMIME": offer.eight_bit, "SMTPUTF8": offer.smtputf8,
        "CHUNKING": offer.chunking, "DSN": offer.dsn, size: bool(size),
    }  # fmt: skip
    return [name for name, is_there in there.items() if is_there]


def _until(relay: Relay, failed: ConnectFailed) -> Iterator[Line]:
    """Give what went well before it failed, and the failure with the server's words."""
    yield from _passed(relay, failed.phase)
    said = " ".join(filter(None, [str(failed.reply.code or ""), failed.reply.enhanced, failed.reply.text]))
    yield fail(
        f"smtp {relay.server}", f"{failed.phase.value}: {said}", _REMEDY.get(failed.phase, _REMEDY[Phase.GREETING])
    )


def _passed(relay: Relay, phase: Phase) -> Iterator[Line]:
    """Give a line for each step before *phase*."""
    reached = _ORDER.index(phase) if phase in _ORDER else len(_ORDER)
    name = f"smtp {relay.server}"
    if reached > _ORDER.index(Phase.GREETING) and not (relay.implicit_tls and phase is Phase.TLS):
        yield ok(name, "it can be reached, and greets us")
    if reached > _ORDER.index(Phase.TLS):
        if relay.implicit_tls or relay.starttls:
            yield ok(name, f"{'TLS' if relay.implicit_tls else 'STARTTLS'} with a certificate of that name")
        elif relay.host in LOOPBACK:
            yield ok(name, "without TLS, on this machine")
    if reached > _ORDER.index(Phase.AUTH):
        yield ok(name, "the login is accepted" if relay.username else "no login is set")
