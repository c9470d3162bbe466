"""Drawing a page: Jinja with autoescape, the reader's language, and headers that leave nothing open."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digest.rendering.i18n import Speaker, load_translations, resolve_locale
from digest.rendering.languages import locale_view
from digest.web.tongue import spoken_by

_STRICT = {
    "Referrer-Policy": "no-referrer",  # the address of a page holds the token
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
# Nothing from other hosts, no script at all, no framing; forms go back to us only.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
# A mail shown as a page may bring styles and https images, and is put into a sandbox of its own.
_MAIL_POLICY = (
    "default-src 'none'; img-src https:; style-src 'unsafe-inline'; object-src 'none'; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
    " allow-top-navigation-by-user-activation"
)
# What a reader is told; the words are looked up in the catalogues.
_OUR_FAULT = "Something went wrong on our side. Please try again in a few minutes."
_WRONG = {
    404: "This link is not valid. Use the link in your latest mail.",
    413: "That was more than this page can take.",
    500: _OUR_FAULT,
    503: _OUR_FAULT,
}
_WRONG_OTHERWISE = "This page cannot do that. Use the link in your latest mail."


class Pages:
    """The page templates of one installation, and the headers that every answer of it carries."""

    def __init__(self, folder: Path, base_url: str) -> None:
        """Take the folder of the templates and the address of the installation, which may have a path."""
        address = urlsplit(base_url)
        self.root = address.path
        # Only over https: the demo on localhost must not teach a browser to avoid http there (RFC 6797 §7.2).
        secure = {"Strict-Transport-Security": "max-age=31536000"} if address.scheme == "https" else {}
        self.headers = {"Content-Security-Policy": _PAGE_POLICY, **_STRICT, **secure}
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def draw(self, name: str, locale: str, *, status: int = 200, script: bool = False, **values: Any) -> Response:
        """Return the page *name* in the language of *locale*; with *script* it may load those of ours."""
        say = Speaker(load_translations(locale), escaping=True)
        body = self._environment.get_template(name).render(
            locale=locale_view(resolve_locale(locale)), root=self.root, _=say.gettext, **values
        )
        headers = self.headers
        if script:
            policy = f"{_PAGE_POLICY}; script-src 'self'"
            headers = {**headers, "Content-Security-Policy": policy}
        return Response(body, status_code=status, media_type="text/html", headers=headers)

    def say(self, locale: str, sentence: str, **values: object) -> str:
        """Return *sentence* in the language of *locale*, as plain text."""
        return Speaker(load_translations(locale), escaping=False).gettext(sentence, **values)

    def wrong(self, request: Request, status: int) -> Response:
        """Return the page for a request that came to nothing, in a language that its browser asks for."""
        heading = _WRONG.get(status, _WRONG_OTHERWISE)
        return self.draw("wrong.html", spoken_by(request), status=status, heading=heading)

    def mail(self, html: str) -> Response:
        """Return a mail as a page: its bytes as they are, kept away from everything else."""
        headers = {**self.headers, "Content-Security-Policy": _MAIL_POLICY}
        return Response(html, media_type="text/html", headers=headers)

    def plain(self, sentence: str, *, status: int = 200) -> Response:
        """Return one line for a program."""
        return Response(f"{sentence}\n", status_code=status, media_type="text/plain", headers=self.headers)


def masked(address: str) -> str:
    """Return *address* so that its owner knows it and nobody else does; "" for one that was erased."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}" if at else ""
