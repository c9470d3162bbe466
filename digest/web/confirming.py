"""The page of a letter: GET asks and changes nothing, POST confirms what was asked, or says that it was not me."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from digest.errors import BadInput
from digest.pipeline.installation import Installation
from digest.pipeline.reading import sign_up
from digest.pipeline.reading.sign_up import Letter
from digest.store.sign_ups import Kind, State
from digest.tokens import Purpose
from digest.web.forms import read_form, text_of
from digest.web.pages import Pages, masked


def confirm_route(house: Installation, pages: Pages) -> APIRouter:
    """Return the route of the address that `digest.pipeline.composing.links` writes into letters."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/c/{token}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
    async def letter(token: str, request: Request) -> Response:
        if request.method != "POST":
            return await run_in_threadpool(_show, house, pages, token, request)
        form = await read_form(request)
        if text_of(form, "List-Unsubscribe") == "One-Click":
            await run_in_threadpool(sign_up.decline, house, token)
            return pages.plain("You are unsubscribed.")
        return await run_in_threadpool(_act, house, pages, token, request, text_of(form, "answer"))

    return router


def _act(house: Installation, pages: Pages, token: str, request: Request, answer: str) -> Response:
    problem = ""
    try:
        if answer == "yes":
            sign_up.confirm(house, token)
        elif answer == "no":
            found = sign_up.letter_of(house, token)
            sign_up.decline(house, token)
            if found is not None:
                return pages.draw("declined.html", found.agreement.locale)
    except BadInput as wrong:
        problem = str(wrong)
    return _show(house, pages, token, request, problem=problem)


def _show(house: Installation, pages: Pages, token: str, request: Request, *, problem: str = "") -> Response:
    found = sign_up.letter_of(house, token)
    if found is None:
        return pages.wrong(request, 404)
    joins = found.sign_up.kind is Kind.JOIN
    preferences = house.tokens.make(Purpose.PREFERENCES, found.agreement.subscriber_id)
    return pages.draw(
        "confirm.html",
        _locale(found),
        status=422 if problem else 200,
        newsletter=found.newsletter,
        address=masked(found.agreement.address if joins or found.is_old else found.sign_up.address),
        kind="join" if joins else "old" if found.is_old else "new",
        answered=found.answered,
        done=found.sign_up.state is State.DONE,
        lapsed=found.lapsed,
        problem=problem,
        # Only who reads the mail of this address comes here, and only while the letter holds.
        preferences_url=f"{pages.root}/p/{preferences}" if joins and found.answered and not found.lapsed else "",
    )


def _locale(found: Letter) -> str:
    return str(found.sign_up.wish.get("locale") or found.agreement.locale)
