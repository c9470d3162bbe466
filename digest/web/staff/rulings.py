"""Deciding about one article: pin, exclude, embargo, expire, and taking that back."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Response

from digest.errors import BadInput
from digest.model.ruling import RulingKind
from digest.model.staff import Role
from digest.pipeline.editing.rule_article import lift_rule, rule_article
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.places import read_zone
from digest.web.staff.asking import moment_of
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.whose import in_form
from digest.web.staff.words import mark


class Kind(NamedTuple):
    """A decision in words: as it is offered, and once it holds."""

    offer: str
    done: str


KINDS = {
    RulingKind.PIN.value: Kind(mark("Pin: it leads every digest"), mark("pinned")),
    RulingKind.EXCLUDE.value: Kind(mark("Exclude: it is in no digest"), mark("excluded")),
    RulingKind.EMBARGO.value: Kind(mark("Embargo: not before the time"), mark("embargoed")),
    RulingKind.EXPIRE.value: Kind(mark("Expire: not from the time on"), mark("expires")),
}


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add what the form on an article's page does."""

    def decide(visit: Visit) -> Response:
        number, newsletter = number_of(visit.request.path_params["number"]), visit.said("newsletter")
        if visit.said("kind") not in KINDS:
            raise BadInput("choose what to do with the article")
        kind = RulingKind(visit.said("kind"))
        if visit.said("do") == "lift":
            lift_rule(house, number, kind, newsletter, by=visit.name)
            return pages.go(f"/articles/{number}?done=lifted")
        written = visit.said("until").strip()
        until = moment_of(written, read_zone(visit.said("zone").strip() or "UTC")) if written else None
        rule_article(house, number, kind, newsletter, until=until, by=visit.name)
        return pages.go(f"/articles/{number}?done=decided")

    gate.post("/articles/{number}/decisions", Role.EDITOR, decide, of=in_form)
