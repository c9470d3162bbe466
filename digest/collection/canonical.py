"""When two articles are one: addresses and texts brought to one form, and the rule over them."""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

import idna

from digest.collection.links import http_url
from digest.model.article import Article
from digest.model.likeness import likeness, sketch

TRACKING_FILE = Path(__file__).with_name("tracking.toml")
# A text shorter than this ("Weather", "Live: the match") says too little to prove that two articles are one.
TELLING_TEXT = 120
# Two notes with an address each may well share a paragraph of boilerplate and nothing else.
TELLING_NOTE = 200
SHARED = 0.15  #: of the runs of words; an edit leaves more in common, another text next to nothing

_NUMERIC_PORT = {"80", "443"}
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_FOLD = re.compile(r"[\W_]+")
# The same pages for small screens: "m.example.org", "en.m.example.org", "amp.example.org".
_VARIANT = re.compile(r"^(?:www\.)?(?:(?:m|mobile|amp)\.)?(?=[^.]+\.)|(?<=^[a-z]{2}\.)m\.(?=[^.]+\.)")
# RFC 3986 section 3.3: what a path segment may hold as it is, less the percent sign.
_PATH_SAFE = "/!$&'()*+,;=:@-._~"
_QUERY_SAFE = "/!$'()*,:@-._~?"


@cache
def _tracking(path: Path = TRACKING_FILE) -> tuple[frozenset[str], tuple[str, ...]]:
    with path.open("rb") as file:
        names = tomllib.load(file)["parameters"]
    return frozenset(n for n in names if not n.endswith("*")), tuple(n[:-1] for n in names if n.endswith("*"))


def canonical_url(url: str) -> str:
    """Return the key under which *url* is known; "" when it is not an absolute http(s) address.

    Equal keys mean one page: http and https are one, the host is lower case and in A-labels (RFC 5891), ports 80
    and 443 and the fragment go, dot segments are resolved (RFC 3986 section 5.2.4), the query is sorted without
    tracking parameters, a slash at the end goes. A leading "www.", "m.", "mobile." or "amp." goes too: sites that serve
    both serve the same pages under both, while feeds and pages often disagree about which. The key is for comparing,
    not for fetching.
    """
    usable = http_url(url)
    if not usable:
        return ""
    parts = urlsplit(usable)
    host = _host(parts)
    if not host:
        return ""
    port = "" if parts.port is None or str(parts.port) in _NUMERIC_PORT else f":{parts.port}"
    path = _without_dots(_spelled(parts.path, _PATH_SAFE)).rstrip("/")
    query = _query(parts.query)
    return f"https://{host}{port}{path}" + (f"?{query}" if query else "")


def _host(parts: SplitResult) -> str:
    host = unicodedata.normalize("NFKC", parts.hostname or "").lower().rstrip(".")
    if ":" in host:
        return f"[{host}]"
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    return _VARIANT.sub("", host)


def _spelled(text: str, safe: str) -> str:
    """Return *text* percent-encoded in the one way: unreserved letters plain, all others in capital hex."""

    def plain(found: re.Match[str]) -> str:
        byte = unquote_to_bytes(found[0])
        letter = byte.decode("latin-1")
        unreserved = letter.isascii() and (letter.isalnum() or letter in "-._~")
        return letter if unreserved else found[0].upper()

    text = _PERCENT.sub(plain, unicodedata.normalize("NFC", text))
    return "".join(
        piece if _PERCENT.fullmatch(piece) else quote(piece, safe=safe, errors="replace")
        for piece in re.split(r"(%[0-9A-F]{2})", text)
    )


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)


def _query(query: str) -> str:
    exact, beginnings = _tracking()
    kept = []
    # In a query "+" is a space (URL standard, section 5.1).
    for pair in query.replace("+", "%20").split("&"):
        name, equals, value = pair.partition("=")
        lowered = name.lower()
        if not pair or lowered in exact or lowered.startswith(beginnings):
            continue
        kept.append(_spelled(name, _QUERY_SAFE) + equals + _spelled(value, _QUERY_SAFE + "="))
    return "&".join(sorted(kept))


def _folded(text: str) -> str:
    """Return *text* as letters and digits only: NFKC, case folded, punctuation and space to one space."""
    return _FOLD.sub(" ", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())).strip()


def _digest(*texts: str) -> str:
    return hashlib.sha256("\x1f".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def content_hash(article: Article) -> str:
    """Return 64 hexadecimal letters, equal for equal title, deck and text whatever their spacing and case."""
    return _digest(_folded(article.title), _folded(article.deck), _folded(article.text))


def text_hash(article: Article) -> str:
    """Return 64 hexadecimal letters, equal for equal texts whatever stands above them; "" when it is too short.

    A text proves something from 120 letters on, and from 200 on when the article has an address of its own.
    """
    folded = _folded(body_of(article))
    return _digest(folded) if len(folded) >= (TELLING_NOTE if article.url else TELLING_TEXT) else ""


def body_of(article: Article) -> str:
    """Return what the article tells; many feeds have no more of it than a deck."""
    return max(article.text, article.deck, key=len)


def title_key(article: Article) -> str:
    """Return 64 hexadecimal letters, equal for equal titles whatever their punctuation, space and case."""
    folded = _folded(article.title)
    return _digest(folded) if folded else ""


@dataclass(frozen=True, slots=True)
class IdentityKeys:
    """What tells an article from others; "" where the article has nothing to compare.

    `sketch` is of the text (`digest.model.likeness`): a measure, not a key.
    """

    url_key: str
    guid_key: str
    content_hash: str
    title_key: str
    source: str
    text_hash: str = ""
    file_key: str = ""
    sketch: str = ""


def identity_of(article: Article, source: str = "", file: str = "") -> IdentityKeys:
    """Return the keys of *article* as collected from *source* (a slug), where it was all that stood in *file*.

    That is the file's whole path: whoever reads it, it is the same file.
    A GUID that is an address is brought to the form of one. The hashes of content and text are left empty when
    the text is too short to prove anything.
    """
    guid = article.guid.strip()
    telling = len(article.deck) + len(article.text) >= TELLING_TEXT
    return IdentityKeys(
        url_key=canonical_url(article.url),
        guid_key=canonical_url(guid) or guid,
        content_hash=content_hash(article) if telling else "",
        title_key=title_key(article),
        source=source,
        text_hash=text_hash(article),
        file_key=_digest(file) if file else "",
        sketch=sketch(body_of(article)),
    )


def same_article(a: IdentityKeys, b: IdentityKeys) -> bool:
    """Whether *a* and *b* are the same article, one perhaps a later revision of the other.

    The same address; or the same words, under whatever title; or, unless both have an address and these differ,
    the same GUID (feeds reuse GUIDs), the same file with the title or some of the text left, or the same title in
    one source, unless the texts say that it is that of a column.
    """
    if a.url_key and a.url_key == b.url_key:
        return True
    if a.content_hash and a.content_hash == b.content_hash:
        return True
    if a.text_hash and a.text_hash == b.text_hash:
        return True
    if a.url_key and b.url_key:
        return False
    one_source = a.source == b.source
    if a.guid_key and a.guid_key == b.guid_key:
        # An address, a tag: or a urn: is meant for the whole world; "4711" only for its own feed.
        return one_source or ":" in a.guid_key
    one_title = bool(a.title_key) and a.title_key == b.title_key
    if a.file_key and a.file_key == b.file_key:
        return one_title or likeness(a.sketch, b.sketch) >= SHARED
    return one_source and one_title and not _apart(a, b)


def _apart(a: IdentityKeys, b: IdentityKeys) -> bool:
    """Whether two articles with one title ("Morning briefing") are two: long enough to tell, or a file each."""
    two_files = bool(a.file_key and b.file_key)
    telling = two_files or bool(a.content_hash and b.content_hash)
    return telling and likeness(a.sketch, b.sketch) < SHARED
