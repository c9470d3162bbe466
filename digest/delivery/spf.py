"""Whether an address may send for a domain: SPF as a receiver works it out (RFC 7208 §4-§7); pure.

Whoever looks names up comes in as an argument. `names.read_spf` counts what a record costs at worst; here the terms
are taken in order until one matches, as at the door.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum

from digest.delivery.names import MOST_LOOKUPS, MOST_VOID, LookupFailed, Resolver, spf_records
from digest.delivery.spf_record import Term, expand, parse_record

_NAME = re.compile(r"(?=.{1,253}\Z)(?:[^.\s]{1,63}\.)+[^.\s]{1,63}")
_MOST_NAMES = 10  # §4.6.4: names of MX and PTR that are followed
_VERDICTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Result(StrEnum):
    """What comes of it (§2.6)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a word of the standard, no secret
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class _Permanent(Exception):
    """The record cannot be followed."""


@dataclass(slots=True)
class _Look:
    """One evaluation: who sends, from where, and what was spent so far."""

    resolver: Resolver
    address: Address
    sender: str
    helo: str
    lookups: int = 0
    void: int = 0

    @property
    def kind(self) -> str:
        """The kind of record that holds addresses like the sender's."""
        return "A" if self.address.version == 4 else "AAAA"

    def spend(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Permanent

    def records(self, name: str, kind: str) -> list[str]:
        found = self.resolver.look_up(name, kind) if _NAME.fullmatch(name) or kind == "PTR" else []
        if not found:
            self.void += 1
            if self.void > MOST_VOID:
                raise _Permanent
        return found


def check_host(resolver: Resolver, address: str, domain: str, *, sender: str = "", helo: str = "") -> Result:
    """Return what SPF says of mail from *address* (of IPv4 or IPv6) with *domain* in MAIL FROM.

    *sender* is the whole return path ("postmaster@" and the domain without one), *helo* the name in EHLO. Never
    raises, but ValueError for what is no address.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    local, _, sending = (sender or domain).rpartition("@")
    look = _Look(resolver, ip, f"{local or 'postmaster'}@{sending}", helo or "unknown")  # §4.3
    try:
        return _check(look, domain.lower().rstrip("."))
    except LookupFailed:
        return Result.TEMPERROR
    except _Permanent:
        return Result.PERMERROR


def _check(look: _Look, domain: str) -> Result:
    if not _NAME.fullmatch(domain):
        return Result.NONE
    found = spf_records(look.resolver, domain)
    if len(found) > 1:
        raise _Permanent
    if not found:
        return Result.NONE
    record = parse_record(found[0])
    if record.broken:
        raise _Permanent
    for term in record.terms:
        if _matches(look, domain, term):
            return Result(_VERDICTS[term.sign])
    if not record.redirect:
        return Result.NEUTRAL
    look.spend()
    result = _check(look, _expanded(look, domain, record.redirect))
    if result is Result.NONE:
        raise _Permanent
    return result


def _matches(look: _Look, domain: str, term: Term) -> bool:
    if term.name == "all":
        return True
    if term.network is not None:
        return look.address.version == term.network.version and look.address in term.network
    look.spend()
    where = _expanded(look, domain, term.target) if term.target else domain
    match term.name:
        case "include":
            result = _check(look, where)
            if result is Result.NONE:
                raise _Permanent
            return result is Result.PASS
        case "exists":
            return bool(look.records(where, "A"))  # of IPv4, whoever asks (§5.7)
        case "a":
            return _is_among(look, look.records(where, look.kind), term)
        case "mx":
            hosts = [each.split()[-1].rstrip(".") for each in look.records(where, "MX") if each.split()]
            if len(hosts) > _MOST_NAMES:
                raise _Permanent
            found = [each for host in hosts if _NAME.fullmatch(host) for each in look.resolver.look_up(host, look.kind)]
            return _is_among(look, found, term)
        case _:  # ptr, which nobody should use (§5.5)
            return any(_is_below(each, where) for each in _names_of(look))


def _is_among(look: _Look, addresses: list[str], term: Term) -> bool:
    bits = term.bits4 if look.address.version == 4 else term.bits6
    return any(look.address in ipaddress.ip_network(f"{each}/{bits}", strict=False) for each in addresses)


def _is_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _names_of(look: _Look) -> list[str]:
    """Return the names of the address that lead back to it; whoever cannot be asked has none (§5.5)."""
    try:
        names = look.records(str(look.address), "PTR")[:_MOST_NAMES]
    except LookupFailed:
        return []
    return [each.lower().rstrip(".") for each in names if _leads_back(look, each)]


def _leads_back(look: _Look, name: str) -> bool:
    try:
        found = look.resolver.look_up(name, look.kind) if _NAME.fullmatch(name) else []
    except LookupFailed:
        return False
    return any(ipaddress.ip_address(each) == look.address for each in found)


def _expanded(look: _Look, domain: str, text: str) -> str:
    """Return *text* with its macros replaced, as a name (§7)."""

    def value_of(letter: str) -> str:
        local, _, sending = look.sender.rpartition("@")
        match letter:
            case "s":
                return look.sender
            case "l":
                return local
            case "o":
                return sending
            case "d":
                return domain
            case "i":
                return _dotted(look.address)
            case "v":
                return "in-addr" if look.address.version == 4 else "ip6"
            case "h":
                return look.helo
            case _:
                return _validated(look, domain)

    try:
        return expand(text, value_of)
    except ValueError:
        raise _Permanent from None


def _dotted(address: Address) -> str:
    return ".".join(address.exploded.replace(":", "")) if isinstance(address, ipaddress.IPv6Address) else str(address)


def _validated(look: _Look, domain: str) -> str:
    """Return the name of the address for %{p}: the domain, one below it, any (§7.3)."""
    names = _names_of(look)
    return min(names, key=lambda each: (each != domain, not _is_below(each, domain)), default="unknown")
