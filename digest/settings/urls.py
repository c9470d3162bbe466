"""A URL in a setting, taken apart; what is wrong with it is told without its password."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
# These go into SMTP commands and links as they are: no blank, no line end, nothing but the plain form.
_HOST = re.compile(r"[0-9a-z](?:[0-9a-z._-]{0,251}[0-9a-z])?|[0-9a-f.]*:[0-9a-f:.]*", re.IGNORECASE | re.ASCII)


def taken_apart(url: str, form: str) -> SplitResult:
    """Return the parts of *url*; raises ValueError with the *form* it should have, and never with the URL itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        # The library's own words quote the URL, password and all.
        raise ValueError(form) from None
    if not _HOST.fullmatch(parts.hostname or "") or parts.fragment:
        raise ValueError(form)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"the port must be a number from 1 to 65535; the setting {form}")
    return parts
