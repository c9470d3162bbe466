"""The pages that are only read: a mail in the browser, an article without an address of its own."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response

from digest.errors import NotFound
from digest.pipeline.collecting.read_article import article_page
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.view import mail_page
from digest.web.pages import Pages
from digest.web.tongue import spoken_by

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")  # what fits the database's ids


def reading_routes(house: Installation, pages: Pages) -> APIRouter:
    """Return the routes; their paths are those that `digest.pipeline.composing.links` writes into mails."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/v/{token}", methods=["GET", "HEAD"], include_in_schema=False)
    def view_in_browser(token: str, request: Request) -> Response:
        try:
            return pages.mail(mail_page(house, token))
        except NotFound:
            return pages.wrong(request, 404)

    @router.api_route("/articles/{number}", methods=["GET", "HEAD"], include_in_schema=False)
    def read_article(number: str, request: Request) -> Response:
        if not _NUMBER.fullmatch(number):
            return pages.wrong(request, 404)
        try:
            page = article_page(house, int(number))
        except NotFound:
            return pages.wrong(request, 404)
        locale = page.article.language or spoken_by(request)
        return pages.draw("article.html", locale, article=page.article, notice=page.notice, dir=page.direction)

    return router
