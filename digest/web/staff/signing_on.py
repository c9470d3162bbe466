"""Signing in with a provider of OpenID Connect: there, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fastapi import Response
from starlette.datastructures import FormData

from digest.errors import BadInput, FetchRefused
from digest.log import get_logger
from digest.model.staff import User
from digest.pipeline.installation import Installation
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.limits import Failures
from digest.web.staff.pages import StaffPages
from digest.web.staff.words import mark

BACK = "/sign-in/back"
Enter = Callable[[Visit, User], Response]
Show = Callable[..., Response]


def add_to(gate: Gate, house: Installation, pages: StaffPages, failures: Failures, show: Show, enter: Enter) -> None:
    """Add the pages, where a provider is set; *enter* lets somebody in, *show* is the page to sign in."""
    if house.sign_on is None:
        gate.get("/sign-in/provider", None, lambda visit: show(visit, status=404))
        gate.get(BACK, None, lambda visit: show(visit, status=404))
        return
    from digest.pipeline.sign_on.account import account_of
    from digest.pipeline.sign_on.flow import ask, taken_back
    from digest.pipeline.sign_on.provider import Provider

    sign_on, provider = house.sign_on, Provider(house.sign_on)
    back = f"{house.base_url}/staff{BACK}"

    def leave(visit: Visit) -> Response:
        try:
            there = provider.way_there(ask(house, visit.key, visit.arg("back")), back, house.clock.now())
        except FetchRefused as error:
            get_logger().warning("sign_on_provider_away", why=str(error))
            return show(visit, problem=mark("The sign-in provider cannot be reached. Try again later."), status=503)
        response = pages.go("")
        response.headers["Location"] = there
        return response

    def come_back(visit: Visit) -> Response:
        if visit.request.method == "HEAD":
            return show(visit)
        now, client = house.clock.now(), visit.request.client.host if visit.request.client else ""
        if failures.too_many(visit.key, client, now):
            return show(visit, problem=mark("Too many tries. Wait a quarter of an hour."), status=429)
        try:
            asked = taken_back(house, visit.key, visit.arg("state"))
            query = dict(visit.request.query_params)
            user = account_of(house, sign_on, provider.person(query, asked, back, now))
        except FetchRefused as error:
            get_logger().warning("sign_on_provider_away", why=str(error))
            return show(visit, problem=mark("The sign-in provider cannot be reached. Try again later."), status=503)
        except BadInput as error:
            failures.note(visit.key, client, now)
            get_logger().warning("sign_on_refused", client=client, why=str(error))
            return show(visit, problem=str(error), status=422)
        return enter(replace(visit, form=FormData({"back": asked.back})), user)

    gate.get("/sign-in/provider", None, leave)
    gate.get(BACK, None, come_back)
