"""The addresses that mails carry: leave, preferences, view in browser, and articles that have no page of their own.

GET and HEAD never change anything: link scanners follow every address in a mail. Leaving by POST is RFC 8058:
no cookie, no login, no redirect, the same answer whether the token is known or not.
"""

from __future__ import annotations

from datetime import UTC, datetime, time

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from digest.errors import BadInput, NotFound
from digest.model.subscriber import EndedReason, SubscriptionState
from digest.pipeline import subscribe
from digest.pipeline.installation import Installation
from digest.pipeline.read_article import article_page
from digest.pipeline.subscribe import Choices
from digest.pipeline.view import mail_page
from digest.scheduling.cadence import zone_of
from digest.tokens import Purpose
from digest.web.pages import MAIL_HEADERS, PAGE_HEADERS, Pages

_ONE_CLICK = ("List-Unsubscribe", "One-Click")


def link_routes(house: Installation, pages: Pages) -> APIRouter:
    """Return the routes; their paths are those that `digest.pipeline.addresses_in_mail` writes into mails."""
    router = APIRouter()

    @router.api_route("/u/{token}", methods=["GET", "HEAD"], include_in_schema=False)
    def ask_to_leave(token: str) -> Response:
        found = subscribe.agreement_for(house, token)
        if found is None:
            return pages.draw("invalid.html", "en", status=404)
        return pages.draw(
            "leave.html",
            found.agreement.locale,
            newsletter=found.newsletter.name,
            preferences_url=_preferences_path(house, found),
        )

    @router.post("/u/{token}", include_in_schema=False)
    async def leave(token: str, request: Request) -> Response:
        form = await request.form()
        if form.get(_ONE_CLICK[0]) == _ONE_CLICK[1]:
            await run_in_threadpool(
                subscribe.leave, house, token, EndedReason.ONE_CLICK, source="one-click POST (RFC 8058)"
            )
            # One answer for every token: the address tells nothing about who is subscribed.
            return Response("You are unsubscribed.\n", media_type="text/plain", headers=PAGE_HEADERS)
        if form.get("confirm") == "yes":
            return await run_in_threadpool(_leave_by_page, house, pages, token)
        return Response(
            "Nothing was changed: the form must say List-Unsubscribe=One-Click.\n",
            status_code=400,
            media_type="text/plain",
            headers=PAGE_HEADERS,
        )

    @router.api_route("/p/{token}", methods=["GET", "HEAD"], include_in_schema=False)
    def show_preferences(token: str) -> Response:
        return _preferences(house, pages, token)

    @router.post("/p/{token}", include_in_schema=False)
    async def change_preferences(token: str, request: Request) -> Response:
        form = await request.form()
        return await run_in_threadpool(_change, house, pages, token, form)

    @router.api_route("/v/{token}", methods=["GET", "HEAD"], include_in_schema=False)
    def view_in_browser(token: str) -> Response:
        try:
            return Response(mail_page(house, token), media_type="text/html", headers=MAIL_HEADERS)
        except NotFound:
            return pages.draw("invalid.html", "en", status=404)

    @router.api_route("/articles/{article_id}", methods=["GET", "HEAD"], include_in_schema=False)
    def read_article(article_id: int) -> Response:
        try:
            page = article_page(house, article_id)
        except NotFound:
            return pages.draw("invalid.html", "en", status=404)
        return pages.draw(
            "article.html", page.article.language or "en", article=page.article, notice=page.notice, dir=page.direction
        )

    return router


def _leave_by_page(house: Installation, pages: Pages, token: str) -> Response:
    found = subscribe.agreement_for(house, token)
    if found is None:
        return pages.draw("invalid.html", "en", status=404)
    subscribe.leave(house, token, EndedReason.PAGE, source="page of the leave link")
    return pages.draw(
        "left.html",
        found.agreement.locale,
        newsletter=found.newsletter.name,
        preferences_url=_preferences_path(house, found),
    )


def _preferences(house: Installation, pages: Pages, token: str, *, saved: bool = False, problem: str = "") -> Response:
    found = subscribe.preferences_for(house, token)
    if found is None:
        return pages.draw("invalid.html", "en", status=404)
    _, choices = found
    locale = choices[0].agreement.locale
    return pages.draw(
        "preferences.html",
        locale,
        status=422 if problem else 200,
        address=_masked(choices[0].agreement.address),
        saved=saved,
        problem=problem,
        subscriptions=[_shown(each, locale) for each in choices],
    )


def _change(house: Installation, pages: Pages, token: str, form: FormData) -> Response:
    found = subscribe.preferences_for(house, token)
    if found is None:
        return pages.draw("invalid.html", "en", status=404)
    reader, choices = found
    source = "preferences page"
    action = form.get("action")
    try:
        if action == "leave_all":
            subscribe.leave_all(house, reader, source=source)
            return _preferences(house, pages, token, saved=True)
        _act(house, _chosen(choices, form), form, source)
    except BadInput as problem:
        return _preferences(house, pages, token, problem=str(problem))
    return _preferences(house, pages, token, saved=True)


def _chosen(choices: list[Choices], form: FormData) -> Choices:
    for each in choices:
        if str(each.agreement.subscription_id) == form.get("subscription"):
            return each
    raise BadInput("choose one of your subscriptions")


def _act(house: Installation, one: Choices, form: FormData, source: str) -> None:
    match form.get("action"):
        case "save":
            topics = [str(value) for value in form.getlist("topics")]
            subscribe.choose(house, one, topics=topics, send_at=str(form.get("send_at") or ""))
        case "pause":
            subscribe.pause(house, one, _pause_end(one, str(form.get("until") or "")), source=source)
        case "resume":
            subscribe.resume(house, one, source=source)
        case "leave":
            subscribe.leave_one(house, one, source=source)
        case _:
            raise BadInput("choose what to do")


def _pause_end(one: Choices, day: str) -> datetime:
    """Return the midnight, in the reader's zone, at which a pause until *day* ends."""
    try:
        parsed = datetime.combine(datetime.fromisoformat(day).date(), time(), zone_of(one.agreement.zone))
    except ValueError:
        raise BadInput("the day must look like 2026-12-24") from None
    return parsed.astimezone(UTC)


def _shown(one: Choices, locale: str) -> dict[str, object]:
    agreement = one.agreement
    followed = {follow.topic for follow in agreement.interests.follows}
    return {
        "id": agreement.subscription_id,
        "name": one.newsletter.name,
        "state": agreement.state.value,
        "paused_until": _local(agreement.paused_until, agreement.zone)
        if agreement.state is SubscriptionState.PAUSED and agreement.paused_until
        else "",
        "send_at": agreement.send_at or f"{one.newsletter.schedule.at:%H:%M}",
        "zone": one.newsletter.schedule.zone or agreement.zone,
        "topics": [
            {"slug": topic.slug, "name": topic.name_in(locale), "followed": topic.slug in followed}
            for topic in one.topics
        ],
    }


def _preferences_path(house: Installation, found: Choices) -> str:
    return f"/p/{house.tokens.make(Purpose.PREFERENCES, found.agreement.subscriber_id)}"


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M} {zone}"


def _masked(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
