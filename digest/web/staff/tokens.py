"""Tokens of the API: made, listed, revoked. A key is shown once, right after it was made."""

from __future__ import annotations

from fastapi import Response

from digest.errors import BadInput
from digest.model.api_token import Scope
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.staff.api_tokens import make_token, revoke_token
from digest.store.api_tokens import list_tokens
from digest.store.engine import reading
from digest.store.newsletters import newsletter_ids
from digest.web.forms import texts_of
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def show(visit: Visit, *, key: str = "", problem: str = "") -> Response:
        with reading(house.engine) as connection:
            found, newsletters = list_tokens(connection), sorted(newsletter_ids(connection))
        status = 422 if problem else 200
        wanted = (visit.said("name"), texts_of(visit.form, "scope")) if problem else ("", [])
        return pages.draw(
            "tokens.html",
            visit,
            status=status,
            here="tokens",
            found=found,
            scopes=list(Scope),
            newsletters=newsletters,
            key=key,
            problem=problem,
            wanted=wanted,
        )

    def make(visit: Visit) -> Response:
        assert visit.user is not None  # the gate lets in admins only
        scopes = {each for each in Scope if each.value in texts_of(visit.form, "scope")}
        try:
            _, key = make_token(
                house, visit.said("name"), scopes, by=visit.user, newsletters=texts_of(visit.form, "newsletter")
            )
        except BadInput as error:
            return show(visit, problem=str(error))
        return show(visit, key=key)

    def revoke(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        revoke_token(house, number, by=visit.name)
        return pages.go("/tokens?done=revoked")

    gate.get("/tokens", Role.ADMIN, show)
    gate.post("/tokens", Role.ADMIN, make)
    gate.post("/tokens/{number}/revoke", Role.ADMIN, revoke)
