"""My data: everything that is kept about a reader as a file, and its erasure (GDPR Art. 15, 17, 20)."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.background import BackgroundTask

from digest.pipeline.installation import Installation
from digest.pipeline.reading import subscribe
from digest.pipeline.subscribers.erase_subscriber import erase_rows
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from digest.store.erasure import clear_free_space
from digest.web.forms import read_form, text_of
from digest.web.pages import Pages, masked


def my_data_routes(house: Installation, pages: Pages) -> APIRouter:
    """Return the routes, below the address of the preferences."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/p/{token}/data", methods=["GET", "HEAD", "POST"], include_in_schema=False)
    async def my_data(token: str, request: Request) -> Response:
        form = await read_form(request) if request.method == "POST" else None
        erase = form is not None and text_of(form, "erase") == "yes"
        return await run_in_threadpool(_answer, house, pages, token, request, erase=erase)

    @router.api_route("/p/{token}/data.json", methods=["GET", "HEAD"], include_in_schema=False)
    def export(token: str, request: Request) -> Response:
        found = subscribe.preferences_for(house, token)
        if found is None:
            return pages.wrong(request, 404)
        data = subscriber_as_json(house.engine, found[1][0].agreement.address)
        headers = {**pages.headers, "Content-Disposition": 'attachment; filename="my-data.json"'}
        text = json.dumps(data, ensure_ascii=False, indent=2)
        return Response(text, media_type="application/json", headers=headers)

    return router


def _answer(house: Installation, pages: Pages, token: str, request: Request, *, erase: bool) -> Response:
    found = subscribe.preferences_for(house, token)
    if found is None:
        return pages.wrong(request, 404)
    agreement = found[1][0].agreement
    if not erase:
        address = masked(agreement.address)
        return pages.draw("my_data.html", agreement.locale, address=address, base=f"{pages.root}/p/{token}")
    erase_rows(
        house.engine,
        agreement.address,
        secret=house.secret,
        previous_secret=house.previous_secret,
        now=house.clock.now(),
    )
    answer = pages.draw("erased.html", agreement.locale)
    # To write a large file anew takes a while, and nobody is to wait for it.
    answer.background = BackgroundTask(clear_free_space, house.engine)
    return answer
