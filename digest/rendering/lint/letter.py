"""Read a message for the rules, however broken it is: header fields as they stand, parts, both bodies, the page.

The standard library's parser mends what it reads; here what is wrong must stay to be seen. Nothing raises: what
cannot be read is empty, and the rules say so. Line ends may be those of a file (LF) or of the wire (CRLF).
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from digest.rendering.lint.charsets import decoded
from digest.rendering.lint.page import Page

LARGEST = 20 * 1024 * 1024  #: bytes of a message that is looked at
_DEEPEST, _MOST_PARTS, _MOST_FIELDS = 12, 200, 2_000
_LONGEST_VALUE = 4_096  # characters of a field with parameters that are read
_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;]*)')


@dataclass(frozen=True, slots=True)
class Field:
    """One header field as it stands: its name, its value with its folds (LF), the line it begins on, from 1."""

    name: str
    raw: bytes
    line: int

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return self.name.lower()

    @property
    def text(self) -> str:
        """The value unfolded (RFC 5322 §2.2.3), not decoded; bytes that are no UTF-8 are replaced."""
        return re.sub(r"\n(?=[ \t])", "", self.raw.decode("utf-8", "replace")).replace("\n", " ").strip(" \t")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a message: its fields, its type, and its body (LF) or the parts in it."""

    fields: tuple[Field, ...]
    kind: str
    parameters: dict[str, str]
    body: bytes
    line: int  #: of the file, where the body begins
    children: tuple[Part, ...] = ()
    preamble: bytes = b""
    epilogue: bytes = b""
    is_closed: bool = True  #: whether the last boundary of a multipart is there

    @property
    def encoding(self) -> str:
        """Its Content-Transfer-Encoding in small letters; "7bit" where none is named (RFC 2045 §6.1)."""
        return value_of(self.fields, "content-transfer-encoding").strip().lower() or "7bit"

    @property
    def charset(self) -> str:
        """The charset parameter in small letters, "" where there is none."""
        return self.parameters.get("charset", "").lower()

    @property
    def is_attached(self) -> bool:
        """Whether it is meant to be saved and not to be read in place."""
        return value_of(self.fields, "content-disposition").strip().lower().startswith("attachment")

    @property
    def data(self) -> bytes:
        """The body without its transfer encoding; what is no such encoding is left out."""
        if self.encoding == "base64":
            return _from_base64(self.body)
        return binascii.a2b_qp(self.body) if self.encoding == "quoted-printable" else self.body

    @property
    def text(self) -> str:
        """The body as text with LF, in its charset; what cannot be read shows as U+FFFD."""
        text = decoded(self.data, self.charset or "utf-8")
        return (self.data.decode("utf-8", "replace") if text is None else text).replace("\r\n", "\n")

    def walk(self) -> Iterator[Part]:
        """Give this part and all parts in it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Letter:
    """A message to be looked at, and the instant at which that happens (aware)."""

    raw: bytes
    now: datetime
    _whole: tuple[tuple[Field, ...], tuple[int, ...], int, bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_whole", _header_section(_lines_in_lf(self.raw), 1))

    @property
    def fields(self) -> tuple[Field, ...]:
        """The header fields, in order."""
        return self._whole[0]

    @property
    def stray_lines(self) -> tuple[int, ...]:
        """Lines of the header section that are no field and no fold of one."""
        return self._whole[1]

    @cached_property
    def head(self) -> bytes:
        """The header section with LF line ends."""
        body = self._whole[3]
        whole = _lines_in_lf(self.raw)
        return whole[: len(whole) - len(body)] if body else whole

    @cached_property
    def root(self) -> Part:
        """The message as a part."""
        fields, _, line, body = self._whole
        return _part(fields, body, line, 0, [0])

    @cached_property
    def parts(self) -> list[Part]:
        """All parts that hold no others."""
        return [part for part in self.root.walk() if not part.children]

    def all(self, name: str) -> list[Field]:
        """Return every field of this *name*."""
        return [each for each in self.fields if each.key == name.lower()]

    def first(self, name: str) -> Field | None:
        """Return the first field of this *name*."""
        return next(iter(self.all(name)), None)

    def value(self, name: str) -> str:
        """Return the unfolded value of the first field of this *name*, "" where there is none."""
        return value_of(self.fields, name)

    @cached_property
    def text(self) -> str:
        """The plain text that is read, "" where there is none."""
        return self._read_as("text/plain")

    @cached_property
    def html(self) -> str:
        """The HTML that is read, "" where there is none."""
        return self._read_as("text/html")

    @cached_property
    def page(self) -> Page:
        """The HTML as a tree."""
        return Page(self.html)

    def _read_as(self, kind: str) -> str:
        return next((part.text for part in self.parts if part.kind == kind and not part.is_attached), "")


def value_of(fields: Sequence[Field], name: str) -> str:
    """Return the unfolded value of the first field *name*, "" where there is none."""
    return next((each.text for each in fields if each.key == name.lower()), "")


def _lines_in_lf(raw: bytes) -> bytes:
    whole = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    return whole if b"\n" in whole else whole.replace(b"\r", b"\n")


def _header_section(whole: bytes, line: int) -> tuple[tuple[Field, ...], tuple[int, ...], int, bytes]:
    """Return fields, stray lines, the line where the body begins, and the body."""
    if whole.startswith(b"\n"):
        return (), (), line + 1, whole[1:]
    head, _, body = whole.partition(b"\n\n")
    fields: list[tuple[str, list[bytes], int]] = []
    strays: list[int] = []
    rows = head.split(b"\n")
    for at, row in enumerate(rows):
        if row[:1] in (b" ", b"\t") and fields and not (strays and strays[-1] == line + at - 1):
            fields[-1][1].append(row)
        elif found := _NAME.match(row):
            if len(fields) < _MOST_FIELDS:
                fields.append((found[1].decode("ascii"), [row[found.end() :]], line + at))
        elif row and not (at == 0 and row.startswith(b"From ")):  # how a message begins in an mbox
            strays.append(line + at)
    made = tuple(Field(name, b"\n".join(value), at) for name, value, at in fields)
    return made, tuple(strays), line + len(rows) + 1, body


def _part(fields: tuple[Field, ...], body: bytes, line: int, depth: int, count: list[int]) -> Part:
    value = value_of(fields, "content-type")[:_LONGEST_VALUE]
    kind = value.partition(";")[0].strip().lower() or "text/plain"
    parameters = {
        found[1].lower(): _unquoted(found[2]) for found in reversed(list(_PARAMETER.finditer(value)))
    }  # of several the first counts
    boundary = parameters.get("boundary", "")
    count[0] += 1
    if not kind.startswith("multipart/") or not boundary or depth >= _DEEPEST:
        return Part(fields, kind, parameters, body, line)
    return _multipart(Part(fields, kind, parameters, body, line), boundary, depth, count)


def _multipart(part: Part, boundary: str, depth: int, count: list[int]) -> Part:
    """Return *part* taken apart at the lines of its *boundary* (RFC 2046 §5.1.1)."""
    mark = b"--" + boundary.encode("utf-8", "replace")
    pieces: list[tuple[int, list[bytes]]] = [(part.line, [])]
    is_closed = False
    for at, row in enumerate(part.body.split(b"\n")):
        bare = row.rstrip(b" \t")
        if not is_closed and bare in (mark, mark + b"--"):
            is_closed = bare != mark
            pieces.append((part.line + at + 1, []))
        else:
            pieces[-1][1].append(row)
    inner = pieces[1:-1] if is_closed else pieces[1:]
    children = []
    for line, rows in inner:
        if count[0] < _MOST_PARTS:
            fields, _, start, body = _header_section(b"\n".join(rows), line)
            children.append(_part(fields, body, start, depth + 1, count))
    return Part(
        part.fields,
        part.kind,
        part.parameters,
        part.body,
        part.line,
        tuple(children),
        b"\n".join(pieces[0][1]),
        b"\n".join(pieces[-1][1]) if is_closed else b"",
        is_closed,
    )


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') and len(value) > 1 else value


def _from_base64(body: bytes) -> bytes:
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
    kept = kept[:-1] if len(kept) % 4 == 1 else kept
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
