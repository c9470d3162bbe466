"""Signing in and out, and the page that makes the first admin."""

from __future__ import annotations

import re

from fastapi import Response

from digest.errors import BadInput
from digest.log import get_logger
from digest.model.staff import Role, User
from digest.pipeline.installation import Installation
from digest.pipeline.staff import accounts, second_factor
from digest.web.staff import signing_on
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.limits import Failures
from digest.web.staff.pages import StaffPages
from digest.web.staff.words import mark

_OURS = re.compile(r"/[A-Za-z0-9_./?&=%+:@~-]*")


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""
    failures = Failures()

    def show(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
        if visit.user:
            return pages.go("")
        first = bool(accounts.first_word(house))
        name = "first.html" if first else "sign_in.html"
        provider = house.sign_on.title if house.sign_on and not first else ""
        back = visit.arg("back") or visit.said("back")
        return pages.draw(name, visit, status=status, problem=problem, back=back, provider=provider)

    def sign_in(visit: Visit) -> Response:
        name, now = visit.said("name"), house.clock.now()
        client = visit.request.client.host if visit.request.client else ""
        if failures.too_many(name, client, now):
            response = show(visit, problem=mark("Too many tries. Wait a quarter of an hour."), status=429)
            response.headers["Retry-After"] = "900"
            return response
        user = accounts.recognise(house, name, visit.said("password"))
        if user is None:
            failures.note(name, client, now)
            get_logger().warning("staff_sign_in_failed", client=client)
            return show(visit, problem=mark("Name and password do not belong together."), status=422)
        return let_in(visit, user)

    def let_in(visit: Visit, user: User) -> Response:
        if second_factor.has_second_factor(house, user):
            return ask_code(visit, user, second_factor.ticket(house, user, visit.key))
        return _enter(visit, accounts.begin_session(house, user))

    def ask_code(visit: Visit, user: User, ticket: str, *, problem: str = "", status: int = 200) -> Response:
        values = {"name": user.name, "ticket": ticket, "back": visit.said("back"), "problem": problem}
        return pages.draw("sign_in_code.html", visit, status=status, values=values)

    def sign_in_code(visit: Visit) -> Response:
        name, ticket, now = visit.said("name"), visit.said("ticket"), house.clock.now()
        client = visit.request.client.host if visit.request.client else ""
        user = accounts.named(house, name)
        # The ticket is of this session and this password, so a code alone opens nothing.
        if user is None or not second_factor.is_ticket(house, user, visit.key, ticket):
            return show(visit, problem=mark("That took too long. Begin again."), status=422)
        if failures.too_many(name, client, now):
            response = ask_code(
                visit, user, ticket, problem=mark("Too many tries. Wait a quarter of an hour."), status=429
            )
            response.headers["Retry-After"] = "900"
            return response
        if not second_factor.check(house, user, visit.said("code")):
            failures.note(name, client, now)
            return ask_code(
                visit, user, ticket, problem=mark("That is no code of yours, or it was used before."), status=422
            )
        return _enter(visit, accounts.begin_session(house, user))

    def _enter(visit: Visit, key: str) -> Response:
        accounts.sign_out(house, visit.key)
        back = visit.said("back")
        return gate.keep(pages.go(back if _OURS.fullmatch(back) else ""), key)

    def begin(visit: Visit) -> Response:
        now, client = house.clock.now(), visit.request.client.host if visit.request.client else ""
        if failures.too_many("", client, now):
            return show(visit, problem=mark("Too many tries. Wait a quarter of an hour."), status=429)
        try:
            key = accounts.make_first_admin(house, visit.said("word"), visit.said("name"), visit.said("password"))
        except BadInput as error:
            failures.note("", client, now)
            return show(visit, problem=str(error), status=422)
        return _enter(visit, key)

    def sign_out(visit: Visit) -> Response:
        accounts.sign_out(house, visit.key)
        return gate.forget(pages.go("/sign-in"))

    gate.get("/sign-in", None, show)
    gate.post("/sign-in", None, sign_in)
    signing_on.add_to(gate, house, pages, failures, show, let_in)
    gate.post("/sign-in/code", None, sign_in_code)
    gate.post("/first", None, begin)
    gate.post("/sign-out", Role.VIEWER, sign_out)
