"""E-mail addresses: what we write to, what makes two of them one mailbox, what is left of an erased one.

Two addresses are one mailbox when their local parts are equal without regard to case and their domains are
equal as lower-case A-labels (RFC 5890). Dots and "+tags" are never taken away: only the mailbox's own host
knows what they mean (RFC 5321 §2.3.11).
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from digest.errors import BadInput

LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
LONGEST_LOCAL_PART = 64  # RFC 5321 §4.5.3.1.1
_DOMAINS_REMEMBERED = 10_000
_SHOWN = 80  # characters of what somebody wrote instead of an address
_PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


class Mailbox(NamedTuple):
    """An address as we write to it, and the key under which it is unique."""

    address: str
    key: str


class _Domain(NamedTuple):
    shown: str
    ascii: str
    problem: str


class AddressReader:
    """Reads addresses by syntax alone (no DNS), remembering the domains it has checked, up to a bound.

    A list of a million readers has few domains, and IDNA is the slow part of the check. `.test` is let
    through (RFC 6761: it reaches nobody), so that a trial run needs no real address.
    """

    def __init__(self) -> None:
        self._domains: dict[str, _Domain] = {}

    def read(self, text: str) -> Mailbox:
        """Return the mailbox that *text* names; raises BadInput with the reason when it names none."""
        local, at, domain = text.rpartition("@")
        usual = at and len(local) <= LONGEST_LOCAL_PART and len(domain) <= LONGEST_ADDRESS
        if not usual or not _PLAIN_LOCAL_PART.fullmatch(local):
            return _validated(text, text)
        checked = self._domains.get(domain) or self._check(domain)
        if checked.problem:
            raise BadInput(f"{_quoted(text)}{checked.problem}")
        if len(local) + 1 + max(len(checked.ascii), len(checked.shown.encode())) > LONGEST_ADDRESS:
            return _validated(text, text)
        return Mailbox(f"{local}@{checked.shown}", f"{local.casefold()}@{checked.ascii}")

    def _check(self, domain: str) -> _Domain:
        try:
            shown, key = _validated(f"a@{domain}")
            checked = _Domain(shown.rpartition("@")[2], key.rpartition("@")[2], "")
        except BadInput as error:
            checked = _Domain("", "", str(error))
        if len(self._domains) >= _DOMAINS_REMEMBERED:
            self._domains.clear()
        self._domains[domain] = checked
        return checked


def _validated(text: str, told: str = "") -> Mailbox:
    """Return the mailbox of *text*; raises BadInput with what is wrong after *told*, when there is one."""
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        words = " ".join(str(error).split()).rstrip(".").replace("email address", "address")
        in_one = "; ".join(part[:1].lower() + part[1:] for part in words.split(". "))
        raise BadInput(f"{_quoted(told)}{in_one}") from None
    local = unicodedata.normalize("NFC", found.local_part.casefold())
    return Mailbox(found.normalized, f"{local}@{(found.ascii_domain or found.domain).lower()}")


def _quoted(text: str) -> str:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"{shown!r} is no e-mail address: " if text else ""


def read_address(text: str) -> Mailbox:
    """Return the mailbox that *text* names; raises BadInput with the reason when it names none."""
    return AddressReader().read(text)


def address_hash(secret: str, address_key: str) -> str:
    """Return what a suppression keeps of an address: HMAC-SHA256 of its key, 64 hexadecimal characters."""
    return hmac.digest(secret.encode(), b"suppression\x1f" + address_key.encode(), "sha256").hex()
