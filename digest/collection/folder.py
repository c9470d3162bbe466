"""A folder of article files as a source: which files are there, whole, and ours to read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.collection.read import SUFFIXES
from digest.errors import BadInput

# Long enough for a writer to come back to a file, short enough for the next tick.
SETTLING = timedelta(seconds=2)
MOST_FILES = 10_000
_TEMPORARY_ENDS = ("~", ".tmp", ".part", ".partial", ".swp", ".swx", ".crdownload", ".download", ".bak", ".lock")
_TEMPORARY_BEGINS = (".", "~", "#")


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a file showed: its size in bytes and when it was last written (aware UTC)."""

    size: int
    written_at: datetime


def is_article_name(name: str) -> bool:
    """Whether a file of this *name* is one of ours: a known ending (.gz after it or not), not hidden, not temporary."""
    lowered = name.lower()
    if lowered.startswith(_TEMPORARY_BEGINS) or lowered.endswith(_TEMPORARY_ENDS):
        return False
    return Path(lowered.removesuffix(".gz")).suffix in SUFFIXES


def is_settled(look: Look, *, now: datetime, before: Look | None = None, settling: timedelta = SETTLING) -> bool:
    """Whether a file is whole: written at least *settling* ago, and not changed since the look *before*.

    A time of writing in the future (a foreign clock) says nothing; then only a second equal look does.
    """
    if before is not None and before != look:
        return False
    if look.written_at > now:
        return before is not None
    return now - look.written_at >= settling


def list_article_files(
    folder: Path,
    *,
    now: datetime | None = None,
    before: Mapping[Path, Look] | None = None,
    settling: timedelta = SETTLING,
) -> list[Path]:
    """Return the article files in *folder* and the folders below it, sorted by path.

    With *now*, files still being written are left for next time (see `is_settled`); without, all are taken.
    *before* is what an earlier `look_at` showed. Links that lead out of *folder* are not followed. Raises
    BadInput when *folder* is not a folder that can be read or holds more than 10,000 files.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder} is not a folder")
    home = folder.resolve()
    found = []
    for path in sorted(_walk(folder, home)):
        look = look_at(path)
        if look is None or (now is not None and not _is_whole(path, look, now, before, settling)):
            continue
        found.append(path)
        if len(found) > MOST_FILES:
            raise BadInput(f"{folder} holds more than {MOST_FILES:,} article files; give its subfolders one by one")
    return found


def look_at(path: Path) -> Look | None:
    """Return the size and time of writing of *path*, None when it is gone or no regular file."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return Look(facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC)) if path.is_file() else None


def _is_whole(path: Path, look: Look, now: datetime, before: Mapping[Path, Look] | None, settling: timedelta) -> bool:
    earlier = before.get(path) if before is not None else None
    return is_settled(look, now=now, before=earlier, settling=settling)


def _walk(folder: Path, home: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(_TEMPORARY_BEGINS))
        for name in files:
            path = Path(here, name)
            if is_article_name(name) and (not path.is_symlink() or _stays_in(path, home)):
                yield path


def _stays_in(path: Path, home: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(home)
    except (OSError, RuntimeError):
        return False


def _refuse(wrong: OSError) -> None:
    raise BadInput(f"{wrong.filename} cannot be read: {wrong.strerror}")
