"""The one way in: who asks, may they, does the form come from us; every page goes through here."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from digest.errors import BadInput, NotFound
from digest.log import get_logger
from digest.model.staff import Role, User
from digest.pipeline.installation import Installation
from digest.pipeline.staff.accounts import SESSION, new_key, user_of
from digest.rendering.i18n import resolve_locale
from digest.store.alerts import count_open
from digest.store.engine import reading
from digest.web.forms import read_form, read_upload, text_of
from digest.web.staff.pages import LOCALES, StaffPages
from digest.web.staff.words import mark
from digest.web.tongue import wanted_tags

_LONGEST = 300  # characters of a value in the query


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: who asks (None: nobody is signed in), with which session, in which language, what for."""

    request: Request
    key: str
    user: User | None
    locale: str
    csrf: str
    query: dict[str, str]
    form: FormData = field(default_factory=FormData)
    alerts: int = 0  #: that are open, for the menu

    def arg(self, name: str) -> str:
        """Return a value of the query, "" when there is none."""
        return self.query.get(name, "")

    def said(self, name: str) -> str:
        """Return a field of the form, "" when there is none."""
        return text_of(self.form, name)

    @property
    def name(self) -> str:
        """Who it is, for the audit log; "" for nobody."""
        return self.user.name if self.user else ""

    def may(self, needed: Role, newsletter: str = "") -> bool:
        """Whether who visits may do what *needed* may, to *newsletter* ("" is to all of them)."""
        return self.user is not None and self.user.may(Role(needed), newsletter)

    def cursor(self) -> tuple[int, ...]:
        """Return where a list goes on; raises BadInput for what is no cursor."""
        words = self.arg("after").split(".") if self.arg("after") else []
        if not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
            raise BadInput("this address names no page of the list; begin again at its first page")
        return tuple(int(word) for word in words)


Answer = Callable[[Visit], Response]
Of = Callable[[Visit], str]  #: which newsletter a request is about


class Gate:
    """Registers pages, each with the role it needs (None: anybody), and lets nobody else in."""

    def __init__(self, house: Installation, pages: StaffPages) -> None:
        self.router = APIRouter(redirect_slashes=False)
        self._house = house
        self._pages = pages
        #: The cookie's name: with this prefix a browser takes it only over TLS and for this host alone (RFC 6265bis).
        self.cookie = "__Host-digest" if pages.is_secure else "digest"

    def get(self, path: str, needs: Role | None, answer: Answer, *, of: Of | None = None) -> None:
        """Let *answer* speak at *path*; it changes nothing.

        With *of* a role for the newsletter that a request is about is enough.
        """

        async def ask(request: Request) -> Response:
            visit = await run_in_threadpool(self._visit, request, FormData())
            return await run_in_threadpool(self._let_in, visit, needs, answer, of)

        self._add(path, ask, "GET", "HEAD", of=of)

    def post(self, path: str, needs: Role | None, answer: Answer, *, of: Of | None = None) -> None:
        """Let *answer* act at *path*, on forms of ours; *of* as for `get`."""

        async def act(request: Request) -> Response:
            form = await read_form(request)
            visit = await run_in_threadpool(self._visit, request, form)
            if not self._is_ours(visit):
                return self._refused(visit, path)
            return await run_in_threadpool(self._let_in, visit, needs, answer, of)

        self._add(path, act, "POST", of=of)

    def upload(self, path: str, needs: Role, answer: Answer) -> None:
        """Let *answer* act at *path* on a form with a file, of which nothing is read for who may not bring one."""

        async def act(request: Request) -> Response:
            visit = await run_in_threadpool(self._visit, request, FormData())
            if not visit.may(needs):
                return await run_in_threadpool(self._let_in, visit, needs, answer)
            async with AsyncExitStack() as closing:
                form = await read_upload(request)
                closing.push_async_callback(form.close)
                visit = replace(visit, form=form)
                if not self._is_ours(visit):
                    return self._refused(visit, path)
                return await run_in_threadpool(self._let_in, visit, needs, answer)

        self._add(path, act, "POST")

    def _add(
        self, path: str, answer: Callable[[Request], Awaitable[Response]], *methods: str, of: Of | None = None
    ) -> None:
        answer.__dict__["of_newsletter"] = of is not None  # a test reads it
        # As Starlette does it: FastAPI would look for parameters in each, of which there are none.
        self.router.add_route(f"/staff{path}", answer, methods=list(methods), include_in_schema=False)

    def keep(self, response: Response, key: str) -> Response:
        """Give the browser a new session key."""
        response.set_cookie(
            self.cookie,
            key,
            max_age=int(SESSION.total_seconds()),
            path="/",
            secure=self._pages.is_secure,
            httponly=True,
            samesite="lax",
        )
        return response

    def forget(self, response: Response) -> Response:
        """Take the session key back from the browser."""
        response.delete_cookie(self.cookie, path="/", secure=self._pages.is_secure, httponly=True, samesite="lax")
        return response

    def _visit(self, request: Request, form: FormData) -> Visit:
        key = request.cookies.get(self.cookie, "")[:_LONGEST]
        query = {name[:_LONGEST]: value[:_LONGEST] for name, value in request.query_params.items()}
        user, alerts = user_of(self._house, key), 0
        if user is not None:
            with reading(self._house.engine) as connection:
                alerts = count_open(connection)
        return Visit(
            request,
            key,
            user,
            resolve_locale(*wanted_tags(request), folder=LOCALES),
            self._house.tokens.derive("staff form", key) if key else "",
            query,
            form,
            alerts,
        )

    def _is_ours(self, visit: Visit) -> bool:
        """Whether a form was made for this session, and sent from a page of ours."""
        # Two locks: the token, and what the browser itself says of where the form came from.
        if visit.request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        return bool(visit.csrf) and hmac.compare_digest(visit.csrf.encode(), visit.said("csrf").encode())

    def _refused(self, visit: Visit, path: str) -> Response:
        get_logger().warning("staff_form_refused", path=path)
        return self._wrong(visit, 403, mark("This form was too old, or not ours. Load the page again."))

    def _let_in(self, visit: Visit, needs: Role | None, answer: Answer, of: Of | None = None) -> Response:
        if needs is not None and visit.user is None:
            return self._to_the_door(visit)
        if needs is not None and not visit.may(needs) and not self._may_there(visit, needs, of):
            return self._wrong(visit, 403, mark("Your account may not do this. Ask an admin."))
        if not visit.key:
            # Who is not signed in needs a key too, or the form to sign in could be anybody's.
            key = new_key()
            fresh = replace(visit, key=key, csrf=self._house.tokens.derive("staff form", key))
            return self.keep(answer(fresh), key)
        try:
            return answer(visit)
        except NotFound as error:
            return self._wrong(visit, 404, mark("There is no such thing."), str(error))
        except BadInput as error:
            return self._wrong(visit, 422, mark("That cannot be done."), str(error))

    @staticmethod
    def _may_there(visit: Visit, needs: Role, of: Of | None) -> bool:
        """Whether who visits may do it to the newsletter that the request is about; what is not there is nobody's."""
        if of is None or visit.user is None or not visit.user.grants:
            return False
        try:
            return visit.may(needs, of(visit))
        except (NotFound, BadInput):
            return False

    def _to_the_door(self, visit: Visit) -> Response:
        path = visit.request.url.path.partition("/staff")[2]
        back = f"{path}?{visit.request.url.query}" if visit.request.url.query else path
        asked = visit.request.method in ("GET", "HEAD") and path
        return self._pages.go(f"/sign-in?back={quote(back[:_LONGEST])}" if asked else "/sign-in")

    def _wrong(self, visit: Visit, status: int, heading: str, detail: str = "") -> Response:
        return self._pages.draw("wrong.html", visit, status=status, heading=heading, detail=detail)


def number_of(text: str) -> int:
    """Return an id of the database; raises NotFound for what cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound(f"{text[:40]!r} is no id")
    return int(text)
