"""The door out for webhooks: one POST by the same guard that feeds are fetched with; no redirect is followed."""

from __future__ import annotations

import time
from collections.abc import Mapping

from digest.collection.extra import missing_extra
from digest.collection.fetch import FetchLimits, resolve_name, target_of
from digest.collection.fetched import Resolve
from digest.errors import FetchRefused

LIMITS = FetchLimits(total=15.0, connect=5.0)


def check_target(url: str, *, allow_private: bool = False) -> None:
    """Raise FetchRefused unless *url* is one that a webhook may have: https, or any of both on private networks."""
    target = target_of(url, LIMITS, allow_private=allow_private)
    if not target.secure and not allow_private:
        raise FetchRefused(f"{url[:200]!r} must be https://, or others read along")


def post(
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool = False,
    resolve: Resolve = resolve_name,
) -> int:
    """Send *content* to *url* and return the status of the answer, whose body is not read.

    Raises FetchRefused, in words, for an address we must not reach and for no answer in time; BadInput when the extra
    `ingest` is not installed.
    """
    try:
        from digest.collection.wire import Guard, answer, in_words
    except ImportError:
        raise missing_extra("webhooks") from None
    check_target(url, allow_private=allow_private)
    target = target_of(url, LIMITS, allow_private=allow_private)
    guard = Guard(LIMITS.connect, time.monotonic() + LIMITS.total, resolve, allow_private=allow_private)
    fields = [
        (b"Host", target.authority.encode("ascii")),
        (b"User-Agent", b"digest-sender"),
        (b"Content-Length", str(len(content)).encode()),
        (b"Connection", b"close"),
        *((name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()),
    ]
    with in_words(url), answer(target, guard, fields, method="POST", content=content) as response:
        return int(response.status)
