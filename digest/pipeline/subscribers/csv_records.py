"""Bytes of a CSV file to records (RFC 4180), whatever its encoding, line ends and delimiter; streamed.

Memory is bounded by the longest line we accept, not by the file. A quotation mark that is never closed costs
its own record, not the rest of the file: reading goes on at the next line.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

MAX_CELL = 65_536  # characters
MAX_LINE = 262_144  # bytes
MAX_LINES_PER_RECORD = 200
_DELIMITERS = ",;\t"
_LOOKED_AT = 4_096
_TOO_LONG = b"?" * (MAX_LINE + 1)


class Record(NamedTuple):
    """One record: the line it starts on (1 is the first), its cells, or what is wrong with it."""

    line: int
    cells: list[str]
    problem: str = ""


def read_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a file without their ends (LF, CRLF or CR).

    UTF-8, UTF-16 and UTF-32 are told by their byte order mark, UTF-16 also by its NULs. A line that is not
    UTF-8 is taken as Windows-1252, which holds all of Latin-1. A line that is too long comes as
    MAX_LINE + 1 question marks.
    """
    for line in _split(_as_utf8(iter(chunks))):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            yield line.decode("cp1252", "replace")


def read_records(lines: Iterable[str]) -> Iterator[Record]:
    """Yield the records of *lines*, the header first; the header's line decides the delimiter.

    Empty lines are passed over. A first line like "sep=;", as spreadsheets write it, is obeyed.
    """
    numbered = _Lines(lines)
    delimiter = ""
    while (numbered_line := numbered.take()) is not None:
        number, text = numbered_line
        if not text.strip():
            continue
        if not delimiter:
            if text.lower().startswith("sep=") and len(text) == 5:
                delimiter = text[4]
                continue
            delimiter = sniff_delimiter(text)
        yield _record(number, text, numbered, delimiter)


def sniff_delimiter(header: str) -> str:
    """Return the comma, semicolon or tab that a header line uses most outside of quotation marks.

    A bar only where there is none of them: in cells it parts topics.
    """
    outside = "".join(header.split('"')[::2])
    return (
        "|"
        if "|" in outside and not any(sign in outside for sign in _DELIMITERS)
        else max(_DELIMITERS, key=outside.count)
    )


class _Lines:
    """Numbered lines, which can be put back in front."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = enumerate(lines, start=1)
        self._back: deque[tuple[int, str]] = deque()

    def take(self) -> tuple[int, str] | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        self._back.extendleft(reversed(lines))


def _record(number: int, text: str, following: _Lines, delimiter: str) -> Record:
    if len(text) > MAX_LINE:
        return Record(number, [], f"the line is longer than {MAX_LINE:,} bytes")
    if '"' not in text:
        return Record(number, text.split(delimiter))
    lines, taken, size = [text], list[tuple[int, str]](), len(text)
    while True:
        # Only a line with a quotation mark can close the open one.
        if '"' in lines[-1]:
            cells, problem = _parse(lines, delimiter)
            if problem:
                following.put_back(taken)
                return Record(number, [], problem)
            if cells:
                return Record(number, cells)
        more = following.take() if len(lines) < MAX_LINES_PER_RECORD and size <= MAX_LINE else None
        if more is None:
            following.put_back(taken)
            return Record(number, [], "a quotation mark is opened and never closed")
        taken.append(more)
        lines.append(more[1])
        size += len(more[1])


def _parse(lines: list[str], delimiter: str) -> tuple[list[str], str]:
    """Return the cells of one record and what is wrong; no cells while a quoted one is still open at the end."""
    asked_for_more = False

    def feed() -> Iterator[str]:
        nonlocal asked_for_more
        for line in lines:
            yield f"{line}\n"
        asked_for_more = True

    try:
        return next(csv.reader(feed(), delimiter=delimiter, strict=True)), ""
    except csv.Error as error:
        if asked_for_more:
            return [], ""
        if "field limit" in str(error):
            return [], f"has a cell longer than {MAX_CELL:,} characters"
        return [], "a quotation mark stands inside a quoted cell; write it twice"


def _as_utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _LOOKED_AT:
            break
    encoding, mark = _encoding_of(head)
    head = head[mark:]
    if encoding == "utf-8":
        yield head
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chain([head], chunks):
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _encoding_of(head: bytes) -> tuple[str, int]:
    """Return the encoding and the width of its byte order mark."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return encoding, len(mark)
    # ASCII letters in UTF-16 have a NUL as every other byte; a header is mostly ASCII.
    start = head[:200]
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le", 0
    if start[::2].count(0) > len(start) // 4:
        return "utf-16-be", 0
    return "utf-8", 0


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest, cutting = b"", False
    for chunk in chunks:
        pieces = (rest + chunk).splitlines(keepends=True)
        # The last piece waits for its end; a CR may be half of a CRLF.
        rest = pieces.pop() if pieces and not pieces[-1].endswith(b"\n") else b""
        for piece in pieces:
            if not cutting:
                yield _bounded(piece.rstrip(b"\r\n"))
            cutting = False
        if len(rest) > MAX_LINE and not rest.endswith(b"\r"):
            if not cutting:
                yield _TOO_LONG
            rest, cutting = b"", True
    if rest and not cutting:
        yield _bounded(rest.rstrip(b"\r\n"))


def _bounded(line: bytes) -> bytes:
    return line if len(line) <= MAX_LINE else _TOO_LONG
