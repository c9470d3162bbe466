"""One SPF record by its grammar, and the macros in it (RFC 7208 §4.6.1, §5, §6, §7, §12); pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

_MACRO = r"%(?:\{[slodiphv]\d*r?[.+,/_=-]*\}|[%_-])"
_MACRO_STRING = rf"(?:{_MACRO}|[!-$&-~])*"
_TOP = r"(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])"
_DOMAIN_SPEC = rf"(?:{_MACRO_STRING}(?:\.{_TOP}\.?|{_MACRO}))"
_LENGTHS = r"(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?"
_DIRECTIVES = (
    ("all", r"all"),
    ("include", rf"include:({_DOMAIN_SPEC})"),
    ("exists", rf"exists:({_DOMAIN_SPEC})"),
    ("a", rf"a(?::({_DOMAIN_SPEC}?))?{_LENGTHS}"),
    ("mx", rf"mx(?::({_DOMAIN_SPEC}?))?{_LENGTHS}"),
    ("ptr", rf"ptr(?::({_DOMAIN_SPEC}))?"),
    ("ip4", r"ip4:([\d.]+(?:/(?:0|[1-9]\d?))?)"),
    ("ip6", r"ip6:([0-9a-f:.]+(?:/(?:0|[1-9]\d{0,2}))?)"),
)
_PATTERNS = tuple((name, re.compile(rf"([+?~-]?){each}", re.IGNORECASE)) for name, each in _DIRECTIVES)
_MODIFIER = re.compile(rf"([a-z][a-z0-9_.-]*)=({_MACRO_STRING})", re.IGNORECASE)
_TARGET = re.compile(_DOMAIN_SPEC, re.IGNORECASE)
_EXPAND = re.compile(r"%(?:\{([a-z])(\d*)(r?)([.+,/_=-]*)\}|([%_-]))", re.IGNORECASE)
_LITERAL = {"%": "%", "_": " ", "-": "%20"}
_LONGEST_NAME = 253

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Term:
    """A directive: its sign, its mechanism, the name it is about ("" for the domain's own), the network or its size."""

    sign: str
    name: str
    target: str = ""
    bits4: int = 32
    bits6: int = 128
    network: Network | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The terms in order, where it redirects ("" where an `all` outdoes it), and the words that break it."""

    terms: tuple[Term, ...]
    redirect: str
    broken: tuple[str, ...]


def parse_record(text: str) -> Record:
    """Return the parts of an SPF record; one broken word, wherever it stands, makes it worth nothing (§4.6)."""
    terms: list[Term] = []
    told: dict[str, str] = {}
    broken: list[str] = []
    for word in filter(None, text.split(" ")[1:]):
        if term := _term(word):
            terms.append(term)
        elif (found := _MODIFIER.fullmatch(word)) and _may_stand(name := found[1].lower(), found[2], told):
            told[name] = found[2]
        else:
            broken.append(word)
    has_all = any(each.name == "all" for each in terms)
    return Record(tuple(terms), "" if has_all else told.get("redirect", ""), tuple(broken))


def _may_stand(name: str, value: str, told: dict[str, str]) -> bool:
    """Say whether a modifier is right: redirect and exp once each, and with a name (§6)."""
    return name not in ("redirect", "exp") or (name not in told and _TARGET.fullmatch(value) is not None)


def _term(word: str) -> Term | None:
    for name, pattern in _PATTERNS:
        found = pattern.fullmatch(word)
        if found is None:
            continue
        sign, *rest = (each or "" for each in found.groups())
        sign = sign or "+"
        if name in ("ip4", "ip6"):
            network = _network(rest[0], name)
            return Term(sign, name, network=network) if network else None
        if name in ("a", "mx"):
            if ":" in word and not rest[0]:
                return None
            bits4, bits6 = int(rest[1] or 32), int(rest[2] or 128)
            return Term(sign, name, rest[0], bits4, bits6) if bits4 <= 32 and bits6 <= 128 else None
        return Term(sign, name, rest[0] if rest else "")
    return None


def _network(text: str, name: str) -> Network | None:
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return found if found.version == (4 if name == "ip4" else 6) else None


def expand(text: str, value_of: Callable[[str], str]) -> str:
    """Return *text* with its macros replaced, as a name (§7); *value_of* gives the value of a letter.

    Raises ValueError for a macro that takes no part of its value ("%{d0}").
    """

    def one(found: re.Match[str]) -> str:
        if found[5]:
            return _LITERAL[found[5]]
        parts = re.split(f"[{re.escape(found[4] or '.')}]", value_of(found[1].lower()))
        if found[3]:
            parts.reverse()
        if found[2]:
            if int(found[2]) == 0:
                raise ValueError(text)
            parts = parts[-int(found[2]) :]
        value = ".".join(parts)
        return quote(value, safe="") if found[1].isupper() else value

    name = _EXPAND.sub(one, text).rstrip(".")
    while len(name) > _LONGEST_NAME and "." in name:  # §7.3: labels are left out from the left
        name = name.partition(".")[2]
    return name.lower()
