"""Bytes of a part or a header -> text: transfer encodings, charsets, encoded words (RFC 2045 §6, RFC 2047)."""

from __future__ import annotations

import binascii
import codecs
import re
import string

_NOT_BASE64 = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode() + b"+/"))
_WORD = re.compile(r"=\?([\w.:-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?\s]{0,2000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(=\?)")
# Text encodings that are no charsets of mail, or are slow on purpose-made input.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7", "mbcs", "oem"})
_JAPANESE = re.compile(rb"\x1b\$[@B]|\x1b\(J")


def decode_body(body: bytes, encoding: str) -> bytes:
    """Return *body* without its transfer *encoding*; torn base64 gives what can be read of it."""
    if encoding == "base64":
        return _from_base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    return body


def decode_text(data: bytes, declared: str = "") -> str:
    """Return *data* as text in the *declared* charset, else in the one it looks like; never raises."""
    for name in (declared, "iso-2022-jp" if _JAPANESE.search(data[:4096]) else "", "utf-8"):
        codec = _codec(name)
        if codec is None or (codec.name == "ascii" and max(data, default=0) > 0x7F):
            continue
        try:
            return codec.decode(data)[0]
        except (UnicodeError, ValueError):
            if name == declared:
                return _replacing(codec, data)
    return data.decode("latin-1")


def decode_words(value: str) -> str:
    """Return a header's *value* with its encoded words decoded; what is none stays as it is."""
    if "=?" not in value:
        return value
    return _WORD.sub(_decoded_word, _BETWEEN_WORDS.sub(r"\1\2", value))


def _decoded_word(found: re.Match[str]) -> str:
    written = found[3].encode("utf-8", "replace")
    data = _from_base64(written) if found[2] in "bB" else binascii.a2b_qp(written, header=True)
    return decode_text(data, found[1])


def _from_base64(body: bytes) -> bytes:
    letters = body.translate(None, _NOT_BASE64)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def _codec(name: str) -> codecs.CodecInfo | None:
    try:
        codec = codecs.lookup(name.strip("\"' ")) if name else None
    except (LookupError, ValueError):
        return None
    if codec is None or not codec._is_text_encoding or codec.name in _REFUSED:
        return None
    return codec


def _replacing(codec: codecs.CodecInfo, data: bytes) -> str:
    try:
        return codec.decode(data, "replace")[0]
    except (UnicodeError, ValueError):
        return data.decode("latin-1")
