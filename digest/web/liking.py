"""More like this, less of this: GET shows what one may do about an article of a mail, POST does it."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from digest.errors import BadInput, NotFound
from digest.pipeline.installation import Installation
from digest.pipeline.reading.liking import Liking, articles_of_mail, like, liking_page
from digest.tokens import Purpose
from digest.web.forms import read_form, text_of
from digest.web.pages import Pages

_ARTICLE = re.compile(r"a([1-9][0-9]{0,17})")  # the id of its heading in the mail
_BUTTONS = {
    Liking.FOLLOW: "Follow %(topic)s",
    Liking.MORE: "More about %(topic)s",
    Liking.LESS: "Less about %(topic)s",
    Liking.MUTE: "Never send me %(topic)s",
}


def liking_route(house: Installation, pages: Pages) -> APIRouter:
    """Return the route: the address of a mail in the browser, and "more" or an article's heading in it."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/v/{token}/{heading}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
    async def article(token: str, heading: str, request: Request) -> Response:
        form = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(_answer, house, pages, token, heading, request, form)

    return router


def _answer(
    house: Installation, pages: Pages, token: str, heading: str, request: Request, form: FormData | None
) -> Response:
    if heading == "more" and form is None:
        return _list(house, pages, token, request)
    known = _ARTICLE.fullmatch(heading)
    if known is None:
        return pages.wrong(request, 404)
    number, problem = int(known[1]), ""
    try:
        if form is not None:
            try:
                like(house, token, number, text_of(form, "topic"), text_of(form, "liking"))
            except BadInput as wrong:
                problem = str(wrong)
        found = liking_page(house, token, number)
    except NotFound:
        return pages.wrong(request, 404)
    locale = found.agreement.locale
    return pages.draw(
        "liking.html",
        locale,
        status=422 if problem else 200,
        article=found.article,
        saved=form is not None and not problem,
        problem=problem,
        steps=[
            {
                "topic": each.topic.slug,
                "liking": each.liking.value,
                "label": pages.say(locale, _BUTTONS[each.liking], topic=each.topic.name_in(locale)),
                "second": each.liking in (Liking.LESS, Liking.MUTE),
            }
            for each in found.steps
        ],
        thoughts_url=f"{pages.root}/v/{token}/thoughts/{number}",
        preferences_url=f"{pages.root}/p/{house.tokens.make(Purpose.PREFERENCES, found.agreement.subscriber_id)}",
    )


def _list(house: Installation, pages: Pages, token: str, request: Request) -> Response:
    try:
        agreement, articles = articles_of_mail(house, token)
    except NotFound:
        return pages.wrong(request, 404)
    shown = [{"title": title, "url": f"{pages.root}/v/{token}/a{number}"} for number, title in articles]
    return pages.draw("liking_list.html", agreement.locale, articles=shown)
