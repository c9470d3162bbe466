"""What a form holds, read within limits; whatever cannot be read is an empty form or a 400."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from starlette.datastructures import FormData
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_FORM = 64 * 1024
_MOST_FIELDS = 500


async def read_form(request: Request) -> FormData:
    """Return the fields of a urlencoded or multipart body; of any other kind, none. Files are refused with 400.

    A body whose kind is not told is read as urlencoded: RFC 8058 names the body, and some programs send
    nothing else.
    """
    if "content-type" not in request.headers:
        text = (await request.body()).decode("utf-8", "replace")
        try:
            return FormData([*parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)])
        except ValueError:
            raise HTTPException(400) from None
    return await request.form(max_files=0, max_fields=_MOST_FIELDS)


async def read_upload(request: Request) -> FormData:
    """Return the fields of a multipart body with at most one file, which may be large and is kept on disk."""
    return await request.form(max_files=1, max_fields=20)


def text_of(form: FormData, name: str) -> str:
    """Return the field *name*, "" when there is none."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def texts_of(form: FormData, name: str) -> list[str]:
    """Return every field *name*: the boxes that were checked."""
    return [value for value in form.getlist(name) if isinstance(value, str)]


class LimitBody:
    """Refuses a request body over 64 KB before anything parses it; the rest is handed on whole.

    Paths of *larger*, and below those that end with a slash, take that many bytes more, counted as they go by.
    """

    def __init__(self, app: ASGIApp, refusal: ASGIApp, larger: Mapping[str, int]) -> None:
        """Wrap *app*; *refusal* answers in its place."""
        self._app = app
        self._refusal = refusal
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; count what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        more = self._more(scope.get("path", ""))
        if more:
            most = LARGEST_FORM + more
            if _told(scope) > most:
                await self._refusal(scope, receive, send)
                return
            await self._app(scope, _counted(receive, most), send)
            return
        taken = await _take(scope, receive)
        if taken is None:
            await self._refusal(scope, receive, send)
            return
        waiting = iter(taken)

        async def replay() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replay, send)

    def _more(self, path: str) -> int:
        fitting = (more for known, more in self._larger.items() if known.endswith("/") and path.startswith(known))
        return self._larger.get(path) or next(fitting, 0)


def _told(scope: Scope) -> int:
    """Return the length of the body as it is announced, 0 when it is not."""
    told = dict(scope["headers"]).get(b"content-length", b"")
    return int(told[:20]) if told.isdigit() else 0


def _counted(receive: Receive, most: int) -> Receive:
    seen = 0

    async def count() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413)
        return message

    return count


async def _take(scope: Scope, receive: Receive) -> list[Message] | None:
    """Return the messages of a whole body, None as soon as it is known to be too large."""
    if _told(scope) > LARGEST_FORM:
        return None
    parts: list[Message] = []
    seen = 0
    while True:
        message = await receive()
        parts.append(message)
        seen += len(message.get("body", b""))
        if seen > LARGEST_FORM:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return parts
