"""Bytes into text: charsets that mail uses, and encoded words (RFC 2047); what cannot be read is no error."""

from __future__ import annotations

import binascii
import re

# Python has codecs that are no charsets, some of them slow; mail may not choose those.
_CHARSET = re.compile(
    r"utf-?8|us-ascii|ascii|iso-8859-\d{1,2}|(?:windows|cp)-?125\d|koi8-[ru]|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)"
    r"|shift_jis|iso-2022-(?:jp|kr)|ks_c_5601-1987|tis-620"
)
ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([A-Za-z])\?([^?\s]*)\?=")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)[ \t]+(?==\?)")


def decoded(data: bytes, charset: str) -> str | None:
    """Return *data* as text, None when it is none in *charset* or nobody knows that charset."""
    if not _CHARSET.fullmatch(charset.lower()):
        return None
    try:
        return data.decode(charset)
    except (LookupError, UnicodeError):
        return None


def word_text(word: re.Match[str]) -> str | None:
    """Return what one encoded word says, None when it cannot be read."""
    charset, way, text = word[1].partition("*")[0], word[2].lower(), word[3]
    if not text.isascii() or way not in "bq":
        return None
    try:
        if way == "b":
            data = binascii.a2b_base64(text.encode("ascii"))
        else:
            data = binascii.a2b_qp(text.replace("_", "=20").encode("ascii"), header=False)
    except binascii.Error:
        return None
    return decoded(data, charset)


def plain(value: str) -> str:
    """Return a header value with its encoded words read; words that cannot be read stay as they are."""
    return ENCODED_WORD.sub(lambda found: word_text(found) or found[0], _BETWEEN_WORDS.sub("", value))
