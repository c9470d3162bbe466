"""What is asked of an address, and what came back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Host and port -> numeric addresses; raises OSError when there are none.
Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer. `body` is decoded (gzip gone), `url` is where redirects led, `charset` is the header's word.

    `not_modified`: the source has nothing new since `etag` or `last_modified` (RFC 9110 section 15.4.5); the body
    is empty then.
    """

    status: int
    body: bytes
    content_type: str = ""
    charset: str = ""
    url: str = ""
    etag: str = ""
    last_modified: str = ""
    not_modified: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """An address ready for the wire: host in A-labels, path and query percent-encoded."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the Host field has them (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"
