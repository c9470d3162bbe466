"""Preview as anyone, for any moment, by the code that sends; beside it why, and what lint finds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from digest.errors import BadInput, NotFound
from digest.model.errand import ErrandKind
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.ask_preview import preview_of
from digest.pipeline.previewing.previewed import Preview
from digest.pipeline.previewing.typical import typical_readers
from digest.rendering.i18n import CATALOGUES
from digest.rendering.lint.rules import lint
from digest.store.browsing import browse_subscribers
from digest.store.engine import reading
from digest.store.errands import find_proof_lists, latest
from digest.store.newsletters import load_newsletters, load_topics
from digest.web.staff.asking import FIELDS, asked_of, words_for
from digest.web.staff.finding_places import line_of
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages

_LEFT_OUT = 200  # shown
_SUGGESTED = 10
_STYLE = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)", re.DOTALL | re.IGNORECASE)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
LOOKS = {
    "width": ("desktop", "tablet", "phone"),
    "scheme": ("light", "dark"),
    "show": ("mail", "text", "html", "source"),
}
TONGUES = tuple(sorted(each.parents[1].name.replace("_", "-") for each in CATALOGUES.glob("*/LC_MESSAGES/digest.po")))


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def show(visit: Visit) -> Response:
        values: dict[str, Any] = {**form_values(house, visit), "found": None, "problem": "", "like": (), "typical": ()}
        if not visit.arg("newsletter"):
            return pages.draw("preview.html", visit, here="preview", **values)
        try:
            asked = asked_of(house, visit.query)
            if visit.arg("spread"):
                typical = [
                    (each, words_for(each.interests)) for each in typical_readers(house, asked.newsletter, at=asked.at)
                ]
                values |= {"typical": typical, "asked": asked, "spread": True}
                return pages.draw("preview.html", visit, here="preview", **values)
            found = preview_of(house, asked)
        except (BadInput, NotFound) as error:
            values |= {"problem": str(error), "like": _like(house, visit.arg("reader").strip())}
            return pages.draw("preview.html", visit, here="preview", status=422, **values)
        values |= {"found": found, "asked": asked, **_beside(found), **_proofs(house, visit, found)}
        values["findings"] = findings_in(found)
        return pages.draw("preview.html", visit, here="preview", **values)

    def mail(visit: Visit) -> Response:
        found = preview_of(house, asked_of(house, visit.query))
        return pages.mail(as_if(found.html, visit.arg("scheme")), pictures=visit.arg("pictures") != "off")

    gate.get("/preview", Role.VIEWER, show)
    gate.get("/preview/mail", Role.VIEWER, mail)


def form_values(house: Installation, visit: Visit) -> dict[str, Any]:
    """Return what the form of a preview needs, and how the mail is to be shown."""
    with reading(house.engine) as connection:
        newsletters, topics = load_newsletters(connection), load_topics(connection)
    return {
        "newsletters": newsletters,
        "topics": topics,
        "tongues": TONGUES,
        "wanted": {name: visit.arg(name) for name in FIELDS},
        "looks": {name: visit.arg(name) if visit.arg(name) in of else of[0] for name, of in LOOKS.items()},
        "pictures": visit.arg("pictures") != "off",
        "spread": False,
        "beside_query": urlencode(
            {f"{side}_{name}": visit.arg(name) for side in "ab" for name in FIELDS if visit.arg(name)}
        ),
    }


def findings_in(found: Preview) -> list[tuple[Any, str, int]]:
    """Return what lint says of a mail, each finding with the view and the line that show its place."""
    if not found.raw or found.drawn is None:
        return []
    at = found.drawn[0].dated_at
    return [(each, *line_of(each.remark.place, found.raw)) for each in lint(found.raw, now=at)]


def as_if(html: str, scheme: str) -> str:
    """Return a mail as a program in a light or dark *scheme* shows it, whatever the browser's own is."""

    def settle(found: re.Match[str]) -> str:
        return "(min-width: 0)" if found[1].lower() == scheme else "(max-width: 0)"

    if scheme not in LOOKS["scheme"]:
        return html
    return _STYLE.sub(lambda sheet: sheet[1] + _SCHEME.sub(settle, sheet[2]) + sheet[3], html)


def _beside(found: Preview) -> dict[str, Any]:
    told = found.as_json()
    return {
        "chosen": told["articles"],
        "left_out": told["left_out"][:_LEFT_OUT],
        "left_out_count": len(told["left_out"]),
        "views": {
            "text": found.text.splitlines(),
            "html": found.html.splitlines(),
            "source": found.raw.decode("utf-8", "replace").splitlines(),
        },
    }


def _proofs(house: Installation, visit: Visit, found: Preview) -> dict[str, Any]:
    edits = visit.may(Role.EDITOR, found.newsletter)
    with reading(house.engine) as connection:
        return {
            "proof_lists": find_proof_lists(connection) if edits else {},
            "told": latest(connection, found.newsletter, (ErrandKind.PROOF,)) if edits else [],
        }


def _like(house: Installation, beginning: str) -> tuple[Mapping[str, str], ...]:
    """Return readers whose address begins so, for whoever wrote half of one."""
    if not beginning:
        return ()
    with reading(house.engine) as connection:
        found = browse_subscribers(connection, beginning=beginning.casefold(), limit=_SUGGESTED)
    return tuple({"address": each.address, "name": each.name} for each in found.rows)
