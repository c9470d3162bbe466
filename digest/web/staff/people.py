"""Who works with the pages, and what they did."""

from __future__ import annotations

from fastapi import Response

from digest.errors import BadInput
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.staff.accounts import change_role, grant_role, put_user, remove_user
from digest.store.audit import browse_acts
from digest.store.engine import reading
from digest.store.newsletters import newsletter_ids
from digest.store.users import users_with_factors
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit, *, problem: str = "") -> Response:
        with reading(house.engine) as connection:
            found, newsletters = users_with_factors(connection), sorted(newsletter_ids(connection))
        return pages.draw(
            "users.html",
            visit,
            status=422 if problem else 200,
            here="users",
            found=found,
            newsletters=newsletters,
            roles=list(Role),
            problem=problem,
            wanted={name: visit.said(name) for name in ("name", "role")},
        )

    def change(visit: Visit) -> Response:
        name = visit.said("name")
        try:
            match visit.said("do"):
                case "put":
                    put_user(house, name, _role(visit), visit.said("password"), by=visit.name)
                    return pages.go("/users?done=user")
                case "role":
                    change_role(house, name, _role(visit), by=visit.name)
                    return pages.go("/users?done=role")
                case "grant":
                    role = _role(visit) if visit.said("role") else None
                    grant_role(house, name, visit.said("newsletter"), role, by=visit.name)
                    return pages.go("/users?done=granted")
                case "remove":
                    remove_user(house, name, by=visit.name)
                    return pages.go("/users?done=removed")
        except BadInput as error:
            return listed(visit, problem=str(error))
        raise BadInput("choose what to do")

    def audit(visit: Visit) -> Response:
        who, target = visit.arg("who").strip(), visit.arg("target").strip()
        with reading(house.engine) as connection:
            found = browse_acts(connection, who=who, target=target, after=visit.cursor())
        return pages.draw("audit.html", visit, here="audit", found=found, who=who, target=target)

    gate.get("/users", Role.ADMIN, listed)
    gate.post("/users", Role.ADMIN, change)
    gate.get("/audit", Role.ADMIN, audit)


def _role(visit: Visit) -> Role:
    try:
        return Role(visit.said("role"))
    except ValueError:
        raise BadInput("choose a role") from None
