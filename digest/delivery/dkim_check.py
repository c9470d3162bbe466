"""Check the signatures of a mail as its receiver does (DKIM: RFC 6376, 8301; Ed25519: RFC 8463). No network of its own.

Whoever looks keys up comes in as an argument. A mail that somebody saved may have lost its CRLF; it is read as if it
had them.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64decode
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from digest.delivery.names import LookupFailed, Resolver, tags_of

MOST = 10  #: signatures of one mail that are looked at
_FEWEST_BITS = 1024  # RFC 8301 §3.2: what a verifier still takes
_SPACES = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_VALUE_OF_B = re.compile(rb"(\A|;)([ \t\r\n]*b[ \t\r\n]*=)[^;]*")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature: whose it is, what it covers, and what became of it.

    `passes` is None where nobody could look the key up; then `why` says so. `why` is "" when it passes.
    """

    domain: str
    selector: str
    algorithm: str
    covers: tuple[str, ...]
    passes: bool | None
    why: str = ""
    is_partial: bool = False  #: l= leaves the end of the body out, where anybody may add something


class _Broken(Exception):
    """A signature that cannot hold; its text says why."""


def check_signatures(raw: bytes, resolver: Resolver | None, now: datetime) -> list[Signature]:
    """Return what a receiver at *now* (aware) makes of each signature in *raw*, at most ten, as they stand.

    Without *resolver* only what needs no key is looked at: the form, the time and the body. Never raises.
    """
    head, body = _taken_apart(raw)
    fields = _fields(head)
    signatures = [each for each in fields if each.key == b"dkim-signature"][:MOST]
    return [_checked(each, fields, body, resolver, now) for each in signatures]


def _taken_apart(raw: bytes) -> tuple[bytes, bytes]:
    if raw.startswith(b"From "):  # how a message begins in an mbox
        raw = raw.partition(b"\n")[2]
    whole = re.sub(rb"\r?\n", b"\r\n", raw)
    head, _, body = whole.partition(b"\r\n\r\n")
    return head, body


class _Field(NamedTuple):
    """A header field: its name in small letters, its name and its value as they stand."""

    key: bytes
    name: bytes
    value: bytes

    def canonical(self, *, relaxed: bool) -> bytes:
        if not relaxed:
            return b"%s:%s\r\n" % (self.name, self.value)
        return b"%s:%s\r\n" % (self.key, _SPACES.sub(b" ", _FOLD.sub(b"", self.value)).strip(b" \t"))


def _fields(head: bytes) -> list[_Field]:
    lines = (line.partition(b":") for line in re.split(rb"\r\n(?![ \t])", head))
    return [_Field(name.rstrip(b" \t").lower(), name, value) for name, _, value in lines]


def _checked(field: _Field, fields: list[_Field], body: bytes, resolver: Resolver | None, now: datetime) -> Signature:
    tags = tags_of(field.value.decode("utf-8", "replace"))
    covers = tuple(each.strip().lower() for each in re.sub(r"\s", "", tags.get("h", "")).split(":"))
    domain, selector = tags.get("d", "").lower(), tags.get("s", "")
    algorithm = tags.get("a", "").lower()
    passes: bool | None = True
    why = ""
    try:
        _look_at_tags(tags, covers, now)
        _look_at_body(tags, body)
        if resolver is None:
            passes, why = None, "the key was not looked up"
        else:
            _look_at_header(field, tags, covers, fields, _key(tags, resolver))
    except LookupFailed as failed:
        passes, why = None, str(failed)
    except _Broken as broken:
        passes, why = False, str(broken)
    return Signature(domain, selector, algorithm, covers, passes, why, "l" in tags)


def _look_at_tags(tags: dict[str, str], covers: tuple[str, ...], now: datetime) -> None:
    """Raise _Broken for a signature that is wrong by its form or out of its time (RFC 6376 §3.5, §6.1.1)."""
    if missing := [name for name in ("v", "a", "b", "bh", "d", "h", "s") if not tags.get(name)]:
        raise _Broken(f"it has no {missing[0]}=")
    if tags["v"] != "1":
        raise _Broken(f"v={tags['v'][:20]} is no version of DKIM")
    if tags["a"].lower() not in ("rsa-sha256", "ed25519-sha256"):
        raise _Broken(f"a={tags['a'][:20]} is not trusted any more (RFC 8301)")
    if "from" not in covers:
        raise _Broken("it does not cover From")
    own, agent = tags["d"].lower(), tags.get("i", "").rpartition("@")[2].lower()
    if agent and agent != own and not agent.endswith(f".{own}"):
        raise _Broken("i= is not of the domain in d=")
    if tags.get("x", "").isdecimal() and len(tags["x"]) < 13 and int(tags["x"]) < now.timestamp():
        raise _Broken("it has expired (x=)")


def _look_at_body(tags: dict[str, str], body: bytes) -> None:
    how = tags.get("c", "simple/simple").lower().partition("/")[2] or "simple"
    canonical = _relaxed_body(body) if how == "relaxed" else _simple_body(body)
    if "l" in tags:
        if not tags["l"].isdecimal() or len(tags["l"]) > 12 or int(tags["l"]) > len(canonical):
            raise _Broken("l= is more than there is")
        canonical = canonical[: int(tags["l"])]
    if _unpacked(tags["bh"]) != hashlib.sha256(canonical).digest():
        raise _Broken("the body was changed after it was signed")


def _simple_body(body: bytes) -> bytes:
    return re.sub(rb"(?:\r\n)+\Z", b"", body) + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    lines = _SPACES.sub(b" ", body).replace(b" \r\n", b"\r\n")
    bare = re.sub(rb"(?: ?\r\n)+\Z| \Z", b"", lines)
    return bare + b"\r\n" if bare else b""


def _key(tags: dict[str, str], resolver: Resolver) -> RSAPublicKey | Ed25519PublicKey:
    """Return the published key. Raises _Broken for one that is not there or not for this; LookupFailed."""
    name = f"{tags['s']}._domainkey.{tags['d']}"
    records = [each for each in resolver.look_up(name, "TXT") if "p=" in each.replace(" ", "")]
    if not records:
        raise _Broken(f"there is no key at {name}")
    record = tags_of(records[0])
    kind = tags["a"].lower().partition("-")[0]
    public = re.sub(r"\s", "", record.get("p", ""))
    if not public:
        raise _Broken(f"the key at {name} is revoked")
    if record.get("k", "rsa").lower() != kind or "sha256" not in record.get("h", "sha256").lower():
        raise _Broken(f"the key at {name} is for something else")
    if not {"*", "email"} & set(re.sub(r"\s", "", record.get("s", "*")).lower().split(":")):
        raise _Broken(f"the key at {name} is not for mail")
    try:
        data = b64decode(public, validate=True)
        key = Ed25519PublicKey.from_public_bytes(data) if kind == "ed25519" else load_der_public_key(data)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise _Broken(f"the key at {name} cannot be read") from None
    if isinstance(key, RSAPublicKey) and key.key_size < _FEWEST_BITS:
        raise _Broken(f"the key at {name} has only {key.key_size} bits")
    if not isinstance(key, (RSAPublicKey, Ed25519PublicKey)):
        raise _Broken(f"the key at {name} is for something else")
    return key


def _look_at_header(
    field: _Field,
    tags: dict[str, str],
    covers: tuple[str, ...],
    fields: list[_Field],
    key: RSAPublicKey | Ed25519PublicKey,
) -> None:
    """Raise _Broken unless the signature is that of the covered fields (RFC 6376 §3.7)."""
    relaxed = tags.get("c", "simple/simple").lower().partition("/")[0] == "relaxed"
    there: dict[bytes, list[_Field]] = defaultdict(list)
    for each in fields:
        there[each.key].append(each)
    # Of several fields with one name the last comes first; those that are not there count as nothing.
    those = (there.get(name.encode("utf-8", "replace")) for name in covers)
    lines = [left.pop().canonical(relaxed=relaxed) for left in those if left]
    bare = field._replace(value=_VALUE_OF_B.sub(rb"\1\2", field.value, count=1))
    signed = b"".join((*lines, bare.canonical(relaxed=relaxed).removesuffix(b"\r\n")))
    signature = _unpacked(tags["b"])
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, signed, PKCS1v15(), SHA256())
        else:
            key.verify(signature, hashlib.sha256(signed).digest())
    except InvalidSignature:
        raise _Broken("a covered header was changed after it was signed, or another key signed it") from None


def _unpacked(text: str) -> bytes:
    try:
        return b64decode(re.sub(r"\s", "", text), validate=True)
    except (binascii.Error, ValueError):
        raise _Broken("its base64 cannot be read") from None
