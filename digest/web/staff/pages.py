"""Drawing a page for those who work with it: the frame, the words, the headers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from fastapi import Response
from fastapi.responses import StreamingResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digest.rendering.i18n import Speaker, load_translations
from digest.rendering.languages import locale_view
from digest.scheduling.zones import zone_of
from digest.shipped import shipped_folder
from digest.store.browsing import COUNTED
from digest.web.staff.words import mark, reason_of, word_of

if TYPE_CHECKING:
    from digest.web.staff.gate import Visit

_LONGEST_VALUE = 600
LOCALES = Path(__file__).parent / "locales"
_STRICT = {
    # With "no-referrer" a browser would not tell where a form comes from either.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self';"
    " object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail in its frame: styles of its own, pictures if they are wanted, and nothing else; no origin to speak of.
_MAIL_POLICY = (
    "default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; object-src 'none'; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'self'; sandbox"
)


MENU = (
    ("today", "", mark("Today")),
    ("dashboard", "dashboard", mark("Dashboard")),
    ("alerts", "alerts", mark("Alerts")),
    ("subscribers", "subscribers", mark("Subscribers")),
    ("suppressions", "suppressions", mark("Suppressions")),
    ("topics", "topics", mark("Topics")),
    ("editions", "editions", mark("Editions")),
    ("preview", "preview", mark("Preview")),
    ("templates", "templates", mark("Templates")),
    ("articles", "articles", mark("Articles")),
    ("sources", "sources", mark("Sources")),
    ("deliveries", "deliveries", mark("Delivery log")),
    ("streams", "streams", mark("Streams")),
    ("events", "events", mark("Events")),
    ("thoughts", "thoughts", mark("Thoughts")),
    ("schedules", "schedules", mark("Schedules")),
    ("relays", "relays", mark("Mail servers")),
    ("users", "users", mark("Users")),
    ("tokens", "tokens", mark("API tokens")),
    ("audit", "audit", mark("Audit log")),
)


class StaffPages:
    """The templates of these pages, which are part of the program, and the headers that every answer carries."""

    def __init__(self, base_url: str) -> None:
        """Take the address of the installation, which may have a path."""
        address = urlsplit(base_url)
        self.site_root = address.path
        self.root = f"{address.path}/staff"
        self.is_secure = address.scheme == "https"
        secure = {"Strict-Transport-Security": "max-age=31536000"} if self.is_secure else {}
        self.headers = {"Content-Security-Policy": _POLICY, **_STRICT, **secure}
        self._environment = Environment(
            loader=FileSystemLoader(shipped_folder("templates") / "web" / "staff"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            {"site_root": self.site_root, "root": self.root, "menu": MENU, "word_of": word_of, "reason_of": reason_of}
        )
        self._environment.filters.update(
            {"moment": moment, "exact": exact, "capped": capped, "size": size, "in_json": in_json, "field": field_text}
        )

    def draw(self, name: str, visit: Visit, *, status: int = 200, **values: Any) -> Response:
        """Return the page *name* for whoever visits."""
        body = self.text(name, visit, **values)
        return Response(body, status_code=status, media_type="text/html", headers=self.headers)

    def text(self, name: str, visit: Visit, **values: Any) -> str:
        """Return the HTML of the page *name* for whoever visits."""
        say = Speaker(load_translations(visit.locale, LOCALES), escaping=True)
        return self._environment.get_template(name).render(
            locale=locale_view(visit.locale),
            _=say.gettext,
            ngettext=say.ngettext,
            user=visit.user,
            may=visit.may,
            csrf=visit.csrf,
            alert_count=visit.alerts,
            with_query=_with_query(visit.query),
            **{"here": "", "done": visit.arg("done"), **values},
        )

    def mail(self, html: str, *, pictures: bool) -> Response:
        """Return a mail for a frame without rights."""
        policy = _MAIL_POLICY.format(pictures="https:" if pictures else "'none'")
        return Response(html, media_type="text/html", headers={**self.headers, "Content-Security-Policy": policy})

    def file(self, pieces: Iterator[bytes] | Iterator[str], name: str) -> Response:
        """Return a CSV file to keep, piece by piece."""
        headers = {**self.headers, "Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=headers)

    def go(self, path: str) -> Response:
        """Return the way to another page of ours."""
        return Response(status_code=303, headers={**self.headers, "Location": f"{self.root}{path}"})


def moment(at: datetime | None, zone: str = "UTC") -> str:
    """Return "2026-11-23 07:00 Asia/Seoul", "–" for no time."""
    return f"{at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M} {zone}" if at else "–"


def exact(at: datetime) -> str:
    """Return "2026-11-23 07:00:01.250 UTC"."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC"


def capped(count: int) -> str:
    """Return a count with separators, "10,000+" for one that was not counted to its end."""
    return f"{count:,}" if count <= COUNTED else f"{COUNTED:,}+"


def size(count: int) -> str:
    """Return so many bytes in kB."""
    return f"{count / 1000:,.1f} kB"


def in_json(value: object) -> str:
    """Return a JSON value as people read it, at most some lines of it."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def field_text(value: object) -> str:
    """Return a field of an article as a line: labels and links are lists; "–" for none."""
    parts = value if isinstance(value, list) else [value]
    texts = (f"{each['title']} {each['url']}".strip() if isinstance(each, dict) else str(each) for each in parts)
    return " · ".join(filter(None, texts)) or "–"


def _with_query(query: Mapping[str, str]) -> Callable[..., str]:
    def changed(**changes: object) -> str:
        """Return this page's address with other values in its query; "" takes one away."""
        merged = {**query, **{name: str(value) for name, value in changes.items()}}
        return "?" + urlencode({name: value for name, value in merged.items() if value and name != "done"})

    return changed
