"""The one way in: whose token is it, may it, does it ask too often, was the same asked before.

All of that comes before the body is read. Every route names the scope it needs where its OpenAPI document has it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from digest.log import get_logger
from digest.model.api_token import ApiToken, Scope
from digest.pipeline.installation import Installation
from digest.pipeline.reading.sign_up import network_of
from digest.pipeline.staff.answered_once import LONGEST_KEY, Once, Turn
from digest.pipeline.staff.api_tokens import token_of
from digest.store.audit import record
from digest.web.api.limits import Buckets, Rate
from digest.web.api.problems import Refused, documented, problem_of
from digest.web.api.who import source_of
from digest.web.api.whose import newsletter_of

PER_TOKEN = Rate(a_second=20, at_once=200)
PER_NETWORK = Rate(a_second=0.5, at_once=30)  #: wrong keys
_SCHEME = "token"
_TOLD = ("slug", "newsletter", "number", "kind")  # of an address; who it is about may be an address of mail
_LONGEST_BEARER = 200
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Door:
    """Registers the addresses of the API, each with the scope it needs, and lets nobody else in."""

    def __init__(self, house: Installation) -> None:
        self._house = house
        self._of_tokens, self._of_strangers = Buckets(PER_TOKEN), Buckets(PER_NETWORK)
        self._recording: set[tuple[str, str]] = set()
        door = self

        class Guarded(APIRoute):
            """A route of this API."""

            def get_route_handler(self) -> Handler:
                """Return what answers, once the door has let somebody in."""
                scope, answer = scope_of(self), super().get_route_handler()
                return answer if scope is None else door._guard(answer, scope, self.path)

        self.router = APIRouter(route_class=Guarded, redirect_slashes=False)

    def add(
        self,
        method: str,
        path: str,
        scope: Scope,
        answer: Callable[..., Any],
        *,
        status: int = 200,
        records: bool = False,
        **how: Any,
    ) -> None:
        """Let *answer* speak at *path* to whoever has *scope*; unless it *records* what it changes, the door does."""
        if records:
            self._recording.add((method, path))
        self.router.add_api_route(
            path,
            answer,
            methods=[method],
            status_code=status,
            responses={**documented(404, 409), **how.pop("responses", {})},
            openapi_extra={"security": [{_SCHEME: [scope.value]}], **how.pop("openapi_extra", {})},
            **how,
        )

    def add_signed(self, method: str, path: str, answer: Callable[..., Any], **how: Any) -> None:
        """Let *answer* speak at *path* to anybody: it looks at a signature itself."""
        own = documented(404)
        self.router.add_api_route(path, answer, methods=[method], responses=own, openapi_extra={"security": []}, **how)

    def _guard(self, answer: Handler, scope: Scope, path: str) -> Handler:
        async def handle(request: Request) -> Response:
            token = await run_in_threadpool(self._let_in, request, scope)
            await run_in_threadpool(self._require_its_own, request, token, path)
            request.state.token = token
            once = self._once(request, token)
            response = await (self._do_once(once, request, answer) if once else answer(request))
            if request.method != "GET" and (request.method, path) not in self._recording:
                await run_in_threadpool(self._record, request, path, response)
            if request.method != "GET":
                get_logger().info(
                    "api_call", token=token.name, method=request.method, path=path, status=response.status_code
                )
            return response

        return handle

    def _let_in(self, request: Request, scope: Scope) -> ApiToken:
        now, stranger = self._house.clock.now(), network_of(request.client.host if request.client else "")
        if self._of_strangers.is_empty(stranger, now):
            raise Refused(429, "too_many", "too many wrong keys; wait a minute", {"Retry-After": "60"})
        kind, _, key = request.headers.get("authorization", "")[:_LONGEST_BEARER].partition(" ")
        token = token_of(self._house, key.strip()) if kind.lower() == "bearer" else None
        if token is None:
            self._of_strangers.take(stranger, now)
            said = "send a key of `digest tokens create`, as Authorization: Bearer KEY"
            raise Refused(401, "no_token", said, {"WWW-Authenticate": 'Bearer realm="digest"'})
        if wait := self._of_tokens.take(str(token.token_id), now):
            raise Refused(429, "too_many", "this token asks too often; come again later", {"Retry-After": str(wait)})
        if scope not in token.scopes:
            challenge = f'Bearer realm="digest", error="insufficient_scope", scope="{scope}"'
            raise Refused(
                403, "scope", f"this token may not do that; it needs {scope}", {"WWW-Authenticate": challenge}
            )
        return token

    def _require_its_own(self, request: Request, token: ApiToken, path: str) -> None:
        """Refuse what belongs to another newsletter than the token's, or to none in particular."""
        if token.newsletters and newsletter_of(self._house, path, request) not in token.newsletters:
            only = ", ".join(sorted(token.newsletters))
            raise Refused(403, "newsletter", f"this token may do that only where it is about {only}")

    def _record(self, request: Request, path: str, response: Response) -> None:
        """Write what was done into the audit log: the address as registered, and ids; never an address of mail."""
        if response.status_code >= 400 or "idempotency-replayed" in response.headers:
            return
        named = {name: value for name, value in request.path_params.items() if name in _TOLD}
        with self._house.engine.begin() as connection:
            target = f"{request.method} {path}"
            record(connection, source_of(request), "api", target, now=self._house.clock.now(), after=named or None)

    def _once(self, request: Request, token: ApiToken) -> Once | None:
        key = request.headers.get("idempotency-key", "")
        if not key or request.method != "POST":
            return None
        if len(key) > LONGEST_KEY:
            raise Refused(400, "bad_key", f"an Idempotency-Key has at most {LONGEST_KEY} characters")
        return Once(self._house, token.token_id, key)

    async def _do_once(self, once: Once, request: Request, answer: Handler) -> Response:
        asked = b"\0".join([request.url.path.encode(), request.url.query.encode(), await request.body()])
        turn, known = await run_in_threadpool(once.begin, asked)
        if turn is Turn.REPEAT and known is not None:
            headers = {"Idempotency-Replayed": "true"}
            return Response(known.body, known.status, headers=headers, media_type=known.kind or None)
        if turn is Turn.OTHER:
            raise Refused(422, "key_reused", "this Idempotency-Key was used for another request; make a new one")
        if turn is Turn.WAIT:
            raise Refused(
                409, "under_way", "the first request with this Idempotency-Key is under way", {"Retry-After": "5"}
            )
        response = await _or_problem(answer(request), once)
        body = bytes(response.body)
        await run_in_threadpool(once.end, response.status_code, response.headers.get("content-type", ""), body)
        return response


async def _or_problem(answer: Awaitable[Response], once: Once) -> Response:
    """Return the answer, or the problem that an error makes; what nobody expected is not on record."""
    try:
        return await answer
    except Exception as error:
        told = problem_of(error)
        if told is None:
            await run_in_threadpool(once.end, 500, "", b"")
            raise
        return told


def scope_of(route: APIRoute) -> Scope | None:
    """Return the scope that a route needs, None for what is signed; one that says nothing is a mistake of ours."""
    needed = (route.openapi_extra or {})["security"]
    return Scope(needed[0][_SCHEME][0]) if needed else None
