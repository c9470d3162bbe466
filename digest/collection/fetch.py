"""The door to the web: one guarded client for every address that comes from outside.

Names are resolved once, every address is checked, and the connection goes to the checked address while Host and
TLS name stay; the same on every redirect. So no answer of a name server can lead us into the own network.
"""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

import idna

from digest.collection.addresses import is_disguised
from digest.collection.extra import missing_extra
from digest.collection.fetched import Fetched, Resolve, Target
from digest.collection.gzipped import is_gzipped, unfold
from digest.collection.links import without_login
from digest.collection.refusals import refused
from digest.errors import BadArticle, FetchRefused

REDIRECTS = frozenset({301, 302, 303, 307, 308})
ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.9, "
    "application/json;q=0.8, text/markdown;q=0.8, text/plain;q=0.8, */*;q=0.1"
)
# A small body may well be one letter a thousand times; the ratio is looked at beyond this.
FREE_BYTES = 256 * 1024
PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Sizes in bytes, times in seconds. `ratio` bounds decoded to received bytes."""

    max_bytes: int = 5 * 1024 * 1024
    ratio: int = 100
    total: float = 15.0
    connect: float = 3.0
    redirects: int = 5
    ports: frozenset[int] = field(default=frozenset({80, 443}))


def resolve_name(host: str, port: int) -> Sequence[str]:
    """Return the numeric addresses of *host* as the system's resolver knows them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    limits: FetchLimits = FetchLimits(),
    resolve: Resolve = resolve_name,
    allow_private: bool = False,
) -> Fetched:
    """Return what *url* answers to GET; *etag* and *last_modified* are the last answer's (RFC 9110 section 13.1).

    *allow_private* also lifts the rule on ports, for installations that read their own network. Raises
    FetchRefused, in words, for any address we must not ask, any answer other than 200-299 and 304 (with the
    rest that the server asks for), and any that is too large, too slow or not to be had; BadInput when the extra
    `ingest` is not installed.
    """
    try:
        from digest.collection.wire import Guard, answer, in_words
    except ImportError:
        raise missing_extra("web addresses") from None
    deadline = time.monotonic() + limits.total
    asked = url
    conditions = _conditions(etag, last_modified)
    for _ in range(limits.redirects + 1):
        target = target_of(asked, limits, allow_private=allow_private)
        guard = Guard(limits.connect, deadline, resolve, allow_private=allow_private)
        with in_words(asked), answer(target, guard, _asking(target, conditions)) as response:
            headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in response.headers}
            if response.status in REDIRECTS:
                if not headers.get("location"):
                    raise FetchRefused(f"{asked} redirects to nowhere")
                asked = _joined(asked, headers["location"])
                continue
            if response.status == 304 and conditions:
                return Fetched(304, b"", url=asked, etag=etag, last_modified=last_modified, not_modified=True)
            if not 200 <= response.status < 300:
                retry_after, date = headers.get("retry-after", ""), headers.get("date", "")
                raise refused(asked, response.status, retry_after, date)
            body = _body(response.iter_stream(), headers, limits, deadline, asked)
        if is_gzipped(body):
            # A file that was compressed when it was stored, such as feed.xml.gz; no coding of the answer.
            body = _file_in(body, limits, asked)
        kind, charset = _content_type(headers.get("content-type", ""))
        return Fetched(
            response.status, body, kind, charset, asked, headers.get("etag", ""), headers.get("last-modified", "")
        )
    raise FetchRefused(f"{url} redirects more than {limits.redirects} times")


def target_of(url: str, limits: FetchLimits, *, allow_private: bool = False) -> Target:
    """Return *url* taken apart. Raises FetchRefused when its form alone forbids it."""
    shown = without_login(url)[:200]
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise FetchRefused(f"{shown!r} is not an address; it should look like https://example.org/feed") from None
    if parts.scheme not in ("http", "https") or not host or len(url) > 2048:
        raise FetchRefused(f"{shown!r} is not a web address; it should look like https://example.org/feed")
    if "@" in parts.netloc or "\\" in url or any(letter <= " " or letter == "\x7f" for letter in url):
        raise FetchRefused(f"{shown!r} has a user name or letters that no address has; write the plain address")
    if "%" in host:
        raise FetchRefused(f"{shown!r} has an encoded host name; write the plain address")
    port = port if port is not None else (443 if parts.scheme == "https" else 80)
    if port not in limits.ports and not allow_private:
        raise FetchRefused(f"{shown!r} asks for port {port}; only ports 80 and 443 are allowed")
    path = quote(parts.path or "/", safe="/%!$&'()*+,;=:@-._~")
    query = quote(parts.query, safe="/%!$&'()*+,;=:@-._~?[]")
    return Target(parts.scheme == "https", _host(host, url), port, f"{path}?{query}" if query else path)


def _host(host: str, url: str) -> str:
    if ":" in host:
        return host
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise FetchRefused(f"{url[:200]!r} has a host name that is not allowed (IDNA)") from None
    if is_disguised(host):
        raise FetchRefused(f"{url[:200]!r} writes a network address in an unusual way; write a host name")
    return host.rstrip(".")


def _joined(base: str, location: str) -> str:
    try:
        # Servers send UTF-8 in Location though the field is defined as ASCII.
        return urljoin(base, location.encode("latin-1", "replace").decode("utf-8", "replace").strip())
    except ValueError:
        raise FetchRefused(f"{base} redirects to something that is no address") from None


def _conditions(etag: str, last_modified: str) -> list[tuple[bytes, bytes]]:
    values = ((b"If-None-Match", etag), (b"If-Modified-Since", last_modified))
    return [
        (name, value.encode("ascii"))
        for name, value in values
        # What a server once sent must not add a header of its own to our request.
        if value and value.isascii() and value.isprintable() and len(value) <= 1024
    ]


def _body(chunks: Iterable[bytes], headers: dict[str, str], limits: FetchLimits, deadline: float, url: str) -> bytes:
    """Return the decoded body; stops at the first byte too many, of what comes in and of what it unfolds to."""
    unfolder = _Unfolder(headers.get("content-encoding", "").strip().lower(), url)
    received, body = 0, bytearray()
    for chunk in chunks:
        received += len(chunk)
        if time.monotonic() > deadline:
            raise FetchRefused(f"{url} took too long to answer")
        for piece in unfolder.pieces(chunk):
            body += piece
            if len(body) > limits.max_bytes or received > limits.max_bytes:
                raise FetchRefused(f"{url} is larger than {limits.max_bytes:,} bytes")
            if len(body) > max(FREE_BYTES, received * limits.ratio):
                raise FetchRefused(f"{url} unfolds to more than {limits.ratio} times its size; it is not read")
    if not unfolder.whole:
        raise FetchRefused(f"{url} broke off before its end; it is asked for again")
    return bytes(body)


def _file_in(body: bytes, limits: FetchLimits, url: str) -> bytes:
    try:
        return unfold(body, min(limits.max_bytes, max(FREE_BYTES, len(body) * limits.ratio)))
    except BadArticle as wrong:
        raise FetchRefused(f"{url}: {wrong}") from None


class _Unfolder:
    """Decodes a content coding piece by piece (RFC 9110 section 8.4.1), at most 64 KB at a time."""

    def __init__(self, coding: str, url: str) -> None:
        if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise FetchRefused(f"{url} is sent in the coding {coding[:40]!r}, which was not asked for")
        self.coding = coding
        self.url = url
        self.decoder = zlib.decompressobj(wbits=47)
        self.begun = False
        self.whole = True  #: whether what came so far is complete; without a coding only the transfer can tell

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Return what *chunk* unfolds to."""
        if self.coding in ("", "identity"):
            yield chunk
            return
        rest = chunk
        while rest:
            first, piece = not self.begun, self._step(rest)
            self.whole = self.whole and not first and not piece
            if piece:
                yield piece
            rest = self.decoder.unconsumed_tail
            if self.decoder.eof:
                rest = self.decoder.unused_data
                self.whole = True
                self.decoder = zlib.decompressobj(wbits=47)

    def _step(self, data: bytes) -> bytes:
        try:
            piece = self.decoder.decompress(data, PIECE)
        except zlib.error:
            if self.coding != "deflate" or self.begun:
                raise FetchRefused(f"{self.url} is not compressed as it says") from None
            # Some servers send deflate without the zlib wrapper.
            self.decoder = zlib.decompressobj(wbits=-15)
            try:
                piece = self.decoder.decompress(data, PIECE)
            except zlib.error:
                raise FetchRefused(f"{self.url} is not compressed as it says") from None
        self.begun = True
        return piece


def _asking(target: Target, conditions: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [
        (b"Host", target.authority.encode("ascii")),
        (b"User-Agent", b"digest-sender"),
        (b"Accept", ACCEPT.encode("ascii")),
        (b"Accept-Encoding", b"gzip, deflate"),
        (b"Connection", b"close"),
        *conditions,
    ]


def _content_type(header: str) -> tuple[str, str]:
    kind, _, parameters = header.partition(";")
    charset = ""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip("\"'")[:40]
    return kind.strip().lower()[:100], charset
