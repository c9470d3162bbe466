"""What DNS says of a sender's domain: SPF (RFC 7208) with its lookups counted, DMARC (RFC 9989) by tree walk; pure.

Whoever looks names up comes in as an argument, so that nothing here touches the network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from digest.delivery.spf_record import parse_record
from digest.errors import DeliveryError

MOST_LOOKUPS, MOST_VOID = 10, 2  # RFC 7208 §4.6.4
_MOST_STEPS = 8  # RFC 9989 §4.10: names of a tree walk
_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*([^;]*?)\s*")


class LookupFailed(DeliveryError):
    """A name could not be looked up: nobody answered, or the answer was a failure. Not: there is no such record."""


class Resolver(Protocol):
    """Looks names up."""

    def look_up(self, name: str, kind: str) -> list[str]:
        """Return the records of *kind* ("A", "AAAA", "MX", "TXT", "PTR"), [] when there are none.

        TXT as one text each, MX as "10 mail.example.org", names without the last dot. Raises LookupFailed.
        """
        ...


def tags_of(record: str) -> dict[str, str]:
    """Return the tags of a DKIM or DMARC record by name in small letters; the first of several counts."""
    found: dict[str, str] = {}
    for part in record.split(";"):
        if tag := _TAG.fullmatch(part):
            found.setdefault(tag[1].lower(), tag[2])
    return found


@dataclass
class Spf:
    """A domain's SPF record and what following it comes to."""

    domain: str
    records: list[str]
    lookups: int = 0
    void: list[str] = field(default_factory=list)  #: names that were asked and have nothing
    broken: list[str] = field(default_factory=list)  #: what is wrong with it, in words
    ends: str = ""  #: what becomes of all others: "-", "~", "?", "+", or "" where nobody says


def read_spf(resolver: Resolver, domain: str) -> Spf:
    """Return the SPF record of *domain* with its lookups counted as a receiver would at worst. Raises LookupFailed."""
    found = Spf(domain, spf_records(resolver, domain))
    if len(found.records) == 1:
        _follow(resolver, found, found.records[0], domain, (domain,))
    return found


def spf_records(resolver: Resolver, domain: str) -> list[str]:
    """Return the SPF records of *domain*; more than one is an error (RFC 7208 §4.5). Raises LookupFailed."""
    return [each for each in resolver.look_up(domain, "TXT") if re.match(r"v=spf1(?: |$)", each, re.IGNORECASE)]


def _follow(resolver: Resolver, found: Spf, record: str, domain: str, path: tuple[str, ...]) -> None:
    parsed = parse_record(record)
    found.broken += [f"{domain}: {word[:60]!r} is no SPF term" for word in parsed.broken]
    for term in parsed.terms:
        if term.name == "all":
            if len(path) == 1:
                found.ends = term.sign
            break  # what follows is never looked at
        if term.network is None:
            _count(resolver, found, term.name, term.target or domain, path)
    if parsed.redirect:
        _count(resolver, found, "redirect", parsed.redirect, path)


def _count(resolver: Resolver, found: Spf, name: str, target: str, path: tuple[str, ...]) -> None:
    """Count one lookup, and follow it where it leads to another record."""
    found.lookups += 1
    target = target.lower().rstrip(".")
    if found.lookups > 5 * MOST_LOOKUPS or "%" in target or name == "ptr":
        return  # a macro is made of each mail's own values
    if name in ("include", "redirect"):
        if target in path:
            found.broken.append(f"{path[-1]}: {name} of {target} leads back to itself")
            return
        records = spf_records(resolver, target)
        if len(records) != 1:
            found.broken.append(f"{path[-1]}: {name} of {target}, which has {len(records) or 'no'} SPF records")
            if not records:
                found.void.append(target)
            return
        inner = (*path, target) if name == "include" else (target,)
        _follow(resolver, found, records[0], target, inner)
        return
    there = resolver.look_up(target, "MX") if name == "mx" else addresses_of(resolver, target)
    if not there:
        found.void.append(target)
    elif name == "mx" and len(there) > MOST_LOOKUPS:
        found.broken.append(f"{path[-1]}: {target} has {len(there)} mail servers; {MOST_LOOKUPS} are followed")


def addresses_of(resolver: Resolver, name: str) -> list[str]:
    """Return the addresses of a name, IPv4 first. Raises LookupFailed."""
    return [*resolver.look_up(name, "A"), *resolver.look_up(name, "AAAA")]


@dataclass(frozen=True, slots=True)
class Dmarc:
    """The policy that holds for a domain: where its record stands, the record, the organisational domain."""

    name: str
    record: str
    organisation: str
    count: int = 1  #: records at that name; more than one is none

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the record."""
        return tags_of(self.record)

    def policy_for(self, domain: str) -> str:
        """Return what the record asks for mail from *domain*, which exists: sp= below it, else p= (§4.7)."""
        tags = self.tags
        asked = tags.get("sp", "") if domain.lower() != self.name else ""
        return (asked or tags.get("p", "")).lower()

    def is_strict(self, tag: str) -> bool:
        """Whether alignment by *tag* ("adkim", "aspf") takes the same domain (§4.7)."""
        return self.tags.get(tag, "").lower() == "s"


def read_dmarc(resolver: Resolver, domain: str) -> Dmarc:
    """Return what holds for mail from *domain* (RFC 9989 §4.10); an empty record where nothing does.

    Raises LookupFailed.
    """
    walked = [(name, _dmarc_records(resolver, name)) for name in walk(domain)]
    told = [(name, records[0]) for name, records in walked if len(records) == 1]
    organisation = _organisation(domain, told)
    own = walked[0][1]
    if own:
        return Dmarc(domain, own[0], organisation, len(own))
    for name in (organisation, *(name for name, record in told if tags_of(record).get("psd", "").lower() == "y")):
        if record := dict(told).get(name):
            return Dmarc(name, record, organisation)
    return Dmarc(domain, "", organisation, 0)


def organisation_of(resolver: Resolver, domain: str) -> str:
    """Return the organisational domain of *domain*: two with the same one are aligned. Raises LookupFailed."""
    told = [(name, each[0]) for name in walk(domain) if len(each := _dmarc_records(resolver, name)) == 1]
    return _organisation(domain, told)


def walk(domain: str) -> list[str]:
    """Return the names of a tree walk: the domain itself, then those above it, eight at most."""
    labels = domain.lower().rstrip(".").split(".")
    above = labels[1:] if len(labels) <= _MOST_STEPS else labels[-(_MOST_STEPS - 1) :]
    return [".".join(labels), *(".".join(above[at:]) for at in range(len(above)))]


def _organisation(domain: str, told: Sequence[tuple[str, str]]) -> str:
    for name, record in told:  # from the domain upwards
        psd = tags_of(record).get("psd", "").lower()
        if psd == "n":
            return name
        if psd == "y" and name != domain:
            return ".".join(domain.split(".")[-(name.count(".") + 2) :])
    return told[-1][0] if told else domain


def _dmarc_records(resolver: Resolver, domain: str) -> list[str]:
    found = resolver.look_up(f"_dmarc.{domain}", "TXT")
    return [each for each in found if re.match(r"v\s*=\s*DMARC1\s*(?:;|$)", each)]


def same_organisation(one: str, other: str, organisation: Callable[[str], str], *, strict: bool = False) -> bool:
    """Say whether two domains are aligned (RFC 9989 §4.4): the same, or, unless *strict*, of one organisation."""
    if one.lower() == other.lower():
        return True
    return not strict and organisation(one.lower()) == organisation(other.lower())
