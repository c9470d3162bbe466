"""What the world finds about a sender in DNS: each line with its remedy, from a resolver that is passed in."""

from __future__ import annotations

from typing import Any

import pytest

from digest.pipeline.doctor.sender import Published, dkim, dmarc, is_made_up, mx, ptr, sender_checks, spf
from digest.pipeline.doctor.verdict import Line, Verdict
from tests.delivery.zone import Zone

DOMAIN = "press.net"
KEY = Published(DOMAIN, f"d1._domainkey.{DOMAIN}", "v=DKIM1; k=rsa; p=MIIB")
GOOD: dict[tuple[str, str], list[str]] = {
    ("TXT", DOMAIN): ["v=spf1 include:relay.net -all", "something else"],
    ("TXT", "relay.net"): ["v=spf1 ip4:192.0.2.0/24 -all"],
    ("TXT", KEY.name): ["v=DKIM1; k=rsa; p=MI IB"],
    ("TXT", f"_dmarc.{DOMAIN}"): ["v=DMARC1; p=quarantine; rua=mailto:dmarc@press.net"],
    ("MX", DOMAIN): ["10 mx.press.net"],
    ("A", "mx.press.net"): ["8.8.4.4"],
    ("A", "relay.net"): ["8.8.8.8"],
    ("PTR", "8.8.8.8"): ["out.relay.net"],
    ("A", "out.relay.net"): ["8.8.8.8"],
}


def zone(**changes: Any) -> Zone:
    """Return the good zone with changes by kind and name: TXT__press_net."""
    records = dict(GOOD)
    for key, value in changes.items():
        kind, _, name = key.partition("__")
        records[kind, NAMES[name]] = value
    return Zone(records)


NAMES = {
    "spf": DOMAIN,
    "dkim": KEY.name,
    "dmarc": f"_dmarc.{DOMAIN}",
    "mx": DOMAIN,
    "relay": "relay.net",
    "server": "mx.press.net",
    "address": "8.8.8.8",
    "out": "out.relay.net",
}


def all_lines(resolver: Zone, return_domain: str = DOMAIN, published: tuple[Published, ...] = (KEY,)) -> list[Line]:
    checks = sender_checks(resolver, DOMAIN, return_domain=return_domain, published=published, relay_host="relay.net")
    return [line for _, check in checks for line in check()]


def test_a_sender_with_everything_in_order_has_nothing_to_do() -> None:
    """SPF, DKIM, DMARC, alignment, MX and PTR."""
    lines = all_lines(zone())

    assert {each.verdict for each in lines} == {Verdict.OK}
    assert [each.check.partition(" ")[0] for each in lines] == ["spf", "dkim", "dmarc", "alignment", "mx", "ptr"]
    assert not [each for each in lines if each.remedy]


def many(count: int) -> dict[tuple[str, str], list[str]]:
    """Return an SPF record that takes *count* lookups."""
    names = [f"a{n}.press.net" for n in range(count)]
    found = {("TXT", DOMAIN): [f"v=spf1 {' '.join(f'a:{name}' for name in names)} -all"]}
    return found | {("A", name): ["192.0.2.1"] for name in names}


@pytest.mark.parametrize(("count", "verdict"), [(10, Verdict.OK), (11, Verdict.FAIL)])
def test_ten_lookups_are_the_most(count: int, verdict: Verdict) -> None:
    """RFC 7208 §4.6.4; the count is told."""
    (line,) = spf(Zone(many(count)), DOMAIN)

    assert line.verdict is verdict
    assert str(count) in line.says


WRONG = {
    "no SPF": (spf, {"TXT__spf": []}, Verdict.FAIL, "no SPF record"),
    "two SPF records": (spf, {"TXT__spf": ["v=spf1 -all", "v=spf1 ~all"]}, Verdict.FAIL, "2 SPF records"),
    "SPF for all": (spf, {"TXT__spf": ["v=spf1 +all"]}, Verdict.FAIL, "everybody"),
    "SPF for nobody in particular": (spf, {"TXT__spf": ["v=spf1 ip4:192.0.2.1"]}, Verdict.WARN, "does not say"),
    "SPF of names that are no more": (
        spf,
        {"TXT__spf": ["v=spf1 a:x.net a:y.net a:z.net -all"]},
        Verdict.FAIL,
        "have nothing",
    ),
    "an include that is no more": (spf, {"TXT__relay": []}, Verdict.FAIL, "has no SPF records"),
    "no MX": (mx, {"MX__mx": []}, Verdict.FAIL, "neither"),
    "a null MX": (mx, {"MX__mx": ["0 ."]}, Verdict.FAIL, "takes no mail"),
    "an MX without address": (mx, {"A__server": []}, Verdict.FAIL, "has no address"),
    "only an address": (mx, {"MX__mx": [], "A__spf": ["8.8.8.8"]}, Verdict.WARN, "no MX record"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_remedy(name: str) -> None:
    """Fail is what loses mail; warn is worth a look."""
    check, changes, verdict, words = WRONG[name]

    (line,) = check(zone(**changes), DOMAIN)

    assert line.verdict is verdict
    assert words in line.says
    assert line.remedy


@pytest.mark.parametrize(
    ("record", "verdict", "words"),
    [
        pytest.param([], Verdict.FAIL, "not published", id="none"),
        pytest.param(["v=DKIM1; p=OTHER"], Verdict.FAIL, "another key", id="another"),
        pytest.param(["v=DKIM1; k=ed25519; p=MIIB"], Verdict.FAIL, "another key", id="another kind"),
        pytest.param(["v=DKIM1; p="], Verdict.FAIL, "revoked", id="revoked"),
        pytest.param(["v=DKIM1; p=MIIB", "v=DKIM1; p=OLD"], Verdict.FAIL, "2 records", id="two"),
        pytest.param(["v=DKIM1; t=y; p=MIIB"], Verdict.WARN, "test", id="a test"),
        pytest.param(["p=MIIB; v=DKIM1"], Verdict.FAIL, "begin", id="the version not first"),
        pytest.param(["v=DKIM2; p=MIIB"], Verdict.FAIL, "begin", id="another version"),
        pytest.param(["v=DKIM1; s=tlsrpt; p=MIIB"], Verdict.FAIL, "not for mail", id="for something else"),
        pytest.param(["v=DKIM1; s=tlsrpt : email; p=M I IB; n=a note; x=?"], Verdict.OK, "the key", id="with blanks"),
        pytest.param(["v=DKIM1; h=sha1; p=MIIB"], Verdict.FAIL, "sha256", id="an old hash"),
    ],
)
def test_the_published_key_is_the_one_that_signs(record: list[str], verdict: Verdict, words: str) -> None:
    """What to publish is in the remedy, ready to copy."""
    (line,) = dkim(zone(TXT__dkim=record), DOMAIN, [KEY])

    assert line.verdict is verdict
    assert words in line.says
    assert "copy" not in line.remedy
    if "publish" in line.remedy:
        assert KEY.record in line.remedy


def test_a_sender_without_a_key_hears_that_the_mail_server_has_to_sign() -> None:
    """It may do so, which cannot be seen from here."""
    (line,) = dkim(zone(), DOMAIN, [])

    assert line.verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("record", "verdict", "words"),
    [
        pytest.param([], Verdict.FAIL, "no DMARC policy", id="none"),
        pytest.param(["v=DMARC1; rua=mailto:a@press.net"], Verdict.FAIL, "cannot be read", id="no policy in it"),
        pytest.param(["v=DMARC1; p=none"] * 2, Verdict.FAIL, "2 records", id="two"),
        pytest.param(["v=DMARC1; p=none; pct=50"], Verdict.WARN, "pct", id="tags that are no more"),
        pytest.param(["v=DMARC1; p=none"], Verdict.WARN, "reports", id="no reports"),
        pytest.param(["v=DMARC1; p=reject; t=y"], Verdict.WARN, "only tried", id="a trial"),
        pytest.param(["v=dmarc1; p=none"], Verdict.FAIL, "no DMARC policy", id="the version in small letters"),
    ],
)
def test_a_policy_can_be_wrong_in_many_ways(record: list[str], verdict: Verdict, words: str) -> None:
    """RFC 9989."""
    first = next(iter(dmarc(zone(TXT__dmarc=record), DOMAIN, DOMAIN, [KEY])))

    assert first.verdict is verdict
    assert words in first.says


@pytest.mark.parametrize(
    ("return_domain", "key_domain", "verdict"),
    [
        pytest.param(DOMAIN, DOMAIN, Verdict.OK, id="both"),
        pytest.param("bounce.press.net", "mail.press.net", Verdict.OK, id="both of the organisation"),
        pytest.param("relay.net", DOMAIN, Verdict.WARN, id="DKIM only"),
        pytest.param(DOMAIN, "relay.net", Verdict.WARN, id="SPF only"),
        pytest.param("relay.net", "relay.net", Verdict.FAIL, id="neither"),
    ],
)
def test_somebody_must_speak_for_the_domain_in_from(return_domain: str, key_domain: str, verdict: Verdict) -> None:
    """Alignment (RFC 9989 §4.4); both is what providers like."""
    key = Published(key_domain, f"d1._domainkey.{key_domain}", KEY.record)

    *_, line = dmarc(zone(), DOMAIN, return_domain, [key])

    assert line.check == f"alignment {DOMAIN}"
    assert line.verdict is verdict


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"PTR__address": []}, "no name", id="no name"),
        pytest.param({"A__out": ["8.8.4.4"]}, "which is not", id="a name of another"),
        pytest.param({"A__relay": ["10.0.0.1"]}, "not known", id="a private address"),
    ],
)
def test_the_address_mail_leaves_from_has_a_name_that_leads_back(changes: dict[str, list[str]], words: str) -> None:
    """A warning: the server that takes our mail may send it on from another address."""
    (line,) = ptr(zone(**changes), "relay.net")

    assert line.verdict is Verdict.WARN
    assert words in line.says


def test_nobody_sends_in_the_name_of_a_mail_provider() -> None:
    """Nothing else is looked up then."""
    ((_, check),) = sender_checks(zone(), "gmail.com", return_domain="gmail.com", published=(), relay_host="relay.net")

    assert [each.verdict for each in check()] == [Verdict.FAIL]


@pytest.mark.parametrize("domain", ["example.org", "news.example.net", "localhost", "a.test", "x.invalid"])
def test_domains_of_examples_are_not_looked_up(domain: str) -> None:
    """They never are in DNS (RFC 2606, 6761)."""
    assert is_made_up(domain)
    assert not is_made_up(f"{domain}.press.net")
