"""Where in a mail a finding is: the view that shows it, and the line to look at."""

from __future__ import annotations

import re

from digest.rendering.lint.finding import Place

_HEADER = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)


def line_of(place: Place, raw: bytes) -> tuple[str, int]:
    """Return the view (text, html or source) and the line in it, from 1; 0 when only the view is known."""
    if place.part in ("text", "html"):
        return place.part, place.line
    if place.line or not place.header:
        return "source", place.line
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    for found in _HEADER.finditer(head):
        if found[1].decode().casefold() == place.header.casefold():
            return "source", head.count(b"\n", 0, found.start()) + 1
    return "source", 0
