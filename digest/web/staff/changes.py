"""Changes of many readers at once: asked for, counted, agreed to, followed, taken back."""

from __future__ import annotations

from fastapi import Response

from digest.errors import BadInput
from digest.model.chore import AT_WORK, ChoreKind, ChoreState
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.staff import chores as work
from digest.pipeline.subscribers.change_readers import ask_for_change, change_of, read_change
from digest.pipeline.subscribers.segments import what_is_known
from digest.store.chores import browse_chores, find_chore
from digest.store.engine import reading
from digest.web.forms import texts_of
from digest.web.staff.claims import ACTIONS, CHORES, CLAIMS, COUNTS
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.subscribers import read_wanted

_FIELDS = ("action", "newsletter", "topic", "until")


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def ask(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            known = what_is_known(connection)
        change = read_change({name: visit.said(name) for name in _FIELDS}, known, house.clock.now())
        wanted = read_wanted(visit.said, known)
        if visit.said("whom") == "all":
            if wanted.problem:
                raise BadInput(wanted.problem)
            number = ask_for_change(house, visit.name, change, conditions=wanted.conditions)
        else:
            ids = [number_of(each) for each in texts_of(visit.form, "id")]
            if not ids:
                raise BadInput("nobody was chosen; tick some readers, or choose all that the filter finds")
            number = ask_for_change(house, visit.name, change, ids=ids)
        return pages.go(f"/changes/{number}")

    def listed(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            found = browse_chores(connection, visit.cursor())
        return pages.draw("changes.html", visit, here="subscribers", found=found, actions=ACTIONS, chores=CHORES)

    def show(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            chore = find_chore(connection, number_of(visit.request.path_params["number"]))
        if chore.kind is not ChoreKind.CHANGE:
            return pages.go(f"/imports/{chore.chore_id}")
        return pages.draw(
            "change.html",
            visit,
            here="subscribers",
            chore=chore,
            change=change_of(chore.spec),
            word=CHORES[chore.state],
            is_at_work=chore.state in AT_WORK,
            may_undo=work.may_undo(house, chore),
            claims=CLAIMS,
            actions=ACTIONS,
            counts=COUNTS,
            states=ChoreState,
            now=house.clock.now(),
        )

    def decide(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        decide_on(house, visit, number)
        return pages.go(f"/changes/{number}")

    gate.get("/changes", Role.VIEWER, listed)
    gate.post("/changes", Role.ADMIN, ask)
    gate.get("/changes/{number}", Role.VIEWER, show)
    gate.post("/changes/{number}", Role.ADMIN, decide)


def decide_on(house: Installation, visit: Visit, number: int) -> None:
    """Let a chore begin, drop it or take it back, as the button says; raises BadInput for another one."""
    decisions = {"agree": work.agree, "drop": work.drop, "undo": work.undo}
    if visit.said("do") not in decisions:
        raise BadInput("choose what to do")
    decisions[visit.said("do")](house, number, visit.name)
