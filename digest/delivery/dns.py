"""The door to DNS: dnspython, with a time limit for each name."""

from __future__ import annotations

import dns.exception
import dns.resolver
import dns.reversename

from digest.delivery.names import LookupFailed

SECONDS = 4.0
_ALWAYS_THERE = "com."


class Dns:
    """Looks names up with this machine's name servers; each answer is remembered for as long as this lives."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._known: dict[tuple[str, str], list[str]] = {}
        try:
            self._resolver = dns.resolver.Resolver()
        except (dns.exception.DNSException, OSError) as error:
            raise LookupFailed(f"this machine names no name servers: {error}") from None

    def look_up(self, name: str, kind: str) -> list[str]:
        """Return the records, as `Resolver` says. Raises LookupFailed."""
        found = self._remembered(name, kind)
        # Behind some firewalls there is an answer to everything, and it is always that there is no such name.
        if not found and not self._remembered(_ALWAYS_THERE, "NS"):
            raise LookupFailed(f"{name} ({kind}) cannot be looked up: the name servers here know no names of others")
        return found

    def _remembered(self, name: str, kind: str) -> list[str]:
        key = (name.lower(), kind)
        if key not in self._known:
            self._known[key] = self._asked(name, kind)
        return self._known[key]

    def _asked(self, name: str, kind: str) -> list[str]:
        try:
            asked = dns.reversename.from_address(name) if kind == "PTR" else name
            answer = self._resolver.resolve(asked, kind, lifetime=self._seconds, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise LookupFailed(f"{name} ({kind}) cannot be looked up: {_words(error)}") from None
        except (OSError, ValueError) as error:
            raise LookupFailed(f"{name[:100]} ({kind}) cannot be looked up: {error}") from None
        return [_text(each, kind) for each in answer]


def _text(record: object, kind: str) -> str:
    if kind == "TXT":
        return b"".join(getattr(record, "strings", ())).decode("utf-8", "replace")
    text = str(record)
    return text if text.endswith(" .") else text.rstrip(".")  # "0 ." is a null MX (RFC 7505)


def _words(error: dns.exception.DNSException) -> str:
    if isinstance(error, dns.exception.Timeout):
        return "no name server answered"
    return "the name servers failed" if isinstance(error, dns.resolver.NoNameservers) else type(error).__name__
