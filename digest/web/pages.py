"""Drawing a page: Jinja with autoescape, the reader's language, and headers that leave nothing open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digest.rendering.i18n import Speaker, load_translations
from digest.rendering.languages import clean_tag, direction

# Nothing from other hosts, no script at all, no framing; forms go back to us only.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",  # the address of the page holds the token
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
# A mail shown as a page may bring styles and https images, and is put into a sandbox of its own.
MAIL_HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; img-src https:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
        " allow-top-navigation-by-user-activation"
    ),
}


class Pages:
    """The page templates of one installation."""

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def draw(self, name: str, locale: str, *, status: int = 200, **values: Any) -> Response:
        """Return the page *name* in the language of *locale*."""
        tag = clean_tag(locale) or "en"
        say = Speaker(load_translations(tag), escaping=True)
        facts: Mapping[str, Any] = {"tag": tag, "dir": direction(tag)}
        body = self._environment.get_template(name).render(locale=facts, _=say.gettext, ngettext=say.ngettext, **values)
        return Response(body, status_code=status, media_type="text/html", headers=PAGE_HEADERS)
