"""Time zones and locales as people write them, and the one form in which we keep each."""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError

from digest.errors import BadInput

_LETTERS = 5  # of an abbreviation at most; among names of places nothing is near to one
_LONGEST_TAG = 20  # the width of the column; "zh-Hant-TW" has ten
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_REGIONS = frozenset(
    ["Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific", "UTC"]
)
_HINTS_FILE = Path(__file__).with_name("zone_hints.toml")
_OFFSET = re.compile(r"(?:utc|gmt)?_?([+\-\u2212])(\d{1,2})(?::?(\d\d))?")
_NOT_PLACES = frozenset({"Factory", "localtime", "posixrules"})


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() - _NOT_PLACES}


@lru_cache(maxsize=1)
def zones_on_offer() -> tuple[str, ...]:
    """Return the IANA names of places, and UTC, by name: what a person may choose from."""
    return tuple(sorted(name for name in _zones().values() if name.partition("/")[0] in _REGIONS))


def read_zone(text: str) -> str:
    """Return the IANA name of *text*, whatever its case; raises BadInput that suggests the nearest one."""
    zones = _zones()
    wanted = text.strip().replace(" ", "_").casefold()
    if wanted in zones:
        return zones[wanted]
    raise BadInput(f"{text[:60]!r} is no time zone; write an IANA name like {_hint(wanted[:60])}")


def _hint(wanted: str) -> str:
    """Return what to write instead of *wanted*, folded: never the clock of another part of the world by chance."""
    zones, hints = _zones(), _hints()
    if city := hints["letters"].get(wanted.upper()):
        return city
    if offset := _OFFSET.fullmatch(wanted):
        return _hint_of_offset(int(offset[2]) * (1 if offset[1] == "+" else -1), offset[3] or "00")
    cities = [name for key, name in zones.items() if wanted and key.rpartition("/")[2] == wanted]
    # "MST" is near "PST" in letters alone.
    names = [key for key in zones if "/" in key and not key.startswith("etc/")]
    near = difflib.get_close_matches(wanted, names, n=1) if len(wanted) > _LETTERS else []
    return (cities or [zones[one] for one in near] or ["Europe/Berlin"])[0]


def _hint_of_offset(hours: int, minutes: str) -> str:
    city = _hints()["cities"].get(str(hours), "")
    # In these names the sign is that of POSIX: hours to be added to reach UTC.
    fixed = f"etc/gmt{-hours:+d}" if hours else "utc"
    if minutes != "00" or fixed not in _zones():
        return "Asia/Kolkata, that of a city with this clock"
    return f"{_zones()[fixed]}" + (f", or a city like {city}" if city else "")


@lru_cache(maxsize=1)
def _hints() -> dict[str, dict[str, str]]:
    with _HINTS_FILE.open("rb") as file:
        return tomllib.load(file)


def read_locale(text: str) -> str:
    """Return the tag form of a locale ("pt_br" gives "pt-BR"); raises BadInput when there is none."""
    wanted = text.strip()
    if _TAG.fullmatch(wanted) and len(wanted) <= _LONGEST_TAG:
        try:
            tag = str(Locale.parse(wanted.replace("_", "-"), sep="-")).replace("_", "-")
        except (ValueError, UnknownLocaleError):
            tag = ""
        if tag and len(tag) <= _LONGEST_TAG:
            return tag
    raise BadInput(f'{text[:60]!r} is no locale; write a tag like "en", "ko" or "pt-BR"')
