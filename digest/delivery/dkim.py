"""Sign a message so that its domain answers for it (DKIM: RFC 6376, 8301; Ed25519: RFC 8463). No file, no clock.

Signing is the last thing that happens to a message. `t=` is the message's own Date, and both algorithms are
deterministic, so a later copy has the same signature too.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from digest.delivery.content import END_OF_DATA, wire_content
from digest.errors import BadInput

LINE = 78  # RFC 5322 §2.1.1
FEWEST_BITS, MOST_BITS = 2048, 4096  # RFC 8301 §3.2: verifiers need not know longer keys

#: Named once more than they occur, so that nobody can add one that readers or mail programs would look at (RFC 6376
#: §5.4.2, §8.15); also where there is none.
ALWAYS_SIGNED = (
    "from", "to", "cc", "subject", "reply-to", "sender", "mime-version", "content-type", "content-transfer-encoding",
)  # fmt: skip
#: Likewise, but only where there is one: relays add theirs to a mail that has none, and that must not break it.
SIGNED_WHEN_THERE = (
    "date", "message-id", "list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help", "list-subscribe",
    "list-post", "list-owner", "list-archive", "feedback-id", "cfbl-address", "cfbl-feedback-id", "auto-submitted",
    "in-reply-to", "references",
)  # fmt: skip

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LABELS = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_PADDING, _SHA256 = PKCS1v15(), SHA256()


def is_name(name: str) -> bool:
    """Say whether *name* can be a selector or a domain: labels of letters, digits and hyphens (RFC 6376 §3.1)."""
    return _LABELS.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, and where its public half is published; `domain` "" is that of each message's sender.

    Raises BadInput for a domain or a selector that is no name (A-labels only), and for an RSA key of fewer than
    2048 bits or more than 4096.
    """

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    def __post_init__(self) -> None:
        for what, name in (("domain", self.domain or "sender"), ("selector", self.selector)):
            if not is_name(name):
                raise BadInput(f"{name[:100]!r} cannot be a DKIM {what}: use letters, digits, hyphens and dots")
        if isinstance(self.key, RSAPrivateKey) and not FEWEST_BITS <= self.key.key_size <= MOST_BITS:
            bits = self.key.key_size
            raise BadInput(f"the RSA key has {bits} bits; make one with {FEWEST_BITS} (up to {MOST_BITS} is allowed)")

    @property
    def algorithm(self) -> str:
        """The name of its algorithm in `a=`."""
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record(self) -> str:
        """The text of the TXT record that verifiers look up (RFC 6376 §3.6.1, RFC 8463 §4)."""
        public = self.key.public_key()
        if isinstance(self.key, RSAPrivateKey):
            data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return f"v=DKIM1; k=rsa; p={b64encode(data).decode()}"
        return f"v=DKIM1; k=ed25519; p={b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()}"

    def record_name(self, domain: str = "") -> str:
        """Return the DNS name of the record; *domain* is the sender's, for a signer that has none of its own."""
        return f"{self.selector}._domainkey.{self.domain or domain}"

    def signature(self, signed: bytes) -> bytes:
        """Return the signature of *signed*, the canonical header data (RFC 6376 §3.3.1, RFC 8463 §3)."""
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(signed, _PADDING, _SHA256)
        return self.key.sign(hashlib.sha256(signed).digest())


@dataclass(frozen=True, slots=True)
class Signers:
    """Those that sign each message, in the order in which their headers stand."""

    signers: tuple[Signer, ...]

    def sign(self, content: bytes, at: datetime, *, domain: str = "", wire_ready: bool = False) -> bytes:
        """Return *content* with one DKIM-Signature for each signer before it; `t=` is *at*, the message's Date.

        *domain* (A-labels) is the sender's, for signers without one; left out, it is that of From. With
        *wire_ready* the content has CRLF line ends only; without it is mended here as it would be on the wire.

        Raises BadInput for a message without From, and for a time without a zone.
        """
        if at.tzinfo is None:
            raise BadInput("the time of a signature needs a time zone; give an aware datetime")
        if not wire_ready:
            content = _as_sent(content)
        head = content.find(b"\r\n\r\n")
        fields = _fields(content[:head] if head >= 0 else content)
        if "from" not in fields:
            raise BadInput("a message without From cannot be signed; give it one")
        names = _names(fields)
        signed = _header_data(fields, names)
        body_hash = b64encode(body_digest(content, head + 4 if head >= 0 else len(content)))
        moment = b"%d; bh=%s;" % (int(at.timestamp()), body_hash)
        headers = []
        for signer in self.signers:
            own = signer.domain or domain or _domain_of(fields["from"][-1])
            opening, canonical = _opening(signer.algorithm, own, signer.selector, names)
            # RFC 6376 §3.7: the signature signs its own header, with an empty b= and no line end.
            value = b64encode(signer.signature(b"%s%s%s b=" % (signed, canonical, moment)))
            headers.append(
                b"%s%s\r\n b=" % (opening, moment)
                + b"\r\n ".join(value[n : n + 75] for n in range(0, len(value), 75))
                + b"\r\n"
            )
        return b"".join((*headers, content))


def body_digest(content: bytes, start: int) -> bytes:
    r"""Return the SHA-256 of the relaxed body (RFC 6376 §3.4.4) of *content*, which has it from *start* on.

    Relaxed changes tabs, runs of spaces, blanks before a line end, and how the body ends. Where there is none of
    these it is the body as it stands, so nothing is copied; and in a body whose lines were folded by us only the
    stretch from the first run of spaces to the last (the style sheet, as a rule) is made anew.
    """
    whole = memoryview(content)
    if content.find(b"\t", start) >= 0 or content.find(b" \r\n", start) >= 0 or not _ends_well(content, start):
        return hashlib.sha256(_relaxed(content[start:])).digest()
    first = content.find(b"  ", start)
    if first < 0:
        return hashlib.sha256(whole[start:]).digest()
    last = content.rfind(b"  ") + 2
    state = hashlib.sha256(whole[start:first])
    state.update(_single_spaced(content[first:last]))
    state.update(whole[last:])
    return state.digest()


def _ends_well(content: bytes, start: int) -> bool:
    """Whether the body ends with one line end, after a line that is not empty."""
    end = content[max(start, len(content) - 4) :]
    return len(end) == 4 and end.endswith(b"\r\n") and end != b"\r\n\r\n"


def _relaxed(body: bytes) -> bytes:
    body = _single_spaced(body.replace(b"\t", b" ")).replace(b" \r\n", b"\r\n")
    body = body.removesuffix(b" ").rstrip(b"\r\n")  # the last line may have no end
    return body + b"\r\n" if body else b""


def _single_spaced(data: bytes) -> bytes:
    while b"  " in data:  # halves each run, so a run of n takes log n rounds
        data = data.replace(b"  ", b" ")
    return data


def _as_sent(content: bytes) -> bytes:
    """Return what the server will have: `wire_content` without the dots that the wire adds."""
    wire = wire_content(content).removesuffix(END_OF_DATA)
    return (b"\n" + wire).replace(b"\n.", b"\n")[1:]


def _fields(section: bytes) -> dict[str, list[bytes]]:
    """Return the fields of a header section by name, each as a canonical line (relaxed, RFC 6376 §3.4.2)."""
    found: dict[str, list[bytes]] = {}
    unfolded = section.replace(b"\t", b" ").replace(b"\r\n ", b" ")
    for line in _single_spaced(unfolded).split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            key = name.strip(b" ").lower()
            found.setdefault(key.decode("latin-1"), []).append(b"%s:%s\r\n" % (key, value.strip(b" ")))
    return found


def _canonical(header: bytes) -> bytes:
    """Return one DKIM-Signature field in canonical form, without its line end."""
    ((line,),) = _fields(header).values()
    return line.removesuffix(b"\r\n")


def _names(fields: Mapping[str, Sequence[bytes]]) -> tuple[str, ...]:
    """Return the names in `h=`."""
    there = [name for name in SIGNED_WHEN_THERE if name in fields]
    return tuple(name for name in (*ALWAYS_SIGNED, *there) for _ in range(len(fields.get(name, ())) + 1))


def _header_data(fields: Mapping[str, Sequence[bytes]], names: Iterable[str]) -> bytes:
    """Return the canonical lines of *names*; of several fields with one name the last comes first (§5.4.2)."""
    seen: Counter[str] = Counter()
    lines = []
    for name in names:
        seen[name] += 1
        those = fields.get(name, ())
        if seen[name] <= len(those):
            lines.append(those[-seen[name]])
    return b"".join(lines)


def _domain_of(line: bytes) -> str:
    domain = line.strip().rpartition(b"@")[2].strip(b"> ").decode("latin-1")
    if not is_name(domain):
        raise BadInput("the domain of From cannot be read; set DIGEST_DKIM_DOMAIN")
    return domain


@lru_cache(maxsize=64)
def _opening(algorithm: str, domain: str, selector: str, names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """Return the header up to `t=`, in lines of at most 78 characters, and in canonical form; one for a digest."""
    tags = ["DKIM-Signature: v=1;", f"a={algorithm};", "c=relaxed/relaxed;", f"d={domain};", f"s={selector};"]
    lines = [tags[0]]
    for tag in [*tags[1:], "q=dns/txt;"]:
        if len(lines[-1]) + 1 + len(tag) <= LINE:
            lines[-1] += f" {tag}"
        else:
            lines.append(f" {tag}")
    lines.append(" h=")
    for place, name in enumerate(names, start=1):
        mark = ";" if place == len(names) else ":"
        if len(lines[-1]) + len(name) + 1 > LINE:
            lines.append(" ")
        lines[-1] += name + mark
    opening = "\r\n".join([*lines, " t="]).encode("ascii")
    return opening, _canonical(opening)
