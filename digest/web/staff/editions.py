"""Editions: how far each has come, and the hand on it: pause, resume, cancel, each after one final sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import Response

from digest.errors import NotFound
from digest.log import get_logger
from digest.model.delivery import TERMINAL
from digest.model.staff import Role
from digest.pipeline.editing.correct_edition import is_correction
from digest.pipeline.installation import Installation
from digest.pipeline.planning.approve import standing_of
from digest.pipeline.planning.hold_edition import Held, cancel_edition, pause_edition, resume_edition
from digest.store.audit import record
from digest.store.browsing import answered_since, browse_editions, states_of_edition
from digest.store.editions import Edition, count_waiting, find_edition, latest_subject
from digest.store.engine import reading
from digest.store.tables import to_micros
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.sending import errands_of
from digest.web.staff.whose import of_edition

STATES = ("awaiting", "open", "paused", "finished", "cancelled")
_ACTIONS: dict[str, Callable[[Installation, str], Held]] = {
    "pause": pause_edition,
    "resume": resume_edition,
    "cancel": cancel_edition,
}
_MAY = {"awaiting": ("approve", "pause", "cancel"), "open": ("pause", "cancel"), "paused": ("resume", "cancel")}
_REACHED = {"sent", "in_doubt"}
_MINUTE = timedelta(minutes=1)


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        state = visit.arg("state") if visit.arg("state") in STATES else ""
        with reading(house.engine) as connection:
            found = browse_editions(connection, state=state, after=visit.cursor())
        return pages.draw("editions.html", visit, here="editions", found=found, states=STATES, wanted=state)

    def show(visit: Visit) -> Response:
        edition = _edition(house, visit)
        may = visit.may(Role.EDITOR, edition.newsletter)
        actions = _MAY.get(edition.state, ()) if may else ()
        standing = standing_of(house, str(edition.edition_id), pool=False)
        if actions and standing.approval is not None:
            actions = (*actions, "withdraw-approval")
        progress = progress_of(house, edition)
        if may and not is_correction(edition.period) and progress["counts"].keys() & _REACHED:
            actions = (*actions, "correct")
        return pages.draw(
            "edition.html",
            visit,
            here="editions",
            edition=edition,
            actions=actions,
            standing=standing,
            told=errands_of(house, edition),
            **progress,
        )

    def ask(action: str, visit: Visit) -> Response:
        edition = _edition(house, visit)
        with reading(house.engine) as connection:
            waiting, subject = count_waiting(connection, edition), latest_subject(connection, edition)
        possible = action in _MAY.get(edition.state, ())
        return pages.draw(
            "confirm.html",
            visit,
            here="editions",
            edition=edition,
            action=action,
            possible=possible,
            waiting=waiting,
            subject=subject,
            now=house.clock.now(),
        )

    def act(action: str, visit: Visit) -> Response:
        edition = _edition(house, visit)
        held = _ACTIONS[action](house, str(edition.edition_id))
        get_logger().info(
            "staff_held_edition", who=visit.name, action=action, edition=edition.name, waiting=held.waiting
        )
        with house.engine.begin() as connection:
            before, after = {"state": edition.state}, {"state": find_edition(connection, edition.name).state}
            record(connection, visit.name, action, edition.name, now=house.clock.now(), before=before, after=after)
        return pages.go(f"/editions/{edition.edition_id}?done={action}")

    gate.get("/editions", Role.VIEWER, listed)
    gate.get("/editions/{number}", Role.VIEWER, show)
    for action in _ACTIONS:
        gate.get(f"/editions/{{number}}/{action}", Role.EDITOR, partial(ask, action), of=of_edition(house))
        gate.post(f"/editions/{{number}}/{action}", Role.EDITOR, partial(act, action), of=of_edition(house))


def progress_of(house: Installation, edition: Edition) -> dict[str, Any]:
    """Return what tells how far an edition has come, for the part of a page that follows it."""
    with reading(house.engine) as connection:
        counts = states_of_edition(connection, edition.edition_id)
        rate = answered_since(connection, to_micros(house.clock.now() - _MINUTE)) if edition.state == "open" else 0
    total = sum(counts.values())
    done = sum(count for state, count in counts.items() if state in TERMINAL)
    return {"counts": counts, "total": total, "finished": done, "rate": rate, "now": house.clock.now()}


def _edition(house: Installation, visit: Visit) -> Edition:
    number = number_of(visit.request.path_params["number"])
    with reading(house.engine) as connection:
        try:
            return find_edition(connection, str(number))
        except NotFound:
            raise NotFound(f"there is no edition with the id {number}") from None
