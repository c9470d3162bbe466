"""The door to files: single mails, folders of them, mbox files (RFC 4155), Maildirs -> the bytes of each mail.

Of a mail the first megabyte is taken, so that memory stays the same whatever lies there. Nothing is changed or
marked as read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from digest.errors import BadInput
from digest.feedback.mail import MAX_BYTES, parse_mail

_SEPARATOR = re.compile(rb"From \S+ +(?:\S+ +){0,2}(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[ ,]")
_QUOTED_SEPARATOR = re.compile(rb">+From ")
_SINGLE_SUFFIXES = frozenset({".eml", ".msg", ".txt"})
_USUAL_FIELDS = frozenset(
    {
        "from", "to", "subject", "date", "received", "return-path", "message-id", "content-type", "mime-version",
        "delivered-to", "sender", "reply-to", "cc", "auto-submitted", "x-failed-recipients", "x-original-to",
    }
)  # fmt: skip
_MAX_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """One mail: the file it lies in, which one of that file it is (from 1), its first megabyte."""

    path: Path
    number: int
    data: bytes


def find_mails(place: str | os.PathLike[str], problems: list[str], *, but: Collection[str] = ()) -> Iterator[Found]:
    """Give every mail in *place*, a file or a folder, in the order of names; what cannot be read joins *problems*.

    A problem is one line that begins with the path. Files of a folder whose `unmarked` names are in *but* are passed
    by.
    """
    path = Path(place)
    if not path.exists():
        problems.append(f"{path}: there is no such file or folder")
        return
    for file in _files(path, problems) if path.is_dir() else [path]:
        if unmarked(file) in but:
            continue
        try:
            yield from _mails_of(file)
        except BadInput as wrong:
            problems.append(str(wrong))
        except OSError as wrong:
            problems.append(f"{file}: it cannot be read: {wrong.strerror or wrong}")


def unmarked(path: Path) -> str:
    """Return the name of a mail in a Maildir without its flags, which is the same wherever the mail is moved."""
    return path.name.partition(":")[0]


def _files(folder: Path, problems: list[str]) -> Iterator[Path]:
    """Give the files in *folder* and below; of a Maildir those of `new` and `cur`, not half-written ones in `tmp`."""

    def tell(wrong: OSError) -> None:
        problems.append(f"{wrong.filename}: it cannot be read: {wrong.strerror}")

    for here, folders, names in os.walk(folder, onerror=tell):
        is_maildir = {"cur", "new"} <= set(folders)
        folders[:] = sorted(name for name in folders if not (is_maildir and name == "tmp"))
        for name in sorted(names):
            if not name.startswith(".") and not (is_maildir and name.startswith(("dovecot", "maildir", "courier"))):
                yield Path(here, name)


def _mails_of(path: Path) -> Iterator[Found]:
    if not path.is_file():
        raise BadInput(f"{path}: it is no file; give mails, mbox files or folders")
    count = 0
    with path.open("rb") as file:
        for data in [file.read(MAX_BYTES)] if path.suffix.lower() in _SINGLE_SUFFIXES else _split(file):
            if _is_mail(data):
                count += 1
                yield Found(path, count, data)
    if not count:
        raise BadInput(f"{path}: there is no mail in it")


def _split(file: BinaryIO) -> Iterator[bytes]:
    """Give the mails of an mbox file one after the other, or the whole of another file; each one's first megabyte."""
    lines: list[bytes] = []
    size = 0
    is_mbox, after_blank = False, True
    while line := file.readline(_MAX_LINE):
        if after_blank and line.startswith(b"From ") and _SEPARATOR.match(line) and (is_mbox or not size):
            if lines:
                yield b"".join(lines)
            lines, size, is_mbox = [], 0, True
        elif size < MAX_BYTES:
            kept = line[1:] if is_mbox and line.startswith(b">") and _QUOTED_SEPARATOR.match(line) else line
            lines.append(kept)
            size += len(kept)
        after_blank = not line.strip()
    if lines:
        yield b"".join(lines)


def _is_mail(data: bytes) -> bool:
    """Say whether *data* begins as a mail does: fields, one of which mails have."""
    mail = parse_mail(data[:_MAX_LINE])
    return any(name in _USUAL_FIELDS for name, _ in mail.fields)
