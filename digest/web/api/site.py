"""The API as an application of its own: its addresses, its document (OpenAPI 3.1), its way to say what is wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.errors import DigestError
from digest.log import get_logger
from digest.pipeline.hearing.hear_provider import Hooks
from digest.pipeline.installation import Installation
from digest.web.api import (
    alerts,
    approvals,
    articles,
    deliveries,
    editions,
    events,
    hooks,
    imports,
    newsletters,
    segments,
    subscribers,
    subscriptions,
    suppressions,
)
from digest.web.api.door import Door
from digest.web.api.problems import SCHEMA, Refused, our_fault, problem_of

PATH = "/api/v1"
LARGEST = 6 * 1024 * 1024
LARGEST_IMPORT = 32 * 1024 * 1024
LARGEST_EVENTS = 1024 * 1024  # from anybody: the signature is of the body
_ABOUT = (
    "Everything goes by the same gates as the pages: consent, suppression, approval. Send a key of `digest tokens"
    " create` as a bearer token. Lists come in pages: ask again with `after` until `next` is null."
)


def build_api(house: Installation, providers: Hooks | None = None) -> FastAPI:
    """Return the application that answers below /api/v1; *providers* are the services whose webhooks it hears."""
    api = FastAPI(
        title="Digest",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        root_path_in_servers=False,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    door = Door(house)
    for part in (
        newsletters,
        articles,
        subscribers,
        subscriptions,
        editions,
        deliveries,
        suppressions,
        imports,
        events,
        segments,
        approvals,
        alerts,
    ):
        part.add_to(door, house)
    hooks.add_to(door, house, providers or Hooks())
    api.include_router(door.router)
    for kind in (Refused, RequestValidationError, HTTPException, DigestError):
        api.add_exception_handler(kind, _tell)
    api.add_exception_handler(Exception, _apologise)
    api.add_middleware(_Framed, secure=urlsplit(house.base_url).scheme == "https")
    _document(api, house)
    return api


async def _tell(request: Request, error: Exception) -> Response:  # noqa: ARG001  # Starlette's signature
    told = problem_of(error)
    if told is None or told.status_code == 503:
        get_logger().error("api_failed", problem=str(error))
    return told or our_fault()


async def _apologise(request: Request, error: Exception) -> Response:  # noqa: ARG001  # the server logs it
    return our_fault()


def _document(api: FastAPI, house: Installation) -> None:
    def made() -> dict[str, Any]:
        if api.openapi_schema is None:
            found = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
            found["servers"] = [{"url": f"{house.base_url}{PATH}"}]
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = SCHEMA
            found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            api.openapi_schema = found
        return api.openapi_schema

    api.openapi = made  # type: ignore[method-assign]  # FastAPI's own way to change the document


class _Framed:
    """Puts the headers on every answer, and lets no body in that is larger than its address takes.

    The body is counted as it is read, which is after the token was looked at.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        headers = {
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "x-robots-tag": "noindex, nofollow",
            **({"strict-transport-security": "max-age=31536000"} if secure else {}),
        }
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._policy = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        path = scope["path"]
        largest = LARGEST_IMPORT if path.endswith("/imports") else LARGEST_EVENTS if "/hooks/" in path else LARGEST
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > largest:
                raise HTTPException(413)
            return message

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                own = [] if any(name.lower() == b"content-security-policy" for name, _ in given) else [self._policy]
                message = {**message, "headers": [*given, *self._headers, *own]}
            await send(message)

        await self._app(scope, counted, framed)
