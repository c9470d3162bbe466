"""What DNS says of a sender: SPF with its lookups counted, DMARC by tree walk; no network."""

from __future__ import annotations

import pytest

from digest.delivery.names import LookupFailed, organisation_of, read_dmarc, read_spf, same_organisation, walk
from tests.delivery.zone import Zone


def spf(**records: str) -> Zone:
    """Return a zone of SPF records by first label of example.net; `_` is example.net itself."""
    return Zone(
        {("TXT", f"{name}.example.net".removeprefix("_.")): [f"v=spf1 {text}"] for name, text in records.items()}
    )


def test_a_record_without_names_takes_no_lookup() -> None:
    """Networks are free; the end is what it says."""
    found = read_spf(spf(_="ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"), "example.net")

    assert (found.lookups, found.ends, found.broken, found.void) == (0, "-", [], [])


def test_lookups_are_counted_through_includes() -> None:
    """RFC 7208 §4.6.4: include, a, mx, exists and redirect count, wherever they stand."""
    zone = spf(_="include:one.example.net a:mail.example.net ~all", one="include:two.example.net mx -all", two="a ?all")
    zone.records |= {
        ("A", "mail.example.net"): ["192.0.2.1"],
        ("MX", "one.example.net"): ["10 mail.example.net"],
        ("A", "two.example.net"): ["192.0.2.2"],
    }

    found = read_spf(zone, "example.net")

    assert (found.lookups, found.ends, found.void, found.broken) == (5, "~", [], [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("include:none.example.net ~all", "has no SPF records", id="an include of nothing"),
        pytest.param("include:example.net ~all", "leads back", id="a circle"),
        pytest.param("ip4:300.1.1.1 ~all", "no SPF term", id="a number too large"),
        pytest.param("ipv4:192.0.2.1 ~all", "no SPF term", id="a word that is none"),
        pytest.param("!! ~all", "no SPF term", id="signs"),
    ],
)
def test_what_is_broken_is_told(text: str, words: str) -> None:
    """In words, with the domain it stands in."""
    (said,) = read_spf(spf(_=text), "example.net").broken

    assert words in said
    assert said.startswith("example.net: ")


def test_a_circle_of_redirects_ends() -> None:
    """However long they lead each other on."""
    assert read_spf(spf(_="redirect=one.example.net", one="redirect=example.net"), "example.net").lookups > 10


def test_a_macro_counts_and_is_not_followed() -> None:
    """Its name is made of each mail's own values."""
    found = read_spf(spf(_="exists:%{i}.list.example.net -all"), "example.net")

    assert (found.lookups, found.void) == (1, [])


def test_names_that_have_nothing_are_void() -> None:
    """Receivers allow two."""
    assert read_spf(spf(_="a:x.example.net mx:y.example.net -all"), "example.net").void == [
        "x.example.net",
        "y.example.net",
    ]


def test_who_does_not_answer_is_not_who_has_nothing() -> None:
    """A failure is raised, and never taken for a missing record."""
    with pytest.raises(LookupFailed):
        read_spf(Zone({}, silent=True), "example.net")


def dmarc(**records: str) -> Zone:
    """Return a zone of DMARC records; `__` in a name is a dot."""
    return Zone({("TXT", f"_dmarc.{name.replace('__', '.')}"): [text] for name, text in records.items()})


def test_a_record_of_its_own_comes_first() -> None:
    """Then the one of the organisation (RFC 9989 §4.10)."""
    zone = dmarc(news__example__org="v=DMARC1; p=reject", example__org="v=DMARC1; p=none")

    own, inherited = read_dmarc(zone, "news.example.org"), read_dmarc(zone, "shop.example.org")

    assert (own.name, own.tags["p"], own.organisation) == ("news.example.org", "reject", "example.org")
    assert (inherited.name, inherited.tags["p"]) == ("example.org", "none")


def test_a_public_suffix_is_no_organisation() -> None:
    """psd=y says that the organisation is one label below."""
    zone = dmarc(co__example="v=DMARC1; p=reject; psd=y", firm__co__example="v=DMARC1; p=none")

    assert organisation_of(zone, "news.firm.co.example") == "firm.co.example"
    assert read_dmarc(zone, "news.other.co.example").organisation == "other.co.example"
    assert read_dmarc(zone, "news.other.co.example").name == "co.example"


def test_an_organisation_may_end_below() -> None:
    """psd=n says: here, whatever stands above."""
    zone = dmarc(lab__uni__example="v=DMARC1; p=none; psd=n", uni__example="v=DMARC1; p=reject")

    assert organisation_of(zone, "news.lab.uni.example") == "lab.uni.example"


def test_without_a_record_nothing_holds() -> None:
    """Other TXT records there are none."""
    assert read_dmarc(dmarc(example__org="google-site-verification=1"), "example.org").record == ""


@pytest.mark.parametrize(
    ("domain", "records", "organisation"),
    [
        ("a.b.example.org", {"example__org": "v=DMARC1; p=none", "org": "v=DMARC1; p=none; psd=y"}, "example.org"),
        ("a.b.example.org", {"b__example__org": "v=DMARC1; p=none", "example__org": "v=DMARC1; p=none"}, "example.org"),
        ("a.b.example.org", {"a__b__example__org": "v=DMARC1; p=none"}, "a.b.example.org"),
        ("a.b.example.org", {}, "a.b.example.org"),
        ("example.org", {"example__org": "v=DMARC1; p=none; psd=y"}, "example.org"),
        ("a.b.example.org", {"b__example__org": "v=DMARC1; psd=n", "org": "v=DMARC1; psd=y"}, "b.example.org"),
        ("b.example.org", {"example__org": "v=DMARC1; psd=u"}, "example.org"),
        ("b.example.org", {"example__org": "v=spf1 -all"}, "b.example.org"),
    ],
    ids=[
        "below psd=y",
        "fewest labels",
        "only its own",
        "none",
        "psd=y of its own",
        "psd=n",
        "psd=u",
        "another record",
    ],
)
def test_the_organisation_is_found_by_walking_up(domain: str, records: dict[str, str], organisation: str) -> None:
    """RFC 9989 §4.10.2, rule by rule."""
    assert organisation_of(dmarc(**records), domain) == organisation


@pytest.mark.parametrize(
    ("record", "domain", "policy"),
    [
        ("v=DMARC1; p=reject", "example.org", "reject"),
        ("v=DMARC1; p=reject; sp=none", "example.org", "reject"),
        ("v=DMARC1; p=reject; sp=none", "news.example.org", "none"),
        ("v=DMARC1; p=Quarantine", "news.example.org", "quarantine"),
    ],
)
def test_a_domain_below_may_have_a_policy_of_its_own(record: str, domain: str, policy: str) -> None:
    """sp= holds for domains that inherit (RFC 9989 §4.7)."""
    assert read_dmarc(dmarc(example__org=record), domain).policy_for(domain) == policy


def test_two_records_at_one_name_are_none() -> None:
    """RFC 9989 §4.10: they are left out, and the walk goes on."""
    zone = Zone(
        {("TXT", "_dmarc.b.example.org"): ["v=DMARC1; p=none"] * 2, ("TXT", "_dmarc.example.org"): ["v=DMARC1; p=none"]}
    )

    assert organisation_of(zone, "b.example.org") == "example.org"


def test_a_walk_asks_eight_names_at_most() -> None:
    """A name of a hundred labels costs no more (RFC 9989 §4.10)."""
    names = walk(".".join(["a"] * 20) + ".example.org")

    assert len(names) == 8
    assert names[-1] == "org"
    assert walk("example.org") == ["example.org", "org"]


def test_two_domains_of_one_organisation_are_aligned_unless_strict() -> None:
    """RFC 9989 §4.4."""

    def organisation(domain: str) -> str:
        return ".".join(domain.split(".")[-2:])

    assert same_organisation("b.example.org", "a.example.org", organisation)
    assert not same_organisation("b.example.org", "a.example.org", organisation, strict=True)
    assert same_organisation("A.example.org", "a.example.org", organisation, strict=True)
    assert not same_organisation("example.com", "example.org", organisation)
