"""Bytes -> the parts of a mail, whatever is broken about it (RFC 5322, RFC 2045, RFC 2046).

Not the standard library's parser: reports are torn, nested and hostile, and this one is bounded in size, depth and
number of parts, never raises, and leaves what stands inside a returned mail alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from digest.feedback.charset import decode_body, decode_words

MAX_BYTES = 1024 * 1024  # what a report has to say stands before the mail it returns
MAX_DEPTH = 8
MAX_PARTS = 64
_MAX_FIELDS = 500
_MAX_VALUE = 8 * 1024

_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)")
_PARAMETER = re.compile(r""";\s*([\w*-]{1,40})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))""")
_INNER_BOUNDARY = re.compile(rb"^--([^\s-][^\n]{0,100}?)[ \t]*\nContent-", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: header fields in order (names lower case, values unfolded), its body as it came, parts below it."""

    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    parts: list[Part] = field(default_factory=list)

    def get(self, name: str) -> str:
        """Return the first value of the field *name* (lower case), encoded words decoded; "" when there is none."""
        return next((decode_words(value) for each, value in self.fields if each == name), "")

    def all(self, name: str) -> list[str]:
        """Return every value of the field *name* (lower case)."""
        return [decode_words(value) for each, value in self.fields if each == name]

    @property
    def type(self) -> str:
        """Return the media type, lower case; "text/plain" when none is given (RFC 2045 §5.2)."""
        found = self.get("content-type").partition(";")[0].strip().lower()
        return found if "/" in found else "text/plain"

    def parameter(self, name: str) -> str:
        """Return a parameter of the media type; "" when there is none."""
        for each in _PARAMETER.finditer(self.get("content-type")):
            if each[1].lower() == name:
                return each[2] if each[2] is not None else each[3]
        return ""

    @property
    def content(self) -> bytes:
        """Return the body without its transfer encoding."""
        return decode_body(self.body, self.get("content-transfer-encoding").strip().lower())

    def walk(self) -> Iterator[Part]:
        """Give this part and all below it, in the order they were written."""
        yield self
        for each in self.parts:
            yield from each.walk()


def parse_mail(data: bytes) -> Part:
    """Return the mail in *data*, of which the first megabyte counts; line ends of any kind."""
    text = data[:MAX_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n\x00\xef\xbb\xbf")
    if text.startswith((b"From ", b">From ")):
        text = text.partition(b"\n")[2]
    return _parse(text, 0, [MAX_PARTS])


def parse_fields(text: bytes) -> list[tuple[str, str]]:
    """Return the header fields that *text* begins with."""
    return _split_head(text)[0]


def _parse(text: bytes, depth: int, room: list[int]) -> Part:
    """Return the part in *text*; *room* counts down how many more there may be in the whole mail."""
    room[0] -= 1
    fields, body = _split_head(text)
    part = Part(tuple(fields), body)
    if depth < MAX_DEPTH and part.type.startswith("multipart/"):
        for each in _split_parts(part):
            if room[0] <= 0:
                break
            part.parts.append(_parse(each, depth + 1, room))
    return part


def _split_head(text: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """Return the header fields and the body; a line that cannot be of a header ends it."""
    fields: list[tuple[str, list[bytes]]] = []
    at = 0
    while at < len(text) and len(fields) < _MAX_FIELDS:
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        if not line.strip():
            at = end + 1
            break
        if line[:1] in b" \t":
            if fields and len(fields[-1][1]) < _MAX_FIELDS:
                fields[-1][1].append(line.strip())
        elif found := _FIELD.match(line):
            fields.append((found[1].decode("ascii").lower(), [found[2].strip()]))
        else:
            break
        at = end + 1
    return [(name, _as_text(b" ".join(value)[:_MAX_VALUE])) for name, value in fields], text[at:]


def _split_parts(part: Part) -> list[bytes]:
    boundary = part.parameter("boundary").encode("utf-8", "replace").rstrip()
    if not boundary or b"--" + boundary not in part.body:
        found = _INNER_BOUNDARY.search(part.body)  # a server that forgot to say it, or said another
        if not found:
            return []
        boundary = found[1]
    line = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*$", re.MULTILINE)
    parts: list[bytes] = []
    begin = -1
    for mark in line.finditer(part.body):
        if begin >= 0:
            parts.append(part.body[begin : mark.start()].removesuffix(b"\n"))
        begin = mark.end() + 1
        if mark[1] or len(parts) >= MAX_PARTS:
            return parts
    if begin >= 0:  # the end is missing: the mail was cut
        parts.append(part.body[begin:])
    return parts


def _as_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
