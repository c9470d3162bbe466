"""Gzip files (RFC 1952): told by their first bytes, unfolded no further than we read."""

from __future__ import annotations

import zlib

from digest.errors import BadArticle

_MAGIC = b"\x1f\x8b"


def is_gzipped(data: bytes) -> bool:
    """Whether *data* begins as a gzip file does."""
    return data.startswith(_MAGIC)


def unfold(data: bytes, at_most: int) -> bytes:
    """Return what the gzip file *data* holds, all its members; raises BadArticle beyond *at_most* bytes."""
    out = bytearray()
    while is_gzipped(data):
        decoder = zlib.decompressobj(wbits=31)
        try:
            out += decoder.decompress(data, at_most + 1 - len(out))
        except zlib.error:
            raise BadArticle("the file is not gzip as it says; save it again") from None
        if len(out) > at_most:
            raise BadArticle(f"the file unfolds to more than {at_most:,} bytes; it is not read")
        if not decoder.eof:
            raise BadArticle("the gzip file ends too early; copy it again")
        # What follows the last member is padding.
        data = decoder.unused_data
    return bytes(out)
