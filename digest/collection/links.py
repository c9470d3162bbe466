"""Addresses found in articles: absolute http(s), or dropped."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

MAX_LENGTH = 2048
_UNWANTED = re.compile("[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_UNSAFE = str.maketrans({'"': "%22", "<": "%3C", ">": "%3E", "\\": "%5C", "`": "%60", " ": "%20"})

# Up to the last "@" before the path; where no port follows the colon, a password may hold a "/" itself.
_LOGIN = re.compile(r"(\bhttps?:[/\\]{2})(?:[^/?#\\\s]*|[^/?#\\\s@:]*:(?!\d*(?:[/?#\\]|$))\S*)@", re.IGNORECASE)


def without_login(text: str) -> str:
    """Return *text*, which may hold addresses, for people and logs: without the user names and passwords in them."""
    return _LOGIN.sub(r"\1…@", text)


def http_url(raw: object, base: str = "") -> str:
    """Return *raw* as an absolute http or https address, resolved against *base*; "" when it is none.

    Addresses with a user name, without a host or longer than 2,048 characters are dropped too.
    """
    if not isinstance(raw, str) or len(raw) > 2 * MAX_LENGTH:
        return ""
    text = raw.strip().translate(_UNSAFE)
    if not text or _UNWANTED.search(text):
        return ""
    try:
        url = urljoin(base, text) if base else text
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return ""
    if "%" in parts.netloc or len(url) > MAX_LENGTH:
        return ""
    return url
