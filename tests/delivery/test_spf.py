"""Whether an address may send for a domain, term by term as a receiver takes them (RFC 7208)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.delivery.spf import Result, check_host
from tests.delivery.zone import Zone

IP, IP6 = "192.0.2.7", "2001:db8::7"
MORE = {
    ("A", "press.net"): [IP],
    ("AAAA", "press.net"): [IP6],
    ("MX", "press.net"): ["10 mx.press.net", "20 mx2.press.net"],
    ("A", "mx2.press.net"): ["192.0.2.9"],
    ("TXT", "good.net"): ["v=spf1 ip4:192.0.2.0/28 -all"],
    ("TXT", "bad.net"): ["v=spf1 -all"],
    ("TXT", "two.net"): ["v=spf1 -all", "v=spf1 +all"],
    ("TXT", "loop.net"): ["v=spf1 include:loop.net -all"],
    ("A", "7.2.0.192.ann.allowed.net"): ["127.0.0.2"],
    ("PTR", IP): ["out.press.net"],
    ("A", "out.press.net"): [IP],
}

#: what it is about -> the record, the address, what comes of it
CASES = {
    "no record": (None, IP, "none"),
    "another kind of record": ("v=spf10 +all", IP, "none"),
    "nothing said": ("v=spf1", IP, "neutral"),
    "a network": ("v=spf1 ip4:192.0.2.0/24 -all", IP, "pass"),
    "another network": ("v=spf1 ip4:198.51.100.0/24 -all", IP, "fail"),
    "softly": ("v=spf1 ~all", IP, "softfail"),
    "who knows": ("v=spf1 ?all", IP, "neutral"),
    "of IPv6": ("v=spf1 ip6:2001:db8::/32 -all", IP6, "pass"),
    "mapped": ("v=spf1 ip4:192.0.2.7 -all", "::ffff:192.0.2.7", "pass"),
    "its own address": ("v=spf1 a -all", IP, "pass"),
    "its own address of IPv6": ("v=spf1 a -all", IP6, "pass"),
    "its neighbours": ("v=spf1 a/24//64 -all", "192.0.2.200", "pass"),
    "its mail servers": ("v=spf1 mx -all", "192.0.2.9", "pass"),
    "an include that passes": ("v=spf1 include:good.net -all", IP, "pass"),
    "an include that fails goes on": ("v=spf1 include:bad.net ip4:192.0.2.7 -all", IP, "pass"),
    "an include of nothing": ("v=spf1 include:none.net -all", IP, "permerror"),
    "an include of two": ("v=spf1 include:two.net -all", IP, "permerror"),
    "an include of itself": ("v=spf1 include:loop.net -all", IP, "permerror"),
    "a redirect": ("v=spf1 redirect=good.net", IP, "pass"),
    "a redirect to nothing": ("v=spf1 redirect=none.net", IP, "permerror"),
    "a redirect that all outdoes": ("v=spf1 redirect=good.net -all", IP, "fail"),
    "a name made of the mail": ("v=spf1 exists:%{ir}.%{l}.allowed.net -all", IP, "pass"),
    "a name that leads back": ("v=spf1 ptr -all", IP, "pass"),
    "a word that is none": ("v=spf1 ipv4:192.0.2.7 -all", IP, "permerror"),
    "a network that is none": ("v=spf1 ip4:192.0.2.300 -all", IP, "permerror"),
    "too many lookups": ("v=spf1 " + "a:press.net " * 11 + "-all", "198.51.100.1", "permerror"),
    "too many names of nothing": ("v=spf1 a:x.net a:y.net a:z.net +all", IP, "permerror"),
    "a modifier of the future": ("v=spf1 new=thing ip4:192.0.2.7 -all", IP, "pass"),
}


@pytest.mark.parametrize(("record", "address", "wanted"), CASES.values(), ids=CASES.keys())
def test_a_receiver_comes_to_the_same(record, address, wanted):
    """Each term as its section says."""
    zone = Zone({**MORE, ("TXT", "press.net"): [record] if record else []})

    assert check_host(zone, address, "press.net", sender="ann@press.net") == wanted


def test_name_servers_that_do_not_answer_are_no_refusal():
    """It may be tried again."""
    assert check_host(Zone({}, silent=True), IP, "press.net") is Result.TEMPERROR


@settings(max_examples=80, deadline=None)
@given(st.text("v=spf1 +-~?allinclude:a/mxptr%{sdir}.0123456789redirect_", max_size=60))
def test_any_record_comes_to_something(record):
    """Never an error."""
    zone = Zone({**MORE, ("TXT", "press.net"): [f"v=spf1 {record}"]})

    assert check_host(zone, IP, "press.net") in set(Result)
