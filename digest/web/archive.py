"""The public archive of a newsletter and its feed (Atom, RFC 4287); only for those that have one."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from fastapi import APIRouter, Request, Response

from digest.errors import BadInput, NotFound
from digest.pipeline.editing.public_archive import ArchivePage, archive_page, archived_mail
from digest.pipeline.installation import Installation
from digest.rendering.languages import date_text
from digest.web.pages import Pages
from digest.web.tongue import spoken_by

_PAGE = re.compile(r"[1-9][0-9]{0,5}")
_ATOM = "http://www.w3.org/2005/Atom"


def archive_routes(house: Installation, pages: Pages) -> APIRouter:
    """Return the routes."""
    router = APIRouter(redirect_slashes=False)

    @router.api_route("/n/{slug}/archive", methods=["GET", "HEAD"], include_in_schema=False)
    def archive(slug: str, request: Request) -> Response:
        number = request.query_params.get("page", "1")
        if not _PAGE.fullmatch(number):
            return pages.wrong(request, 404)
        try:
            found = archive_page(house, slug, int(number))
        except NotFound:
            return pages.wrong(request, 404)
        locale = spoken_by(request)
        locale = spoken_by(request)
        issues = [
            {"period": each.period, "subject": each.subject, "day": date_text(each.slot_at.date(), locale)}
            for each in found.issues
        ]
        return pages.draw("archive.html", locale, found=found, issues=issues, page=int(number))

    @router.api_route("/n/{slug}/archive/{period}", methods=["GET", "HEAD"], include_in_schema=False)
    def mail(slug: str, period: str, request: Request) -> Response:
        try:
            return pages.mail(archived_mail(house, slug, period))
        except (NotFound, BadInput):
            return pages.wrong(request, 404)

    @router.api_route("/n/{slug}/feed.xml", methods=["GET", "HEAD"], include_in_schema=False)
    def feed(slug: str, request: Request) -> Response:
        try:
            found = archive_page(house, slug)
        except NotFound:
            return pages.wrong(request, 404)
        headers = {**pages.headers, "Cache-Control": "no-cache"}
        return Response(_atom(found, house.base_url), media_type="application/atom+xml", headers=headers)

    return router


def _atom(found: ArchivePage, base_url: str) -> bytes:
    letter = found.newsletter
    page = f"{base_url}/n/{letter.slug}"
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": letter.locale})

    def add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
        made = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
        made.text = _clean(text) or None
        return made

    add(feed, "id", f"{page}/feed.xml")
    add(feed, "title", letter.name)
    add(feed, "subtitle", letter.description)
    add(feed, "updated", found.issues[0].slot_at.isoformat() if found.issues else "1970-01-01T00:00:00+00:00")
    add(feed, "link", rel="self", href=f"{page}/feed.xml")
    add(feed, "link", rel="alternate", href=f"{page}/archive")
    add(add(feed, "author"), "name", letter.sender.name)
    for each in found.issues:
        entry = add(feed, "entry")
        add(entry, "id", f"{page}/archive/{each.period}")
        add(entry, "title", each.subject)
        add(entry, "updated", each.slot_at.isoformat())
        add(entry, "link", rel="alternate", href=f"{page}/archive/{each.period}")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(ElementTree.tostring(feed, encoding="utf-8"))


def _clean(text: str) -> str:
    """Return *text* without the characters that XML 1.0 §2.2 does not have."""
    return re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
