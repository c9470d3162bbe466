"""A mail in a file as a provider sees it: signatures, SPF, DMARC, one click, size, and the rules of `lint`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial

from digest.delivery.dkim_check import Signature, check_signatures
from digest.delivery.names import Resolver, organisation_of, read_dmarc, same_organisation
from digest.delivery.spf import Result, check_host
from digest.pipeline.doctor.verdict import Line, fail, guarded, ok, warn
from digest.rendering.lint.finding import Level
from digest.rendering.lint.letter import Letter
from digest.rendering.lint.mailboxes import mailboxes
from digest.rendering.lint.rules import lint

_TRACES = "M17"  # what was received has Received and Return-Path
_SIGNED = "L3"  # which is looked at here with the signature itself
_LARGEST = 10 * 1024 * 1024
_CLIPPED = 100_000
_FROM = re.compile(r"\bclient-ip=([0-9a-fA-F.:]{3,45})|\[(?:IPv6:)?([0-9a-fA-F.:]{3,45})\]", re.IGNORECASE)
_TOLD = re.compile(r"\b(spf|dkim|dmarc|arc)\s*=\s*([a-z]+)", re.IGNORECASE)
_WAY_OUT = ("list-unsubscribe", "list-unsubscribe-post")
_ONE_CLICK = "List-Unsubscribe=One-Click"

Organisation = Callable[[str], str]


def received(raw: bytes, resolver: Resolver | None, now: datetime) -> Iterator[Line]:
    """Give a line for each thing that a provider looks at in the mail *raw*, at the time when it came (else *now*).

    Without *resolver* nothing is looked up: signatures are held against the body only. Never raises.
    """
    letter = Letter(raw, now)
    when = _arrived(letter) or now
    signatures = check_signatures(raw, resolver, when)
    domain = next((each.domain for each in mailboxes(letter.value("From"))[:1] if each.is_whole), "")
    yield from _told(letter)
    yield from _signatures(signatures)
    spf_of: list[str] = []  # the domain that SPF answers for, when it does
    yield from guarded("spf", partial(_spf, letter, resolver, spf_of))
    if domain:
        passed = [each.domain for each in signatures if each.passes]
        yield from guarded("dmarc", partial(_dmarc, domain, passed, spf_of, resolver))
    else:
        yield fail("from", "there is no one address in From", "write one; providers refuse such mail")
    yield from _one_click(letter, signatures)
    yield from _size(letter)
    yield from _rules(raw, when)


def _arrived(letter: Letter) -> datetime | None:
    """Return when the last server took it, else its Date."""
    for text in (letter.value("Received").rpartition(";")[2], letter.value("Date")):
        try:
            found = parsedate_to_datetime(text.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if found.tzinfo is not None:
            return found
    return None


def _told(letter: Letter) -> Iterator[Line]:
    """Tell what the receiver wrote into it (RFC 8601); only the uppermost is the receiver's own."""
    found = _TOLD.findall(letter.value("Authentication-Results")[:4_000])
    if not found:
        return
    words = ", ".join(f"{method.lower()}={result.lower()}" for method, result in found[:8])
    wrong = [method for method, result in found if result.lower() not in ("pass", "bestguesspass")]
    if wrong:
        yield warn("the receiver", f"it noted {words}", "see the lines below; it may have seen what they cannot")
    else:
        yield ok("the receiver", f"it noted {words}")


def _signatures(signatures: Sequence[Signature]) -> Iterator[Line]:
    if not signatures:
        how = "set the DKIM settings (docs/dkim.md), or see that your mail server signs with the sender's domain"
        yield fail("dkim", "there is no signature", how)
    for each in signatures:
        name = f"dkim {each.domain or '?'}"
        if each.passes is None:
            yield warn(name, f"not verified: {each.why}", "the rest of it is right; run this where DNS can be asked")
        elif not each.passes:
            how = (
                "see that nothing changes the mail after it is signed, and that the published key is the one that signs"
            )
            yield fail(name, each.why, how)
        elif each.is_partial:
            yield warn(name, "it covers a part of the body only (l=)", "sign without l=; anybody may add to such mail")
        else:
            yield ok(name, f"the signature is right ({each.algorithm}, {len(set(each.covers))} headers)")


def _spf(letter: Letter, resolver: Resolver | None, answers_for: list[str]) -> Iterator[Line]:
    sender = letter.value("Return-Path").strip("<> \t")
    domain, address = sender.rpartition("@")[2].lower(), _came_from(letter)
    if not domain or not address:
        what = "no Return-Path" if not domain else "no public address that it came from"
        yield warn("spf", f"there is {what} in it", "look at a mail as it was received, with all its headers")
        return
    if resolver is None:
        yield warn(f"spf {domain}", "not looked up", "run this where DNS can be asked")
        return
    result = check_host(resolver, address, domain, sender=sender)
    name, what = f"spf {domain}", f"{result.value} for {address}"
    if result is Result.PASS:
        answers_for.append(domain)
        yield ok(name, what)
    elif result is Result.TEMPERROR:
        yield warn(name, what, "the name servers did not answer; try again")
    else:
        how = f"let the SPF record of {domain} name the server that your mail leaves by: ip4:{address} or its include:"
        yield fail(name, what, how.replace("ip4:", "ip6:") if ":" in address else how)


def _came_from(letter: Letter) -> str:
    """Return the first public address that a receiving server wrote down, "" where there is none."""
    for field in [*letter.all("Received-SPF"), *letter.all("Received")][:20]:
        for client, bracketed in _FROM.findall(field.text[:4_000].partition(" by ")[0] or field.text[:4_000]):
            try:
                found = ipaddress.ip_address(client or bracketed)
            except ValueError:
                continue
            if found.is_global:
                return str(found)
    return ""


def _dmarc(domain: str, signed_by: Sequence[str], spf_of: Sequence[str], resolver: Resolver | None) -> Iterator[Line]:
    """Say whether a passing SPF or DKIM speaks for the domain in From (RFC 9989)."""
    name = f"dmarc {domain}"
    if resolver is None:
        yield warn(name, "not looked up", "run this where DNS can be asked")
        return
    policy = read_dmarc(resolver, domain)
    organisation = partial(organisation_of, resolver)
    by_dkim = any(same_organisation(each, domain, organisation, strict=policy.is_strict("adkim")) for each in signed_by)
    by_spf = any(same_organisation(each, domain, organisation, strict=policy.is_strict("aspf")) for each in spf_of)
    by = " and ".join(word for word, holds in (("DKIM", by_dkim), ("SPF", by_spf)) if holds)
    if not policy.record:
        how = f'publish a TXT record at _dmarc.{policy.organisation}: "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
        yield fail(name, "there is no policy; Gmail, Yahoo and Outlook want one", how)
    elif not by:
        what = f"neither a signature nor SPF speaks for {domain}; its policy is p={policy.policy_for(domain)[:20]}"
        yield fail(name, what, "sign with the sender's domain, or let bounces go to it (DIGEST_RETURN_PATH)")
    elif by_dkim:
        yield ok(name, f"pass by {by}; p={policy.policy_for(domain)[:20]} at {policy.name}")
    else:
        yield warn(name, "pass by SPF alone, which forwarding breaks", "sign with the sender's domain (docs/dkim.md)")


def _one_click(letter: Letter, signatures: Sequence[Signature]) -> Iterator[Line]:
    """Say whether a provider shows its own button to unsubscribe (RFC 8058 §4)."""
    name, url = "one click", letter.value("List-Unsubscribe")
    if "<https://" not in url.lower() or letter.value("List-Unsubscribe-Post") != _ONE_CLICK:
        how = "write List-Unsubscribe with an https address and List-Unsubscribe-Post: List-Unsubscribe=One-Click"
        yield fail(name, "there is no way out by one click", how)
    elif any(each.passes and set(_WAY_OUT) <= set(each.covers) for each in signatures):
        yield ok(name, "both headers are there, and a right signature covers them")
    elif any(each.passes is None and set(_WAY_OUT) <= set(each.covers) for each in signatures):
        yield warn(name, "both headers are there; whether their signature is right is not known", "see dkim above")
    else:
        yield fail(name, "no right signature covers both headers, so they do not count", "name them in h= of DKIM")


def _size(letter: Letter) -> Iterator[Line]:
    count, html = len(letter.raw), len(letter.html.encode("utf-8", "replace"))
    what = f"{count:,} bytes, {html:,} of HTML"
    if html > _CLIPPED:
        yield fail("size", what, "Gmail clips the HTML at some 102,000 bytes; take fewer articles (max_items)")
    elif count > _LARGEST:
        yield fail("size", what, "many servers take no more than 10 MB")
    else:
        yield ok("size", what)


def _rules(raw: bytes, when: datetime) -> Iterator[Line]:
    """Give what `lint` finds, each rule once."""
    seen: set[str] = set()
    for each in lint(raw, now=when):
        if each.rule in seen or each.rule in (_TRACES, _SIGNED):
            continue
        seen.add(each.rule)
        make = fail if each.remark.level is Level.ERROR else warn
        where = f" ({each.remark.place})" if str(each.remark.place) else ""
        yield make(f"rule {each.rule}", each.remark.what + where, each.remark.remedy)
    if not seen:
        yield ok("rules", "nothing is wrong by the rules of digest lint")
