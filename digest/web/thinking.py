"""What a reader thinks of an article of a mail: GET shows the page, POST takes it down."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from digest.errors import BadInput, NotFound
from digest.pipeline.installation import Installation
from digest.pipeline.reading.thoughts import think, thinking_page
from digest.web.forms import read_form, text_of
from digest.web.pages import Pages

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
FOLLOW = "Tell me of new thoughts on this article."


def thinking_route(house: Installation, pages: Pages) -> APIRouter:
    """Return the route: the address of a mail in the browser, "thoughts" and the article's number."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/v/{token}/thoughts/{number}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
    async def thoughts(token: str, number: str, request: Request) -> Response:
        form = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(_answer, house, pages, token, number, request, form)

    return router


def _answer(
    house: Installation, pages: Pages, token: str, number: str, request: Request, form: FormData | None
) -> Response:
    if not _NUMBER.fullmatch(number):
        return pages.wrong(request, 404)
    problem = ""
    try:
        found = thinking_page(house, token, int(number))
        if form is not None:
            try:
                think(
                    house,
                    token,
                    int(number),
                    words=text_of(form, "words"),
                    name=text_of(form, "name"),
                    follows="follows" in form,
                    wording=pages.say(found.agreement.locale, FOLLOW),
                )
            except BadInput as wrong:
                problem = str(wrong)
    except NotFound:
        return pages.wrong(request, 404)
    kept = form if form is not None and problem else None
    return pages.draw(
        "thinking.html",
        found.agreement.locale,
        status=422 if problem else 200,
        article=found.article,
        published=found.published,
        said="Thank you. An editor reads it before others do." if form is not None and not problem else "",
        problem=problem,
        words=text_of(kept, "words") if kept is not None else "",
        signed=text_of(kept, "name") if kept is not None else found.agreement.name,
        may_follow=bool(found.stream),
    )
