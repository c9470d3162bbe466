"""What the world finds in DNS about a sender: SPF, DKIM, DMARC and alignment, MX, PTR."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from digest.delivery.names import (
    MOST_LOOKUPS,
    MOST_VOID,
    Resolver,
    addresses_of,
    organisation_of,
    read_dmarc,
    read_spf,
    same_organisation,
    tags_of,
)
from digest.pipeline.doctor.verdict import Check, Line, fail, ok, warn

_FREEMAIL = frozenset(
    {
        "gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "aol.com", "outlook.com", "hotmail.com", "live.com",
        "msn.com", "icloud.com", "me.com", "mac.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "proton.me",
        "protonmail.com", "mail.ru", "yandex.ru", "qq.com", "163.com", "naver.com", "hanmail.net", "daum.net",
        "orange.fr", "free.fr", "laposte.net", "libero.it", "zoho.com", "fastmail.com",
    }
)  # fmt: skip
_GONE = ("pct", "rf", "ri")  # RFC 9989 took them out
_NOT_PUBLIC = re.compile(
    r"localhost|.*\.(?:localhost|local|internal|test|invalid|example)|example\.(?:org|net|com)|.*\.example\.(?:org|net|com)"
)


@dataclass(frozen=True, slots=True)
class Published:
    """What a DKIM key of ours has to stand in DNS as: its domain (d=), its name there, and its text."""

    domain: str
    name: str
    record: str


def sender_checks(
    resolver: Resolver, domain: str, *, return_domain: str, published: Sequence[Published], relay_host: str
) -> Iterator[tuple[str, Check]]:
    """Give each check of mail from *domain*, by name; bounces go to *return_domain*, mail leaves by *relay_host*."""
    if domain in _FREEMAIL:
        what = f"{domain} belongs to a mail provider"
        yield (
            "sender",
            lambda: [fail(f"sender {domain}", what, "use an address of a domain of yours; such mail is refused")],
        )
        return
    yield f"spf {return_domain}", partial(spf, resolver, return_domain)
    yield f"dkim {domain}", partial(dkim, resolver, domain, published)
    yield f"dmarc {domain}", partial(dmarc, resolver, domain, return_domain, published)
    for each in dict.fromkeys((domain, return_domain)):
        yield f"mx {each}", partial(mx, resolver, each)
    yield f"ptr {relay_host}", partial(ptr, resolver, relay_host)


def is_made_up(domain: str) -> bool:
    """Whether *domain* is one of those that never are in DNS (RFC 2606, 6761)."""
    return _NOT_PUBLIC.fullmatch(domain) is not None


def spf(resolver: Resolver, domain: str) -> Iterator[Line]:
    """Look at the SPF record of the domain in MAIL FROM (RFC 7208)."""
    name, found = f"spf {domain}", read_spf(resolver, domain)
    if not found.records:
        how = f'publish a TXT record at {domain}: "v=spf1 include:(your mail server\'s) ~all"'
        yield fail(name, "there is no SPF record", how)
        return
    if len(found.records) > 1:
        yield fail(name, f"there are {len(found.records)} SPF records, which counts as an error", "publish one")
        return
    if found.lookups > MOST_LOOKUPS:
        what = f"it takes {found.lookups} lookups; receivers stop at {MOST_LOOKUPS} and count it as an error"
        yield fail(name, what, "take includes out, or name networks with ip4: and ip6:")
    if len(found.void) > MOST_VOID:
        what = f"{len(found.void)} of its names have nothing ({', '.join(found.void[:3])}); {MOST_VOID} are allowed"
        yield fail(name, what, "take out the names that are no more")
    for each in found.broken[:5]:
        yield fail(name, each, "correct that term")
    if found.ends == "+":
        yield fail(name, "it ends with +all: everybody may send in your name", "end it with ~all or -all")
    elif found.ends not in ("-", "~") and not re.search(r"\bredirect=", found.records[0], re.IGNORECASE):
        yield warn(name, "it does not say what becomes of others", "end it with ~all or -all")
    elif found.lookups <= MOST_LOOKUPS and len(found.void) <= MOST_VOID and not found.broken:
        yield ok(name, f"{found.records[0][:100]} ({found.lookups} of {MOST_LOOKUPS} lookups)")


def dkim(resolver: Resolver, domain: str, published: Sequence[Published]) -> Iterator[Line]:
    """Look for the public half of each key (RFC 6376 §3.6.1)."""
    if not published:
        how = "see that your mail server signs with this domain, or let Digest sign (docs/dkim.md)"
        yield warn(f"dkim {domain}", "Digest has no key to sign with", how)
    for key in published:
        yield _dkim(resolver, key)


def _dkim(resolver: Resolver, key: Published) -> Line:
    name, publish = f"dkim {key.name}", f"publish a TXT record at {key.name}: {key.record}"
    records = [each for each in resolver.look_up(key.name, "TXT") if "p=" in each.replace(" ", "")]
    if not records:
        return fail(name, "the key is not published: no signature can be verified", publish)
    if len(records) > 1:
        return fail(name, f"there are {len(records)} records", "leave one; with several, receivers may take any")
    theirs, ours = tags_of(records[0]), tags_of(key.record)
    if "v" in theirs and not re.match(r"\s*v\s*=\s*DKIM1\s*(?:;|$)", records[0]):
        return fail(name, "it does not begin with v=DKIM1, so it is no key", publish)
    public = re.sub(r"\s", "", theirs.get("p", ""))
    if not public:
        return fail(name, "the key there is revoked (p= is empty)", publish)
    if public != ours["p"] or theirs.get("k", "rsa").lower() != ours.get("k", "rsa"):
        return fail(name, "another key stands there: no signature can be verified", publish)
    if "sha256" not in theirs.get("h", "sha256"):
        return fail(name, "it does not allow sha256 (h=)", "leave h= out")
    if not {"*", "email"} & set(re.sub(r"\s", "", theirs.get("s", "*")).lower().split(":")):
        return fail(name, "it is not for mail (s=)", "leave s= out")
    if "y" in theirs.get("t", "").lower().split(":"):
        return warn(
            name, "it says that this is a test (t=y)", "take t=y out; some receivers count such mail as unsigned"
        )
    return ok(name, "it holds the key that signs")


def dmarc(resolver: Resolver, domain: str, return_domain: str, published: Sequence[Published]) -> Iterator[Line]:
    """Look at the policy of the domain in From, and whether SPF and DKIM speak for that domain (RFC 9989)."""
    name, found = f"dmarc {domain}", read_dmarc(resolver, domain)
    if not found.record:
        how = f'publish a TXT record at _dmarc.{found.organisation}: "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
        yield fail(name, "there is no DMARC policy; Gmail and Yahoo want one", how)
        return
    tags = found.tags
    policy = found.policy_for(domain)
    if found.count > 1:
        yield fail(name, f"there are {found.count} records, so none counts", "leave one")
    elif policy not in ("none", "quarantine", "reject"):
        yield fail(name, f"its policy cannot be read: p={policy[:40]}", "write p=none, p=quarantine or p=reject")
    elif tags.get("t", "").lower() == "y" and policy != "none":
        yield warn(
            name, f"p={policy} is only tried (t=y)", "take t=y out once the reports show nothing of yours failing"
        )
    elif gone := [each for each in _GONE if each in tags]:
        yield warn(name, f"{', '.join(gone)} are no more in DMARC (RFC 9989)", "take them out")
    elif "rua" not in tags:
        yield warn(
            name,
            f"p={policy} at {found.name}, and nobody gets reports",
            "add rua=mailto:… to hear who sends in your name",
        )
    else:
        yield ok(name, f"p={policy} at {found.name}")
    organisation = partial(organisation_of, resolver)
    by_spf = same_organisation(return_domain, domain, organisation, strict=found.is_strict("aspf"))
    by_dkim = [
        each
        for each in published
        if same_organisation(each.domain, domain, organisation, strict=found.is_strict("adkim"))
    ]
    yield _aligned(f"alignment {domain}", return_domain, by_spf=by_spf, by_dkim=bool(by_dkim), has_key=bool(published))


def _aligned(name: str, return_domain: str, *, by_spf: bool, by_dkim: bool, has_key: bool) -> Line:
    if by_spf and by_dkim:
        return ok(name, "SPF and DKIM both speak for the domain in From")
    if by_dkim:
        how = "set DIGEST_RETURN_PATH to a mailbox of the sender's domain; providers like to see both"
        return warn(name, f"only DKIM speaks for the domain in From; bounces go to {return_domain}", how)
    if by_spf:
        how = "sign with a key of the sender's domain (docs/dkim.md): SPF does not survive forwarding"
        what = (
            "only SPF speaks for the domain in From" if has_key else "only SPF is known to speak for the domain in From"
        )
        return warn(name, what, how)
    how = "set DIGEST_DKIM_DOMAIN or DIGEST_RETURN_PATH to the sender's domain or one above it"
    return fail(name, "neither SPF nor DKIM speaks for the domain in From", how)


def mx(resolver: Resolver, domain: str) -> Iterator[Line]:
    """Look whether mail to *domain* arrives: answers and bounces come back there."""
    name, records = f"mx {domain}", resolver.look_up(domain, "MX")
    hosts = [each.split()[-1].rstrip(".") for each in records if each.split()]
    if records and not any(hosts):
        yield fail(name, "it takes no mail (null MX)", "publish an MX record: bounces and answers must arrive")
    elif hosts:
        without = [host for host in hosts if host and not addresses_of(resolver, host)]
        if without:
            yield fail(name, f"{without[0]} has no address", "correct the MX record")
        else:
            yield ok(name, ", ".join(hosts[:3]))
    elif addresses_of(resolver, domain):
        yield warn(name, "it has an address and no MX record", "publish an MX record; some servers ask for one")
    else:
        yield fail(
            name, "there is neither MX record nor address", "publish an MX record: bounces and answers must arrive"
        )


def ptr(resolver: Resolver, host: str) -> Iterator[Line]:
    """Look whether the addresses of the server that mail leaves by have names that lead back to them."""
    name = f"ptr {host}"
    addresses = [host] if _is_address(host) else [] if host == "localhost" else addresses_of(resolver, host)
    public = [each for each in addresses if ipaddress.ip_address(each).is_global]
    if not public:
        how = "see that the address your mail leaves from has a name (PTR) that leads back to it; Gmail refuses others"
        yield warn(name, "its public address is not known here", how)
    for address in public[:4]:
        names = resolver.look_up(address, "PTR")
        if not names:
            yield warn(
                name,
                f"{address} has no name (PTR)",
                "ask whoever provides that address for one, if mail leaves from it",
            )
        elif any(address in addresses_of(resolver, each) for each in names[:4]):
            yield ok(name, f"{address} is {names[0]}, and back")
        else:
            yield warn(
                name, f"{address} is {names[0]}, which is not {address}", "let the name lead back to the address"
            )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
