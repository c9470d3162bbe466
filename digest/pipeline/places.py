"""Time zones and locales as people write them, and the one form in which we keep each."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError

from digest.errors import BadInput

_LONGEST_TAG = 20  # the width of the column; "zh-Hant-TW" has ten
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_REGIONS = frozenset(
    ["Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific", "UTC"]
)
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
    near = difflib.get_close_matches(wanted[:60], zones, n=1)
    cities = [name for key, name in zones.items() if wanted and key.rpartition("/")[2] == wanted]
    hint = (cities or [zones[one] for one in near] or ["Europe/Berlin"])[0]
    raise BadInput(f"{text[:60]!r} is no time zone; write an IANA name like {hint}")


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
