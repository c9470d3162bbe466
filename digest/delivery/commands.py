"""What the server offers, and the commands that a message makes of it (RFC 5321 §4.1.1, RFC 3461, RFC 6533).

Only what is offered is used; what the server cannot take is refused here, with the codes the standards have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from digest.delivery.content import is_mailbox, is_return_path
from digest.model.delivery import Envelope, Phase, Reply

_NOT_XTEXT = re.compile(r"[^!-~]|[+=]")
_NOT_UTF8_XTEXT = re.compile(r"[^!-~]|[+=\\]")
_MAX_ENVID = 100  # RFC 3461 §4.4


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server said it can do in its reply to EHLO. `size` in bytes, 0 when it names no limit."""

    pipelining: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    size: int | None = None
    chunking: bool = False
    dsn: bool = False


def offer_from(extensions: Mapping[str, str]) -> Offer:
    """Return the offer in EHLO keywords (lower case) and their parameters.

    RFC 1870 (SIZE), 2920 (PIPELINING), 3030 (CHUNKING), 3461 (DSN), 6152 (8BITMIME), 6531 (SMTPUTF8).
    """
    size = extensions.get("size")
    return Offer(
        pipelining="pipelining" in extensions,
        eight_bit="8bitmime" in extensions,
        smtputf8="smtputf8" in extensions,
        size=None if size is None else int(size) if size.isdecimal() and len(size) < 20 else 0,
        chunking="chunking" in extensions,
        dsn="dsn" in extensions,
    )


def address_commands(envelope: Envelope, offer: Offer) -> tuple[str, str]:
    """Return MAIL and RCPT for *envelope*, each with its line end."""
    mail = f" SIZE={len(envelope.content)}" if offer.size is not None else ""
    needs_utf8 = _needs_utf8(envelope)
    if (needs_utf8 or not envelope.wire_ready) and not envelope.content.isascii():
        mail += " BODY=8BITMIME"
    if needs_utf8:
        mail += " SMTPUTF8"
    rcpt = ""
    if offer.dsn:
        mail += f" RET=HDRS{_envelope_id(envelope.token())}"
        rcpt = f" NOTIFY=FAILURE ORCPT={original_recipient(envelope.recipient)}"
    return f"MAIL FROM:<{envelope.sender}>{mail}\r\n", f"RCPT TO:<{envelope.recipient}>{rcpt}\r\n"


def reason_not_to_send(envelope: Envelope, offer: Offer) -> tuple[Phase, Reply] | None:
    """Return why *envelope* cannot be sent to a server with this *offer*, or None.

    The phase is that of the command which the server would have refused; the text begins with "not sent:".
    """
    size = len(envelope.content)
    if not is_mailbox(envelope.recipient):
        return _refusal(Phase.RCPT, 553, "5.1.3", "the recipient's address is not one that mail can be sent to")
    if not is_return_path(envelope.sender):
        return _refusal(Phase.MAIL, 553, "5.1.7", "the return path is not an address; check the newsletter")
    if not offer.smtputf8 and _needs_utf8(envelope):
        return _refusal(Phase.RCPT, 553, "5.6.7", "the address needs SMTPUTF8, which the server does not offer")
    if offer.size and size > offer.size:
        return _refusal(Phase.MAIL, 552, "5.3.4", f"the message has {size} bytes, the server takes {offer.size}")
    if not offer.eight_bit and not envelope.content.isascii():
        why = "the message has 8-bit text, which the server does not offer to take"
        return _refusal(Phase.MAIL, 554, "5.6.3", why)
    return None


def xtext(text: str) -> str:
    """Return ASCII *text* as a parameter's value (RFC 3461 §4)."""
    if not _NOT_XTEXT.search(text):
        return text
    return _NOT_XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", text)


def original_recipient(address: str) -> str:
    """Return *address* as the value of ORCPT: type and address (RFC 3461 §4.2; RFC 6533 §3 beyond ASCII)."""
    if address.isascii():
        return f"rfc822;{xtext(address)}"
    return "utf-8;" + _NOT_UTF8_XTEXT.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", address)


def _envelope_id(token: str) -> str:
    value = xtext(token)
    return f" ENVID={value}" if token.isascii() and 0 < len(value) <= _MAX_ENVID else ""


def _needs_utf8(envelope: Envelope) -> bool:
    return envelope.needs_smtputf8 or not (envelope.recipient.isascii() and envelope.sender.isascii())


def _refusal(phase: Phase, code: int, enhanced: str, why: str) -> tuple[Phase, Reply]:
    return phase, Reply(code, enhanced, f"not sent: {why}")
