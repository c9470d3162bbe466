"""Time zones by name, and which release of the zone database says what their clocks do (door)."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from digest.log import get_logger

FALLBACK = "UTC"
_VERSION = "# version "


def is_zone(name: str) -> bool:
    """Whether the zone database of this machine has the IANA zone *name*."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # no such zone, no name at all, a folder of zones
        return False
    return bool(name)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone *name*; UTC, and a line in the log, for one that this machine does not have (any more).

    Names are checked when they come in, so this happens when a zone database was replaced by one without it:
    readers then still get their mail, at the wrong hour, until somebody mends it (`digest doctor` tells).
    """
    if is_zone(name):
        return ZoneInfo(name)
    get_logger().error("zone_unknown", zone=name, taken=FALLBACK, remedy="pip install --upgrade tzdata")
    return ZoneInfo(FALLBACK)


@lru_cache(maxsize=1)
def zones_version() -> str:
    """Return the release of the zone database in use, like "2026a"; "" when it does not say."""
    for folder in map(Path, TZPATH):
        if (folder / FALLBACK).is_file():
            return _told_by(folder / "tzdata.zi")
    return installed_version()


def installed_version() -> str:
    """Return the release of the Python package tzdata, which is used where the machine has no zones; "" without it."""
    try:
        return str(import_module("tzdata").IANA_VERSION)
    except (ModuleNotFoundError, AttributeError):
        return ""


def _told_by(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            first = lines.readline()
    except OSError:
        return ""
    return first.removeprefix(_VERSION).strip() if first.startswith(_VERSION) else ""
