"""Which language to speak when nothing tells who is asking."""

from __future__ import annotations

from fastapi import Request

from digest.rendering.i18n import CATALOGUES
from digest.rendering.languages import clean_tag

_LONGEST = 500  # characters of Accept-Language that are looked at
_FALLBACK = "en"


def spoken_by(request: Request) -> str:
    """Return the language tag of Accept-Language (RFC 9110 §12.5.4) that we speak best, or English."""
    known = (tag for tag in wanted_tags(request) if (CATALOGUES / tag.split("-", maxsplit=1)[0].lower()).is_dir())
    return next(known, _FALLBACK)


def wanted_tags(request: Request) -> list[str]:
    """Return the language tags of Accept-Language, the best liked first."""
    wanted: list[tuple[float, int, str]] = []
    for place, item in enumerate(request.headers.get("accept-language", "")[:_LONGEST].split(",")):
        tag, _, weight = item.partition(";q=")
        wanted.append((-_weight(weight), place, clean_tag(tag)))
    return [tag for minus, _, tag in sorted(wanted) if minus < 0 and tag]


def _weight(text: str) -> float:
    if not text:
        return 1.0
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
