"""Thoughts: what readers wrote about articles; an editor publishes or declines, and may take that back."""

from __future__ import annotations

from fastapi import Response

from digest.errors import BadInput
from digest.model.staff import Role
from digest.model.thought import ThoughtState
from digest.pipeline.installation import Installation
from digest.pipeline.reading.thoughts import decline, publish, take_back
from digest.store.articles import find_article
from digest.store.engine import reading
from digest.store.thoughts import browse
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.words import mark

_JUDGES = {"publish": publish, "decline": decline, "take_back": take_back}


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        state = visit.arg("state") or ThoughtState.WAITING.value
        if state not in {*ThoughtState}:
            raise BadInput(f"there is no state {state!r}; states: {', '.join(ThoughtState)}")
        with reading(house.engine) as connection:
            found = browse(connection, ThoughtState(state), visit.cursor())
            titles = {each.article_id: "" for each in found.rows}
            titles = {number: find_article(connection, number).article.title for number in titles}
        return pages.draw(
            "thoughts.html",
            visit,
            here="thoughts",
            found=found,
            titles=titles,
            state=state,
            states=list(ThoughtState),
        )

    def judge(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        do = visit.said("do")
        if do not in _JUDGES:
            raise BadInput(mark("Choose what is to happen."))
        _JUDGES[do](house, number, by=visit.name)
        shown = visit.said("state") if visit.said("state") in {*ThoughtState} else ThoughtState.WAITING.value
        return pages.go(f"/thoughts?state={shown}&done=thought-{do}")

    gate.get("/thoughts", Role.VIEWER, listed)
    gate.post("/thoughts/{number}", Role.EDITOR, judge)
