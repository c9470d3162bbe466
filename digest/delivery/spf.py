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

_TERM = re.compile(
    r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?::([^/\s]*(?:/\{[^}]*\})?[^/\s]*))?((?:/\d{1,3})?(?://\d{1,3})?)",
    re.IGNORECASE,
)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(\S*)", re.IGNORECASE)
_MACRO = re.compile(r"%(?:\{([slodipvh])(\d*)(r?)([.+,/_=-]*)\}|([%_-])|(.?))", re.IGNORECASE)
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

    def spend(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Permanent

    def records(self, name: str, kind: str) -> list[str]:
        found = self.resolver.look_up(name, kind)
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
    look = _Look(resolver, ip, sender or f"postmaster@{domain}", helo or "unknown")
    try:
        return _check(look, domain.lower().rstrip("."))
    except LookupFailed:
        return Result.TEMPERROR
    except _Permanent:
        return Result.PERMERROR


def _check(look: _Look, domain: str) -> Result:
    if not re.fullmatch(r"(?=.{1,253}\Z)(?:[^.\s]{1,63}\.)+[^.\s]{1,63}", domain):
        return Result.NONE
    found = spf_records(look.resolver, domain)
    if len(found) > 1:
        raise _Permanent
    if not found:
        return Result.NONE
    terms, redirect = _parsed(found[0])
    for sign, name, target, length in terms:
        if _matches(look, domain, name, target, length):
            return Result(_VERDICTS[sign])
    if redirect:
        look.spend()
        result = _check(look, _expanded(look, domain, redirect))
        if result is Result.NONE:
            raise _Permanent
        return result
    return Result.NEUTRAL


def _parsed(record: str) -> tuple[list[tuple[str, str, str, str]], str]:
    """Return (sign, mechanism, target, length) of each term, and where it redirects; raises _Permanent (§4.6)."""
    terms, redirects = [], []
    for word in record.split(" ")[1:]:
        if not word:
            continue
        if found := _TERM.fullmatch(word):
            terms.append((found[1] or "+", found[2].lower(), found[3] or "", found[4] or ""))
        elif found := _MODIFIER.fullmatch(word):
            if found[1].lower() == "redirect":
                redirects.append(found[2])
        else:
            raise _Permanent
    if len(redirects) > 1:
        raise _Permanent
    has_all = any(name == "all" for _, name, _, _ in terms)
    return terms, redirects[0] if redirects and not has_all else ""


def _matches(look: _Look, domain: str, name: str, target: str, length: str) -> bool:
    match name:
        case "all":
            return True
        case "ip4" | "ip6":
            return _is_in(look.address, target + length, name)
    look.spend()
    if name in ("include", "exists") and not target:
        raise _Permanent
    where = _expanded(look, domain, target) if target else domain
    match name:
        case "include":
            result = _check(look, where)
            if result is Result.NONE:
                raise _Permanent
            return result is Result.PASS
        case "exists":
            return bool(look.records(where, "A"))
        case "a":
            return _has_address(look, [where], length, counts_void=True)
        case "mx":
            hosts = [each.split()[-1].rstrip(".") for each in look.records(where, "MX") if each.split()]
            if len(hosts) > _MOST_NAMES:
                raise _Permanent
            return _has_address(look, hosts, length)
        case _:  # ptr, which nobody should use (§5.5)
            return any(each == where or each.endswith(f".{where}") for each in _names_of(look))


def _has_address(look: _Look, hosts: list[str], length: str, *, counts_void: bool = False) -> bool:
    kind = "A" if look.address.version == 4 else "AAAA"
    found = [each for host in hosts if host for each in look.resolver.look_up(host, kind)]
    if counts_void and not found:
        look.records(hosts[0], kind)
    four, _, six = length.partition("//")
    bits = (four.lstrip("/") or "32") if kind == "A" else (six or "128")
    return any(_is_in(look.address, f"{each}/{bits}", "ip4" if kind == "A" else "ip6") for each in found)


def _names_of(look: _Look) -> list[str]:
    kind = "A" if look.address.version == 4 else "AAAA"
    names = look.resolver.look_up(str(look.address), "PTR")[:_MOST_NAMES]
    return [each.lower() for each in names if str(look.address) in look.resolver.look_up(each, kind)]


def _is_in(address: Address, network: str, name: str) -> bool:
    try:
        found = ipaddress.ip_network(network, strict=False)
    except ValueError:
        raise _Permanent from None
    if found.version != (4 if name == "ip4" else 6):
        raise _Permanent
    return address.version == found.version and address in found


def _expanded(look: _Look, domain: str, text: str) -> str:
    """Return *text* with its macros replaced, as a name (§7)."""
    local, _, sending = look.sender.rpartition("@")
    dotted = str(look.address)
    if isinstance(look.address, ipaddress.IPv6Address):
        dotted = ".".join(look.address.exploded.replace(":", ""))
    values = {
        "s": look.sender, "l": local or "postmaster", "o": sending, "d": domain, "i": dotted, "p": "unknown",
        "v": "in-addr" if look.address.version == 4 else "ip6", "h": look.helo,
    }  # fmt: skip

    def one(found: re.Match[str]) -> str:
        if found[5]:
            return {"%": "%", "_": " ", "-": "%20"}[found[5]]
        if not found[1]:
            raise _Permanent
        parts = re.split(f"[{re.escape(found[4] or '.')}]", values[found[1].lower()])
        if found[3]:
            parts.reverse()
        if found[2]:
            if int(found[2]) == 0:
                raise _Permanent
            parts = parts[-int(found[2]) :]
        return ".".join(parts)

    name = _MACRO.sub(one, text).rstrip(".")
    while len(name) > 253 and "." in name:  # §7.3: from the left
        name = name.partition(".")[2]
    return name.lower()
