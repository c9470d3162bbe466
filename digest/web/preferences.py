"""The preferences page: interests, hour, pause, leave, zone and language; one form for each, all of them plain HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from babel.core import Locale, UnknownLocaleError
from babel.dates import get_timezone_location
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from digest.errors import BadInput
from digest.model.subscriber import SubscriptionState
from digest.model.topic import Topic
from digest.model.words import fold
from digest.pipeline import subscribe
from digest.pipeline.installation import Installation
from digest.pipeline.places import zones_on_offer
from digest.pipeline.subscribe import Choices
from digest.rendering.languages import weekday_date_text
from digest.scheduling.zones import zone_of
from digest.web.forms import read_form, text_of, texts_of
from digest.web.pages import Pages, masked

_SOURCE = "preferences page"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def preferences_route(house: Installation, pages: Pages) -> APIRouter:
    """Return the route of the address that `digest.pipeline.links` writes into mails."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/p/{token}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
    async def preferences(token: str, request: Request) -> Response:
        if request.method != "POST":
            return await run_in_threadpool(_show, house, pages, token, request)
        form = await read_form(request)
        return await run_in_threadpool(_change, house, pages, token, request, form)

    return router


def _show(
    house: Installation, pages: Pages, token: str, request: Request, *, saved: bool = False, problem: str = ""
) -> Response:
    found = subscribe.preferences_for(house, token)
    if found is None:
        return pages.wrong(request, 404)
    _, choices = found
    first = choices[0].agreement
    return pages.draw(
        "preferences.html",
        first.locale,
        status=422 if problem else 200,
        address=masked(first.address),
        saved=saved,
        problem=problem,
        subscriptions=[_shown(each, house.clock.now()) for each in choices],
        zone=first.zone,
        zones=zones_on_offer(),
        languages=[_language(tag, first.locale) for tag in subscribe.languages_on_offer(first.locale)],
        any_left=any(each.agreement.state is not SubscriptionState.ENDED for each in choices),
    )


def _change(house: Installation, pages: Pages, token: str, request: Request, form: FormData) -> Response:
    found = subscribe.preferences_for(house, token)
    if found is None:
        return pages.wrong(request, 404)
    reader, choices = found
    try:
        if text_of(form, "action") == "leave_all":
            subscribe.leave_all(house, reader, source=_SOURCE)
        elif text_of(form, "action") == "settle":
            subscribe.settle(house, reader, zone=text_of(form, "zone"), locale=text_of(form, "locale"))
        else:
            _act(house, _chosen(choices, form), form)
    except BadInput as problem:
        return _show(house, pages, token, request, problem=str(problem))
    return _show(house, pages, token, request, saved=True)


def _chosen(choices: list[Choices], form: FormData) -> Choices:
    for each in choices:
        if str(each.agreement.subscription_id) == text_of(form, "subscription"):
            return each
    raise BadInput("Choose one of your newsletters.")


def _act(house: Installation, one: Choices, form: FormData) -> None:
    match text_of(form, "action"):
        case "save":
            # A form without keywords is no form of ours as it is now, so it says nothing of muted topics either.
            more = "keywords" in form
            if more:
                _require_one_of_both(one, {*texts_of(form, "topics")} & {*texts_of(form, "muted")})
            subscribe.choose(
                house,
                one,
                topics=texts_of(form, "topics"),
                send_at=text_of(form, "send_at"),
                muted=texts_of(form, "muted") if more else None,
                keywords=text_of(form, "keywords") if more else None,
                wants_all="wants_all" in form if more else None,
                surprise="surprise" in form if more else None,
            )
        case "pause":
            subscribe.pause(house, one, _pause_end(one, text_of(form, "until")), source=_SOURCE)
        case "resume":
            subscribe.resume(house, one, source=_SOURCE)
        case "leave":
            subscribe.leave_one(house, one, source=_SOURCE)
        case _:
            raise BadInput("Choose what to do.")


def _require_one_of_both(one: Choices, both: set[str]) -> None:
    """Refuse topics that are newly in *both* lists: of those that were in one, the newer box is what is meant."""
    before = one.agreement.interests
    if both - {follow.topic for follow in before.follows} - {*before.muted}:
        raise BadInput("Follow a topic or mute it; it cannot be both.")


def _pause_end(one: Choices, day: str) -> datetime:
    """Return the midnight, in the reader's zone, at which a pause until *day* ends."""
    wrong = BadInput("The day must look like 2026-12-24.")
    if not _DAY.fullmatch(day):
        raise wrong
    try:
        midnight = datetime.combine(date.fromisoformat(day), time(), zone_of(one.agreement.zone))
        return midnight.astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or one that is not in UTC's calendar
        raise wrong from None


def _shown(one: Choices, now: datetime) -> Mapping[str, object]:
    agreement, locale = one.agreement, one.agreement.locale
    followed = {follow.topic for follow in agreement.interests.follows}
    own_zone = zone_of(agreement.zone)
    paused = agreement.paused_until if agreement.state is SubscriptionState.PAUSED else None
    return {
        "id": agreement.subscription_id,
        "name": one.newsletter.name,
        "description": one.newsletter.description,
        "state": agreement.state.value,
        "may_resume": subscribe.may_resume(agreement),
        "paused_until": weekday_date_text(paused.astimezone(own_zone).date(), locale) if paused else "",
        "tomorrow": (now.astimezone(own_zone).date() + timedelta(days=1)).isoformat(),
        "send_at": subscribe.hour_of(one),
        "place": _place(one.newsletter.schedule.zone or agreement.zone, locale),
        "keywords": ", ".join(agreement.interests.keywords),
        "wants_all": agreement.interests.wants_all,
        "surprise": agreement.interests.surprise,
        "topics": [
            {
                "slug": topic.slug,
                "name": topic.name_in(locale),
                "followed": topic.slug in followed,
                "muted": topic.slug in agreement.interests.muted,
            }
            for topic in _in_order(one, locale)
        ],
    }


def _in_order(one: Choices, locale: str) -> Sequence[Topic]:
    """Return the topics on offer as the newsletter lists them; the whole vocabulary by name."""
    if one.newsletter.topics:
        return one.topics
    return sorted(one.topics, key=lambda topic: fold(topic.name_in(locale)))


def _language(tag: str, chosen: str) -> Mapping[str, object]:
    """Return *tag* with its name in that language itself, which who speaks it can read."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name() or tag
    except (ValueError, UnknownLocaleError):
        name = tag
    return {"tag": tag, "name": name, "chosen": tag == chosen}


def _place(zone: str, locale: str) -> str:
    """Return the city whose clock *zone* is, in the language of *locale*."""
    try:
        return str(get_timezone_location(zone, locale=Locale.parse(locale, sep="-"), return_city=True))
    except (LookupError, ValueError, UnknownLocaleError):
        return zone.replace("_", " ")
