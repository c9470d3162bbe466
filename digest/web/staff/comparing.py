"""Two previews side by side: two readers, or one reader at two moments."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from digest.errors import BadInput, NotFound
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.ask_preview import preview_of
from digest.web.staff.asking import FIELDS, asked_of
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages
from digest.web.staff.preview import findings_in, form_values

_SIDES = ("a", "b")


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the page."""

    def show(visit: Visit) -> Response:
        sides = [_side(house, visit, name) for name in _SIDES]
        wrong = any(each["problem"] for each in sides)
        values = form_values(house, visit)
        return pages.draw(
            "beside.html", visit, here="preview", status=422 if wrong else 200, **{**values, "sides": sides}
        )

    gate.get("/preview/beside", Role.VIEWER, show)


def _side(house: Installation, visit: Visit, name: str) -> dict[str, Any]:
    """Return one side: its fields, its mail and what differs from page to page; the other one may still be wrong."""
    said = {field: visit.arg(f"{name}_{field}") for field in FIELDS}
    looks = {field: visit.arg(field) for field in ("scheme", "pictures") if visit.arg(field)}
    side: dict[str, Any] = {"name": name, "wanted": said, "found": None, "problem": "", "chosen": [], "findings": []}
    side["query"] = urlencode({**{field: value for field, value in said.items() if value}, **looks})
    if not said["newsletter"]:
        return side
    try:
        asked = asked_of(house, said)
        found = preview_of(house, asked)
    except (BadInput, NotFound) as error:
        return {**side, "problem": str(error)}
    told = found.as_json()
    return {**side, "asked": asked, "found": found, "chosen": told["articles"], "findings": findings_in(found)}
