"""The web application: routes, static files, and a limit on what may be posted."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.app import open_installation
from digest.pipeline.installation import Installation
from digest.settings import COMPOSING, read_settings
from digest.web.links import link_routes
from digest.web.pages import Pages

_LARGEST_FORM = 64 * 1024


class LimitBody:
    """Refuses a request body over 64 KB before anything parses it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; count what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = 0
        parts: list[Message] = []
        while True:
            message = await receive()
            parts.append(message)
            seen += len(message.get("body", b""))
            if seen > _LARGEST_FORM:
                await send(
                    {"type": "http.response.start", "status": 413, "headers": [(b"content-type", b"text/plain")]}
                )
                await send({"type": "http.response.body", "body": b"The request is too large.\n"})
                return
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        waiting = iter(parts)

        async def replay() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replay, send)


def build_site(house: Installation) -> FastAPI:
    """Return the application for *house*."""
    site = FastAPI(title="Digest", docs_url=None, redoc_url=None, openapi_url=None)
    site.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    site.include_router(link_routes(house, Pages(house.templates / "web")))
    site.add_middleware(LimitBody)
    return site


def create() -> FastAPI:
    """Return the application from the settings; `digest serve` names this function to uvicorn."""
    return build_site(open_installation(read_settings(needs=COMPOSING)))
