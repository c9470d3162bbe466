"""Bytes of a file or page -> text, whatever encoding its writer used."""

from __future__ import annotations

import codecs
import re

from digest.collection.charset import guess_charset
from digest.errors import BadArticle

MAX_BYTES = 5 * 1024 * 1024

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"\x1f\x8b",
    b"\x7fELF",
    b"\xd0\xcf\x11\xe0",
    b"{\\rtf",
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_DECLARED = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""")
# The WHATWG encoding standard reads these names as windows-1252, since that is what such pages hold.
_LATIN = {"iso8859-1", "ascii", "latin-1"}


def decode(data: bytes, *, declared: str = "") -> str:
    """Return *data* as text without a byte order mark and without NUL.

    A byte order mark wins, then UTF-8 when it fits, then the charset that *declared* (an HTTP header) or the
    document itself names, then the old encoding in which it reads as text.
    Raises BadArticle when the bytes are too many (5 MB), not text, or in no encoding that we know.
    """
    if len(data) > MAX_BYTES:
        raise BadArticle(f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    if data.startswith(_BINARY):
        raise BadArticle("this is not a text file; save the article as text, Markdown, HTML or a feed")
    text = _decode(data, declared)
    strange = len(_CONTROL.findall(text))
    if strange > 8 and strange * 50 > len(text):
        raise BadArticle("this is not a text file; save the article as text, Markdown, HTML or a feed")
    return text.replace("\x00", "")


def _decode(data: bytes, declared: str) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace")
    wide = _wide_encoding(data)
    if wide:
        return data.decode(wide, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    repaired = data.decode("utf-8", "replace")
    broken = repaired.count("\ufffd")
    whole = sum(1 for character in repaired if character > "\x7f") - broken
    if broken * 5 <= whole:
        # UTF-8 with a torn letter, such as the end of a file that was cut, not another encoding.
        return repaired
    for name in (declared, _declared_in(data)):
        encoding = _known(name)
        if encoding:
            return data.decode(encoding, "replace")
    guessed = guess_charset(data)
    if not guessed:
        raise BadArticle("the encoding of this file is unknown; save it as UTF-8")
    try:
        return data.decode(guessed)
    except UnicodeDecodeError:
        return data.decode("latin-1" if guessed == "cp1252" else guessed, "replace")


def _wide_encoding(data: bytes) -> str:
    """Return the UTF-16 form of *data* when its zero bytes tell it, else ""."""
    head = data[:4096]
    if len(head) < 4 or len(data) % 2 or head.count(0) * 4 < len(head):
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 4 * odd else ""


def _declared_in(data: bytes) -> str:
    found = _DECLARED.search(data[:2048])
    return found[1].decode("ascii") if found else ""


def _known(name: str) -> str:
    """Return Python's name of a charset that turns bytes into text, "" when there is none."""
    try:
        codec = codecs.lookup(name) if name else None
        if codec is None or not codec._is_text_encoding or "utf" in codec.name:
            return ""
        if codec.name in ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"):
            return ""
    except (LookupError, ValueError):
        return ""
    return "cp1252" if codec.name in _LATIN else codec.name
