"""The machine: Python, clock, time zones, the secret key, and who may read what."""

from __future__ import annotations

import math
import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import available_timezones

from digest.pipeline.doctor.verdict import Line, fail, ok, warn
from digest.scheduling.zones import is_zone, zones_version

_RELEASED = datetime(2026, 11, 1, tzinfo=UTC)  # no clock that is right shows an earlier time
_FAR = datetime(2100, 1, 1, tzinfo=UTC)
_MENDED = {(3, 11): 10, (3, 12): 5}  # CVE-2024-6923; later ones have it from the start
_ENOUGH_BITS, _ENOUGH_LETTERS = 128, 10
_KNOWN = ("change", "secret", "example", "password", "0123456789", "abcdef123")


def python(version: tuple[int, int, int]) -> Iterator[Line]:
    """Look at the version of Python."""
    told = ".".join(map(str, version))
    least = _MENDED.get(version[:2], 0)
    if version[2] < least:
        how = f"use {version[0]}.{version[1]}.{least} or newer; Digest writes headers by itself, other programs do not"
        yield warn("python", f"{told} lets e-mail headers be injected (CVE-2024-6923)", how)
    else:
        yield ok("python", f"{told}, SQLite {sqlite3.sqlite_version}")


def clock(now: datetime) -> Iterator[Line]:
    """Look at the clock, *now* being what it shows."""
    if not _RELEASED <= now < _FAR:
        yield fail(
            "clock", f"it shows {now:%Y-%m-%d %H:%M} UTC", "set it, and keep it right with NTP: mails are sent by it"
        )
    else:
        yield ok("clock", f"it shows {now:%Y-%m-%d %H:%M} UTC")


def zones(wanted: Iterable[str] = ()) -> Iterator[Line]:
    """Look for the time zones: all, and each of *wanted*."""
    remedy = "run: pip install --upgrade tzdata"
    count = len(available_timezones())
    missing = sorted({name for name in {"UTC", "Asia/Seoul", "Europe/Berlin", *wanted} if not is_zone(name)})
    if missing:
        yield fail("time zones", f"{', '.join(missing)} cannot be found", remedy)
        return
    yield ok("time zones", f"{count} zones, release {zones_version() or 'unknown'}")


def secret(key: str, previous: str) -> Iterator[Line]:
    """Look at the secret key, of which nothing is told."""
    remedy = "make one with: openssl rand -hex 32; keep the old one as DIGEST_SECRET_KEY_PREVIOUS"
    counts = Counter(key)
    bits = -sum(n * math.log2(n / len(key)) for n in counts.values())
    low = key.lower()
    if len(counts) < _ENOUGH_LETTERS or bits < _ENOUGH_BITS or _repeats(key):
        yield fail("secret key", "it is easy to guess: it repeats itself", remedy)
    elif any(word in low for word in _KNOWN) or " " in key.strip():
        yield warn("secret key", "it is made of words", remedy)
    elif key == previous:
        yield warn("secret key", "it is the same as the previous one", "leave DIGEST_SECRET_KEY_PREVIOUS empty")
    else:
        yield ok("secret key", f"{len(key)} characters")


def _repeats(key: str) -> bool:
    """Whether *key* is one piece again and again."""
    return (key + key).find(key, 1) < len(key)


def permissions(files: Iterable[tuple[str, Path]]) -> Iterator[Line]:
    """Look at who may read and write *files*: (what it is, where); those that are not there are passed by."""
    if os.name != "posix":
        yield warn("permissions", "not looked at on this system", "see that only the user of Digest reads its files")
        return
    good: list[str] = []
    for what, path in files:
        try:
            mode, owner = path.stat().st_mode, path.stat().st_uid
        except OSError:
            continue
        wide = _open_to(path, mode)
        do = f"run: chmod {'700' if stat.S_ISDIR(mode) else '600'} {path}"
        if wide:
            yield fail("permissions", f"{what} {path} can be {wide} by every user of this machine", do)
        elif mode & (stat.S_IRGRP | stat.S_IWGRP) and _is_reachable(path, stat.S_IXGRP):
            yield warn("permissions", f"{what} {path} is open to its group", do)
        elif owner not in (os.getuid(), 0) and os.getuid() != 0:
            yield warn("permissions", f"{what} {path} belongs to another user", "run Digest as its owner")
        else:
            good.append(what)
    if good:
        yield ok("permissions", f"{', '.join(dict.fromkeys(good))}: for their user only")


def _open_to(path: Path, mode: int) -> str:
    if not _is_reachable(path, stat.S_IXOTH):
        return ""
    return "changed" if mode & stat.S_IWOTH else "read" if mode & stat.S_IROTH else ""


def _is_reachable(path: Path, bit: int) -> bool:
    """Whether the folders above let them come this far."""
    try:
        return all(folder.stat().st_mode & bit for folder in path.absolute().parents)
    except OSError:
        return False
