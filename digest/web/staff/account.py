"""One's own account: another password, and the second factor."""

from __future__ import annotations

import io

from fastapi import Response
from markupsafe import Markup

from digest.errors import BadInput
from digest.model.staff import Role, User
from digest.pipeline.installation import Installation
from digest.pipeline.staff import accounts, second_factor
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the page."""

    def show(visit: Visit, *, seed: str = "", codes: tuple[str, ...] = (), problem: str = "") -> Response:
        user = _user(visit)
        return pages.draw(
            "account.html",
            visit,
            status=422 if problem else 200,
            here="account",
            has_factor=second_factor.has_second_factor(house, user),
            seed=seed,
            secret=second_factor.secret_of(house, user, seed) if seed else "",
            picture=_picture(second_factor.phone_address(house, user, seed)) if seed else "",
            codes=codes,
            problem=problem,
        )

    def change(visit: Visit) -> Response:
        user, what = _user(visit), visit.said("do")
        try:
            match what:
                case "begin":
                    return show(visit, seed=second_factor.new_seed(house))
                case "confirm":
                    codes = second_factor.enrol(house, user, visit.said("seed"), visit.said("code"))
                    return show(visit, codes=tuple(codes))
                case "off":
                    second_factor.drop(house, user, visit.said("code"))
                    return pages.go("/account?done=factor-off")
                case "password":
                    accounts.change_password(house, user, visit.said("before"), visit.said("after"))
                    return pages.go("/sign-in?done=password")
        except BadInput as error:
            return show(visit, seed=visit.said("seed") if what == "confirm" else "", problem=str(error))
        raise BadInput("choose what to do")

    gate.get("/account", Role.VIEWER, show)
    gate.post("/account", Role.VIEWER, change)


def _user(visit: Visit) -> User:
    assert visit.user is not None  # the gate lets nobody else in
    return visit.user


def _picture(address: str) -> Markup:
    """Return *address* as a QR code: an SVG of ours, without anything of the visitor's in its words."""
    import segno

    out = io.BytesIO()
    segno.make(address, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr"
    )
    return Markup(out.getvalue().decode())  # noqa: S704  # made here, of squares alone
