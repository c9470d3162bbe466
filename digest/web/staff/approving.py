"""Approving an edition, and taking that back: one final sentence, then the word of whoever is signed in."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from digest.model.newsletter import ApprovalRule
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.planning.approve import Standing, approve_edition, errors_in, standing_of, withdraw_approval
from digest.pipeline.planning.readers_to_come import readers_to_come
from digest.store.editions import count_waiting, latest_subject
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.whose import of_edition

_ENDED = ("finished", "cancelled")


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def ask(visit: Visit) -> Response:
        found = standing_of(house, _number(visit))
        why_not = _why_not(visit, found)
        errors = errors_in(house, found) if not why_not else []
        return pages.draw(
            "approve.html",
            visit,
            here="editions",
            found=found,
            why_not=why_not,
            errors=errors,
            **_facts(house, found),
        )

    def approve(visit: Visit) -> Response:
        found = approve_edition(house, _number(visit), by=visit.name, expected=visit.said("pool"))
        return pages.go(f"/editions/{found.edition.edition_id}?done=approve")

    def ask_back(visit: Visit) -> Response:
        found = standing_of(house, _number(visit), pool=False)
        possible = found.approval is not None and found.edition.state not in _ENDED
        return pages.draw(
            "approve_back.html", visit, here="editions", found=found, possible=possible, **_facts(house, found)
        )

    def take_back(visit: Visit) -> Response:
        found = withdraw_approval(house, _number(visit), by=visit.name)
        return pages.go(f"/editions/{found.edition.edition_id}?done=take_back")

    gate.get("/editions/{number}/approve", Role.EDITOR, ask, of=of_edition(house))
    gate.post("/editions/{number}/approve", Role.EDITOR, approve, of=of_edition(house))
    gate.get("/editions/{number}/withdraw-approval", Role.EDITOR, ask_back, of=of_edition(house))
    gate.post("/editions/{number}/withdraw-approval", Role.EDITOR, take_back, of=of_edition(house))


def _number(visit: Visit) -> str:
    return str(number_of(visit.request.path_params["number"]))


def _facts(house: Installation, found: Standing) -> dict[str, Any]:
    """Return what the final sentence says: how many wait, the subject, readers to come, zone and time."""
    with reading(house.engine) as connection:
        newsletter_id, newsletter = load_newsletter(connection, found.edition.newsletter)
        return {
            "waiting": count_waiting(connection, found.edition),
            "subject": latest_subject(connection, found.edition),
            "to_come": readers_to_come(connection, newsletter_id, found.edition.period),
            "zone": newsletter.schedule.zone or "UTC",
            "now": house.clock.now(),
        }


def _why_not(visit: Visit, found: Standing) -> str:
    """Return why this edition cannot be approved now by who visits, "" when it can: a name for the template."""
    if not found.rule:
        return "no_need"
    if found.approval is not None or found.edition.state in _ENDED:
        return "done"
    if not found.pool_hash:
        return "incomplete"
    second = found.rule is ApprovalRule.TWO and found.last_hand
    if second and found.last_hand.strip().casefold() == visit.name.strip().casefold():
        return "second"
    return ""
