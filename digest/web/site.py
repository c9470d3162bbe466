"""The web application: routes, the style sheet, what to say when something is wrong, a limit on what is posted."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from digest.app import hooks, open_installation
from digest.errors import DatabaseBusy, DatabaseFailed
from digest.garbage import search_less
from digest.log import get_logger
from digest.pipeline.collecting.collect import LARGEST_FILE
from digest.pipeline.hearing.hear_provider import Hooks
from digest.pipeline.installation import Installation
from digest.pipeline.staff.import_chore import LARGEST
from digest.settings import COMPOSING, read_settings
from digest.web.api.site import PATH as API_PATH
from digest.web.api.site import build_api
from digest.web.forms import LimitBody
from digest.web.pages import Pages
from digest.web.readers import readers_routes
from digest.web.staff.site import ARTICLES, TEMPLATES, UPLOADS, staff_routes
from digest.web.staff.templates import LARGEST_FILES

_AGAIN = "120"  # seconds


def build_site(house: Installation, providers: Hooks | None = None) -> FastAPI:
    """Return the application for *house*; *providers* are the sending services whose webhooks it hears.

    It answers below the path of the base URL, whether a proxy in front takes that path away or not.
    """
    pages = Pages(house.templates / "web", house.base_url)
    # No redirects: an address with a slash too many is wrong, and a POST by RFC 8058 must never be sent elsewhere.
    site = FastAPI(
        title="Digest",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    site.mount("/static", _Static(pages))
    for router in readers_routes(house, pages):
        site.include_router(router)
    site.include_router(staff_routes(house))
    _answer_what_is_wrong(site, pages)
    site.add_middleware(_Apart, at=API_PATH, make=partial(build_api, house, providers))
    site.add_middleware(_Below, root=pages.root)
    return site


def create() -> FastAPI:
    """Return the application from the settings; `digest serve` names this function to uvicorn."""
    settings = read_settings(needs=COMPOSING)
    site = build_site(open_installation(settings), hooks(settings))
    search_less()
    return site


class _Static(StaticFiles):
    """The style sheet, with the headers of the pages; a browser asks each time whether it has changed."""

    def __init__(self, pages: Pages) -> None:
        super().__init__(directory=Path(__file__).parent / "static")
        self._headers = {**pages.headers, "Cache-Control": "no-cache"}

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return the file, or 304 when the browser has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(self._headers)
        return response


def _answer_what_is_wrong(site: FastAPI, pages: Pages) -> None:
    async def refuse(request: Request, error: Any) -> Response:
        response = pages.wrong(request, error.status_code)
        response.headers.update(error.headers or {})
        return response

    async def apologise(request: Request, error: Exception) -> Response:  # noqa: ARG001  # the server logs it
        return pages.wrong(request, 500)

    async def away(request: Request, error: Exception) -> Response:
        # For now only: a mail program that unsubscribes somebody comes again.
        get_logger().error("page_without_database", problem=str(error))
        response = pages.wrong(request, 503)
        response.headers["Retry-After"] = _AGAIN
        return response

    async def too_large(scope: Scope, receive: Receive, send: Send) -> None:
        await pages.wrong(Request(scope), 413)(scope, receive, send)

    site.add_exception_handler(HTTPException, refuse)
    site.add_exception_handler(DatabaseBusy, away)
    site.add_exception_handler(DatabaseFailed, away)
    site.add_exception_handler(Exception, apologise)
    site.add_middleware(
        LimitBody, refusal=too_large, larger={UPLOADS: LARGEST, TEMPLATES: LARGEST_FILES, ARTICLES: LARGEST_FILE}
    )


class _Apart:
    """Hands what is below a path to an application of its own, which is made when the first request for it comes."""

    def __init__(self, app: ASGIApp, at: str, make: Callable[[], ASGIApp]) -> None:
        self._app = app
        self._at = at
        self._make = make
        self._made: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{self._at}/"):
            await self._app(scope, receive, send)
            return
        if self._made is None:
            self._made = self._make()
        await self._made({**scope, "root_path": self._at}, receive, send)


class _Below:
    """Takes the path of the base URL from the front of an address, if the proxy has left it there."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        path = scope.get("path", "")
        if self._root and f"{path}/".startswith(f"{self._root}/"):
            scope = {**scope, "path": path[len(self._root) :] or "/"}
        await self._app(scope, receive, send)
