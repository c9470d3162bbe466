"""The leave link: GET asks and changes nothing, POST leaves.

Link scanners follow every address in a mail, so only POST may act. By RFC 8058 it needs no cookie and no login,
answers without a redirect, and says the same whether the token is known or not.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from digest.model.subscriber import EndedReason, SubscriptionState
from digest.pipeline.installation import Installation
from digest.pipeline.reading import subscribe
from digest.pipeline.reading.leave import leave
from digest.tokens import Purpose
from digest.web.forms import read_form, text_of
from digest.web.pages import Pages, masked

REASONS = {
    "too_many": "There were too many mails",
    "not_relevant": "The articles were not for me",
    "never_asked": "I never asked for it",
    "other": "Something else",
}


def leave_route(house: Installation, pages: Pages) -> APIRouter:
    """Return the route of the address that `digest.pipeline.composing.links` writes into mails."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/u/{token}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
    async def leave_link(token: str, request: Request) -> Response:
        if request.method != "POST":
            return await run_in_threadpool(_show, house, pages, token, request)
        form = await read_form(request)
        if text_of(form, "List-Unsubscribe") == "One-Click":
            source = "one-click POST (RFC 8058)"
            await run_in_threadpool(leave, house, token, EndedReason.ONE_CLICK, source=source)
            return pages.plain("You are unsubscribed.")
        if text_of(form, "confirm") == "yes":
            await run_in_threadpool(leave, house, token, EndedReason.PAGE, source="page of the leave link")
            return await run_in_threadpool(_show, house, pages, token, request)
        if text_of(form, "why") in REASONS:
            await run_in_threadpool(subscribe.tell_why, house, token, text_of(form, "why"))
            return await run_in_threadpool(_show, house, pages, token, request, told=True)
        return pages.plain("Nothing was changed: the form must say List-Unsubscribe=One-Click.", status=400)

    return router


def _show(house: Installation, pages: Pages, token: str, request: Request, *, told: bool = False) -> Response:
    """Return the page that asks, or the one that says it is done."""
    link = subscribe.leave_link(house, token)
    if link is None:
        return pages.wrong(request, 404)
    agreement = link.choices.agreement
    ended = agreement.state is SubscriptionState.ENDED
    preferences = house.tokens.make(Purpose.PREFERENCES, agreement.subscriber_id)
    return pages.draw(
        "left.html" if ended else "leave.html",
        agreement.locale,
        address=masked(agreement.address),
        told=told,
        reasons=REASONS if ended else {},
        newsletter=link.choices.newsletter.name,
        preferences_url=f"{pages.root}/p/{preferences}" if link.opens_preferences else "",
    )
