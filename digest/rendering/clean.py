"""Make text and addresses from outside harmless before a template sees them (rendering: first of all).

What comes out is one line of NFC text without control characters, without characters that reorder a line,
and without the noncharacters that mark slots and holes; or an absolute http(s) URL in ASCII, or "".
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

import idna

# C0 and C1 controls, bidi embeddings, overrides and isolates (UAX #9 §2), zero-width no-break space,
# the replacement character, surrogates, and every noncharacter (Unicode §23.7).
_HARMFUL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffd\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)
_SPACE = re.compile(r"[\s\x1c-\x1f\x85]+")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
# What our own marks look like (marks.py): an article that spells one must not pass for a slot.
_MARK_LIKE = re.compile(r"(?:slot|hole)\.invalid|%EF%B7%9[01]", re.IGNORECASE)
_PATH_SAFE = "/:@!$&'()*+,;=~%-._"
_QUERY_SAFE = _PATH_SAFE + "?"
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def clean_text(value: str) -> str:
    """Return *value* as one line: NFC, every kind of line break and run of space as one space, trimmed.

    A combining mark at the start is dropped: it would join the character before it, which is ours.
    """
    if _PLAIN.fullmatch(value) and "%" not in value and ".invalid" not in value.lower():
        return value
    text = _SPACE.sub(" ", _HARMFUL.sub("", value)).strip()
    text = _MARK_LIKE.sub(lambda mark: mark[0].replace(".", "\u2024").replace("%", "\uff05"), text)
    text = unicodedata.normalize("NFC", text)
    while text and unicodedata.category(text[0]).startswith("M"):
        text = text[1:].lstrip()
    return text


def shorten(text: str, length: int) -> str:
    """Return *text*, cut with an ellipsis at a word (or anywhere, in one long word) to *length* characters."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    at = head.rfind(" ")
    return (head[:at] if at > length // 2 else head).rstrip() + "…"


def clean_url(value: str) -> str:
    """Return *value* as an absolute http or https URL in ASCII (RFC 3986 §2.1), or "" when it is not one.

    The host becomes A-labels (IDNA 2008), everything else is percent-encoded UTF-8. A URL with a user name
    in it is refused, because it shows another host than it leads to; so is one that looks like a mark of ours.
    """
    if not value or any(c.isspace() or unicodedata.category(c) in ("Cc", "Cs") for c in value.strip()):
        return ""
    try:
        parts = urlsplit(_HARMFUL.sub("", value.strip()))
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not host or "@" in parts.netloc:
        return ""
    ascii_host = _ascii_host(host)
    if not ascii_host:
        return ""
    netloc = ascii_host if port is None else f"{ascii_host}:{port}"
    path, query, fragment = (
        quote(_BROKEN_PERCENT.sub("%25", unicodedata.normalize("NFC", piece)), safe=safe)
        for piece, safe in (
            (parts.path, _PATH_SAFE),
            (parts.query, _QUERY_SAFE),
            (parts.fragment, _QUERY_SAFE),
        )
    )
    url = urlunsplit((parts.scheme.lower(), netloc, path, query, fragment))
    return "" if _MARK_LIKE.search(url) else url


def _ascii_host(host: str) -> str:
    try:
        ascii_host = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""
    return ascii_host if re.fullmatch(r"[A-Za-z0-9._-]{1,253}", ascii_host) else ""


def escape_html(text: str) -> str:
    """Return *text* for HTML text or a double-quoted attribute."""
    return html.escape(text, quote=True)
