"""Preview as anyone, for any moment, by the code that sends; beside it why, and what lint finds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Response

from digest.errors import BadInput, NotFound
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.places import read_zone
from digest.pipeline.preview import preview, preview_sample
from digest.pipeline.previewed import Preview
from digest.pipeline.show_subscriber import subscriber_as_json
from digest.rendering.lint.rules import lint
from digest.scheduling.zones import zone_of
from digest.store.browsing import browse_subscribers
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages

_FIRST_YEAR, _LAST_YEAR = 1971, 2199
_LEFT_OUT = 200  # shown
_SUGGESTED = 10
_STYLE = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)", re.DOTALL | re.IGNORECASE)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_LOOKS = {"width": ("desktop", "phone"), "scheme": ("light", "dark"), "show": ("mail", "text", "source")}


@dataclass(frozen=True, slots=True)
class Asked:
    """What to preview: a newsletter, a reader ("" is one of everything), when, in which zone that was said."""

    newsletter: str
    reader: str
    at: datetime
    zone: str


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def show(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            newsletters = load_newsletters(connection)
        values: dict[str, Any] = {
            "newsletters": newsletters,
            "wanted": {name: visit.arg(name) for name in ("newsletter", "reader", "at", "zone")},
            "looks": {name: visit.arg(name) if visit.arg(name) in of else of[0] for name, of in _LOOKS.items()},
            "pictures": visit.arg("pictures") != "off",
        }
        if not visit.arg("newsletter"):
            return pages.draw("preview.html", visit, here="preview", **values, found=None, problem="", like=())
        try:
            asked = _asked(house, visit)
            found = _made(house, asked)
        except (BadInput, NotFound) as error:
            like = _like(house, visit.arg("reader").strip())
            return pages.draw(
                "preview.html", visit, here="preview", status=422, **values, found=None, problem=str(error), like=like
            )
        told = found.as_json()
        return pages.draw(
            "preview.html",
            visit,
            here="preview",
            **values,
            found=found,
            asked=asked,
            problem="",
            like=(),
            chosen=told["articles"],
            left_out=told["left_out"][:_LEFT_OUT],
            left_out_count=len(told["left_out"]),
            findings=lint(found.raw, now=asked.at) if found.raw else [],
            source=found.raw.decode("utf-8", "replace"),
        )

    def mail(visit: Visit) -> Response:
        found = _made(house, _asked(house, visit))
        return pages.mail(as_if(found.html, visit.arg("scheme")), pictures=visit.arg("pictures") != "off")

    gate.get("/preview", Role.VIEWER, show)
    gate.get("/preview/mail", Role.VIEWER, mail)


def as_if(html: str, scheme: str) -> str:
    """Return a mail as a program in a light or dark *scheme* shows it, whatever the browser's own is."""

    def settle(found: re.Match[str]) -> str:
        return "(min-width: 0)" if found[1].lower() == scheme else "(max-width: 0)"

    if scheme not in _LOOKS["scheme"]:
        return html
    return _STYLE.sub(lambda sheet: sheet[1] + _SCHEME.sub(settle, sheet[2]) + sheet[3], html)


def _asked(house: Installation, visit: Visit) -> Asked:
    """Return what the query asks for; raises BadInput for a time or a zone that is none, NotFound for no reader."""
    reader = visit.arg("reader").strip()
    zone = read_zone(visit.arg("zone")) if visit.arg("zone").strip() else _zone_of(house, reader)
    written = visit.arg("at").strip()
    if not written:
        return Asked(visit.arg("newsletter"), reader, house.clock.now(), zone)
    try:
        local = datetime.fromisoformat(written)
    except ValueError:
        raise BadInput(f"{written[:40]!r} is not a time; write it like 2026-11-24T07:00") from None
    if not _FIRST_YEAR <= local.year <= _LAST_YEAR:
        raise BadInput(f"name a time from {_FIRST_YEAR} to {_LAST_YEAR}")
    at = local if local.tzinfo else local.replace(tzinfo=zone_of(zone))
    return Asked(visit.arg("newsletter"), reader, at.astimezone(UTC), zone)


def _zone_of(house: Installation, reader: str) -> str:
    return str(subscriber_as_json(house.engine, reader)["timezone"]) if reader else "UTC"


def _made(house: Installation, asked: Asked) -> Preview:
    if not asked.reader:
        return preview_sample(house, asked.newsletter, at=asked.at)
    return preview(house, asked.newsletter, asked.reader, at=asked.at)


def _like(house: Installation, beginning: str) -> tuple[Mapping[str, str], ...]:
    """Return readers whose address begins so, for whoever wrote half of one."""
    if not beginning:
        return ()
    with reading(house.engine) as connection:
        found = browse_subscribers(connection, beginning=beginning.casefold(), limit=_SUGGESTED)
    return tuple({"address": each.address, "name": each.name} for each in found.rows)
