"""The preferences page: interests, hour, pause, leave, zone and language; one form for each, all of them plain HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from digest.errors import BadInput
from digest.model.newsletter import Newsletter
from digest.model.subscriber import EndedReason, SubscriptionState
from digest.pipeline.installation import Installation
from digest.pipeline.joining.together import choose_together, wants_together
from digest.pipeline.newsletters.places import zones_on_offer
from digest.pipeline.previewing.sample import upcoming
from digest.pipeline.reading import sign_up, subscribe
from digest.pipeline.reading.leave import leave_all, leave_one
from digest.pipeline.reading.notifying import choose_way, rules_for
from digest.pipeline.reading.subscribe import Choices
from digest.rendering.languages import weekday_date_text
from digest.scheduling.zones import zone_of
from digest.web.forms import read_form, text_of, texts_of
from digest.web.notifying import rules_shown, take_rules, ways_shown
from digest.web.pages import Pages, masked
from digest.web.showing import (
    days_of,
    days_shown,
    language_shown,
    often_shown,
    place_of,
    sample_shown,
    topics_shown,
)
from digest.web.signing_up import CONSENT

_SOURCE = "preferences page"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def preferences_route(house: Installation, pages: Pages) -> APIRouter:
    """Return the route of the address that `digest.pipeline.composing.links` writes into mails."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/p/{token}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
    async def preferences(token: str, request: Request) -> Response:
        if request.method != "POST":
            return await run_in_threadpool(_show, house, pages, token, request)
        form = await read_form(request)
        return await run_in_threadpool(_change, house, pages, token, request, form)

    return router


def _show(
    house: Installation,
    pages: Pages,
    token: str,
    request: Request,
    *,
    form: FormData | None = None,
    said: str = "",
    problem: str = "",
) -> Response:
    found = subscribe.preferences_for(house, token)
    if found is None:
        return pages.wrong(request, 404)
    choices = found[1]
    changed = text_of(form, "subscription") if form is not None else ""
    first = choices[0].agreement
    return pages.draw(
        "preferences.html",
        first.locale,
        status=422 if problem else 200,
        address=masked(first.address),
        said=said,
        problem=problem,
        changed=changed,
        address_given=text_of(form, "address") if form is not None and problem else "",
        next=_next(house, choices, changed) if said else None,
        others=_others(house, choices),
        token=token,
        subscriptions=[_shown(each, house.clock.now(), _kept(each, form, problem)) for each in choices],
        zone=(form is not None and problem and text_of(form, "zone")) or first.zone,
        zones=zones_on_offer(),
        languages=[language_shown(tag, first.locale) for tag in subscribe.languages_on_offer(first.locale)],
        together=_together(house, found[0], choices),
        rules=_rules(house, found[0], choices, form if problem else None),
        any_left=any(each.agreement.state is not SubscriptionState.ENDED for each in choices),
    )


def _change(house: Installation, pages: Pages, token: str, request: Request, form: FormData) -> Response:
    found = subscribe.preferences_for(house, token)
    if found is None:
        return pages.wrong(request, 404)
    reader, choices = found
    said = "Saved."
    try:
        match text_of(form, "action"):
            case "leave_all":
                leave_all(house, reader, EndedReason.PAGE, source=_SOURCE)
            case "settle":
                subscribe.settle(house, reader, zone=text_of(form, "zone"), locale=text_of(form, "locale"))
            case "move":
                network = request.client.host if request.client else ""
                sign_up.ask_to_move(house, choices[0].agreement, text_of(form, "address"), network=network)
                said = "Letters are on their way to both addresses. Nothing changes until both have agreed."
            case "join":
                _join(house, pages, reader, choices, text_of(form, "newsletter"))
            case "together":
                choose_together(house, reader, wanted="together" in form)
            case "rest":
                take_rules(house, reader, form)
            case "preview":
                said = "This is how it looks now."
            case _:
                _act(house, _chosen(choices, form), form)
    except BadInput as problem:
        return _show(house, pages, token, request, form=form, problem=str(problem))
    return _show(house, pages, token, request, form=form, said=said)


def _join(house: Installation, pages: Pages, reader: int, choices: list[Choices], slug: str) -> None:
    offer = next((each for each in _others(house, choices) if each.slug == slug), None)
    if offer is None:
        raise BadInput("Choose one of your newsletters.")
    wording = pages.say(choices[0].agreement.locale, CONSENT, newsletter=offer.name)
    sign_up.join_at_once(house, reader, slug, source=_SOURCE, wording=wording)


def _others(house: Installation, choices: list[Choices]) -> list[Newsletter]:
    """Return the newsletters that the reader does not have, and never had."""
    had = {each.newsletter.slug for each in choices}
    return [each.newsletter for each in sign_up.offers(house) if each.newsletter.slug not in had]


def _next(house: Installation, choices: list[Choices], subscription: str) -> Mapping[str, object] | None:
    """Return the next digest of the subscription that was changed, if mail of it comes at all."""
    for each in choices:
        agreement = each.agreement
        is_active = agreement.state is SubscriptionState.ACTIVE and each.newsletter.stream is None
        if str(agreement.subscription_id) == subscription and is_active:
            zone = each.newsletter.schedule.zone or agreement.zone
            return sample_shown(upcoming(house, agreement), zone, agreement.locale)
    return None


def _together(house: Installation, reader: int, choices: list[Choices]) -> Mapping[str, object] | None:
    """Return whether a reader's newsletters are one mail, for who has several or has chosen it."""
    wanted = wants_together(house, reader)
    living = [each for each in choices if each.agreement.state is not SubscriptionState.ENDED]
    several = sum(each.newsletter.stream is None for each in living) > 1
    return {"wanted": wanted} if several or wanted else None


def _rules(
    house: Installation, reader: int, choices: list[Choices], form: FormData | None
) -> Mapping[str, object] | None:
    """Return what holds for all events, for who has a stream of them."""
    if all(each.newsletter.stream is None for each in choices):
        return None
    mine = form if form is not None and text_of(form, "action") == "rest" else None
    return rules_shown(rules_for(house, reader), mine, choices[0].agreement.locale)


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
                days=texts_of(form, "days") if "days_shown" in form else None,
                often=text_of(form, "often"),
            )
        case "notify":
            choose_way(house, one, text_of(form, "way"), text_of(form, "send_at"))
        case "pause":
            subscribe.pause(house, one, _pause_end(one, text_of(form, "until")), source=_SOURCE)
        case "resume":
            subscribe.resume(house, one, source=_SOURCE)
        case "leave":
            leave_one(house, one.agreement.subscription_id, EndedReason.PAGE, source=_SOURCE)
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


def _kept(one: Choices, form: FormData | None, problem: str) -> FormData | None:
    """Return the *form* of this subscription when it could not be used: what was typed stays for mending."""
    mine = form is not None and text_of(form, "subscription") == str(one.agreement.subscription_id)
    return form if form is not None and mine and problem and text_of(form, "action") == "save" else None


def _shown(one: Choices, now: datetime, kept: FormData | None) -> Mapping[str, object]:
    agreement, locale = one.agreement, one.agreement.locale
    followed = {follow.topic for follow in agreement.interests.follows} if kept is None else {*texts_of(kept, "topics")}
    muted = agreement.interests.muted if kept is None else texts_of(kept, "muted")
    keywords = ", ".join(agreement.interests.keywords) if kept is None else text_of(kept, "keywords")
    days = days_of(agreement.frequency, one.newsletter)
    own_zone = zone_of(agreement.zone)
    paused = agreement.paused_until if agreement.state is SubscriptionState.PAUSED else None
    return {
        "id": agreement.subscription_id,
        "name": one.newsletter.name,
        "description": one.newsletter.description,
        "ways": ways_shown(one),
        "state": agreement.state.value,
        "may_resume": subscribe.may_resume(agreement),
        "paused_until": weekday_date_text(paused.astimezone(own_zone).date(), locale) if paused else "",
        "tomorrow": (now.astimezone(own_zone).date() + timedelta(days=1)).isoformat(),
        "send_at": subscribe.hour_of(one) if kept is None else text_of(kept, "send_at"),
        "place": place_of(one.newsletter.schedule.zone or agreement.zone, locale),
        "days": days_shown(days if kept is None else texts_of(kept, "days"), locale),
        "often": often_shown(
            "" if kept is None else text_of(kept, "often"), agreement.frequency, one.newsletter, locale
        ),
        "keywords": keywords,
        "wants_all": agreement.interests.wants_all if kept is None else "wants_all" in kept,
        "surprise": agreement.interests.surprise if kept is None else "surprise" in kept,
        "topics": topics_shown(one.newsletter, one.topics, locale, followed, muted),
    }
