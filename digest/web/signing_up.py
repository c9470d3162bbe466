"""The front door and the sign-up page of each newsletter: look first, then give an address."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from digest.errors import NotFound
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.places import zones_on_offer
from digest.pipeline.previewing.sample import sample
from digest.pipeline.reading import sign_up, subscribe
from digest.pipeline.reading.sign_up import Offer, TooMany, Wish, WrongFields
from digest.web.forms import read_form, text_of, texts_of
from digest.web.pages import Pages
from digest.web.showing import days_of, days_shown, language_shown, sample_shown, topics_shown
from digest.web.tongue import spoken_by

CONSENT = "Send me %(newsletter)s by mail. I can leave at any time with one click."
_NO_PROBLEMS = dict.fromkeys(("topics", "keywords", "send_at", "zone", "locale", "address"), "")
_TRAP = "website"  # a field that no person sees


def sign_up_route(house: Installation, pages: Pages) -> APIRouter:
    """Return the routes; nothing here changes a subscription: that takes the letter's answer."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    def front_door(request: Request) -> Response:
        return pages.draw("home.html", spoken_by(request), offers=sign_up.offers(house))

    @router.api_route("/n/{slug}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
    async def newsletter(slug: str, request: Request) -> Response:
        form = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(_answer, house, pages, slug, request, form)

    return router


def _answer(house: Installation, pages: Pages, slug: str, request: Request, form: FormData | None) -> Response:
    try:
        offer = sign_up.offer_of(house, slug)
    except NotFound:
        return pages.wrong(request, 404)
    locale = spoken_by(request)
    show = partial(_page, pages, offer, locale, form)
    if form is None:
        return show()
    wording = pages.say(locale, CONSENT, newsletter=offer.newsletter.name)
    try:
        wish = _wish(offer, form, wording)
        if text_of(form, "action") == "sample":
            return show(found=sample(house, slug, wish.interests, wish.locale), wish=wish)
        if not text_of(form, _TRAP):
            network = request.client.host if request.client else ""
            sign_up.ask_to_join(house, slug, text_of(form, "address"), wish, network=network)
    except WrongFields as wrong:
        return show(problems=wrong.problems, status=422)
    except TooMany as wrong:
        return show(problems={"": str(wrong)}, status=429)
    return pages.draw("asked.html", locale, newsletter=offer.newsletter)


def _wish(offer: Offer, form: FormData, wording: str) -> Wish:
    return sign_up.read_wish(
        offer,
        topics=texts_of(form, "topics"),
        keywords=text_of(form, "keywords"),
        send_at=text_of(form, "send_at"),
        days=texts_of(form, "days"),
        zone=text_of(form, "zone") or "UTC",
        locale=text_of(form, "locale") or offer.newsletter.locale,
        source=f"sign-up page /n/{offer.newsletter.slug}",
        wording=wording,
    )


def _page(
    pages: Pages,
    offer: Offer,
    locale: str,
    form: FormData | None,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    given = form if form is not None else FormData()
    letter, found = offer.newsletter, more.get("found")
    tongues = subscribe.languages_on_offer(letter.locale)
    spoken = locale if locale in tongues else locale.partition("-")[0]
    chosen = text_of(given, "locale") or (spoken if spoken in tongues else letter.locale)
    wish = more.get("wish")
    return pages.draw(
        "sign_up.html",
        locale,
        status=status,
        script=True,
        newsletter=letter,
        topics=topics_shown(letter, offer.topics, locale, texts_of(given, "topics")),
        keywords=text_of(given, "keywords"),
        send_at=text_of(given, "send_at") or f"{letter.schedule.at:%H:%M}",
        days=days_shown(texts_of(given, "days") or days, locale) if (days := days_of("", letter)) else [],
        zone=text_of(given, "zone") or letter.schedule.zone or "UTC",
        guess=form is None and not letter.schedule.zone,
        zones=zones_on_offer(),
        languages=[language_shown(tag, chosen) for tag in tongues],
        address=text_of(given, "address"),
        problems=_NO_PROBLEMS | more.get("problems", {}),
        problem=next(iter(more.get("problems", {}).values()), ""),
        sample=sample_shown(found, wish.zone, locale) if found and wish else None,
        consent=pages.say(locale, CONSENT, newsletter=letter.name),
    )
