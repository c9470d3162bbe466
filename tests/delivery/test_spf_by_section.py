"""SPF section by section: each rule of RFC 7208 that a receiver goes by, with a case that would tell."""

from __future__ import annotations

import pytest

from digest.delivery.spf import Result, check_host
from tests.delivery.zone import Zone

IP, IP6 = "192.0.2.7", "2001:db8::7"
LOST = frozenset({"lost.net", "lost-name.net"})
MANY = [f"10 m{n}.net" for n in range(11)]
RECORDS = {
    ("A", "here.net"): [IP],
    ("AAAA", "here.net"): [IP6],
    ("A", "near.net"): ["192.0.2.99"],
    ("AAAA", "near.net"): ["2001:db8::99"],
    ("MX", "here.net"): ["10 mx.here.net"],
    ("A", "mx.here.net"): [IP],
    ("MX", "null.net"): ["0 ."],
    ("MX", "many.net"): MANY,
    ("MX", "ten.net"): [*MANY[:9], "20 mx.here.net"],
    ("TXT", "pass.net"): ["v=spf1 ip4:192.0.2.7 -all"],
    ("TXT", "fail.net"): ["v=spf1 -all"],
    ("TXT", "soft.net"): ["v=spf1 ~all"],
    ("TXT", "neutral.net"): ["v=spf1 ?all"],
    ("TXT", "broken.net"): ["v=spf1 nonsense"],
    ("TXT", "empty.net"): ["v=spf1"],
    ("TXT", "two.net"): ["v=spf1 -all", "v=spf1 +all"],
    ("TXT", "mixed.net"): ["some=other text", "v=spf1 ip4:192.0.2.7 -all", "v=spf12 -all"],
    ("TXT", "nine.net"): ["v=spf1 " + "a:near.net " * 8 + "ip4:192.0.2.7 -all"],
    ("TXT", "long-way.net"): ["v=spf1 include:nine.net -all"],
    ("TXT", "dotted.net"): ["v=spf1 ip4:192.0.2.7 -all"],
    ("PTR", IP): ["elsewhere.org", "forged.here.net", "out.here.net"],
    ("A", "out.here.net"): [IP],
    ("A", "elsewhere.org"): [IP],
    ("A", "forged.here.net"): ["198.51.100.1"],
    ("PTR", "192.0.2.8"): [f"n{n}.net" for n in range(10)] + ["late.here.net"],
    ("A", "late.here.net"): ["192.0.2.8"],
    ("PTR", "192.0.2.9"): ["lost-name.net", "kept.here.net"],
    ("A", "kept.here.net"): ["192.0.2.9"],
    # What macros make of ann.lee@mail.here.net, from IP, with the record at here.net.
    ("A", "ann.lee.here.net"): ["127.0.0.2"],
    ("A", "mail.here.net.made.net"): ["127.0.0.2"],
    ("A", "7.2.0.192.in-addr.made.net"): ["127.0.0.2"],
    ("A", "lee.ann.made.net"): ["127.0.0.2"],
    ("A", "lee.made.net"): ["127.0.0.2"],
    ("A", "net.made.net"): ["127.0.0.2"],
    ("A", "ann.lee%40mail.here.net.made.net"): ["127.0.0.2"],
    ("A", "helo.example.made.net"): ["127.0.0.2"],
    ("A", "out.here.net.made.net"): ["127.0.0.2"],
    ("A", "a%.made.net"): ["127.0.0.2"],
    ("A", "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.made.net"): ["127.0.0.2"],
}

#: section and rule -> the record, what comes of it, and from which address where it is not IP
CASES = {
    "2.6.1 a domain that says nothing of SPF": (None, "none"),
    "4.5 the version is a whole word": ("v=spf1-all", "none"),
    "4.5 the version in any letters": ("V=SPF1 ip4:192.0.2.7 -all", "pass"),
    "4.5 two records": ("v=spf1 include:two.net", "permerror"),
    "4.5 one among other texts": ("v=spf1 include:mixed.net -all", "pass"),
    "4.6 a slip after the term that matches": ("v=spf1 ip4:192.0.2.7 -all nonsense", "permerror"),
    "4.6 a slip after all": ("v=spf1 -all ip4:192.0.2.300", "permerror"),
    "4.6 a letter that is no ASCII": ("v=spf1 a:b\u00fccher.net -all", "permerror"),
    "4.6.1 terms in any letters": ("v=spf1 IP4:192.0.2.7 -ALL", "pass"),
    "4.6.1 several spaces": ("v=spf1   ip4:192.0.2.7    -all ", "pass"),
    "4.6.2 no sign is a plus": ("v=spf1 all", "pass"),
    "4.6.2 a sign before a modifier": ("v=spf1 -redirect=pass.net", "permerror"),
    "4.6.4 ten lookups": ("v=spf1 " + "a:near.net " * 10 + "ip4:192.0.2.7 -all", "pass"),
    "4.6.4 eleven": ("v=spf1 " + "a:near.net " * 11 + "ip4:192.0.2.7 -all", "permerror"),
    "4.6.4 those behind an include count": ("v=spf1 include:long-way.net -all", "pass"),
    "4.6.4 and one more": ("v=spf1 a:near.net include:long-way.net -all", "permerror"),
    "4.6.4 networks and all are free": ("v=spf1 " + "ip4:198.51.100.0/24 " * 30 + "ip4:192.0.2.7 -all", "pass"),
    "4.6.4 two names of nothing": ("v=spf1 a:no1.net mx:no2.net ip4:192.0.2.7 -all", "pass"),
    "4.6.4 three": ("v=spf1 a:no1.net mx:no2.net exists:no3.net ip4:192.0.2.7 -all", "permerror"),
    "4.6.4 ten mail servers": ("v=spf1 mx:ten.net -all", "pass"),
    "4.6.4 eleven mail servers": ("v=spf1 mx:many.net +all", "permerror"),
    "4.6.4 names of an address after the tenth": ("v=spf1 ptr:here.net -all", "fail", "192.0.2.8"),
    "4.7 nothing matched": ("v=spf1 ip4:198.51.100.1", "neutral"),
    "4.8 a name that cannot be one": ("v=spf1 exists:%{l}..here.net -all", "fail"),
    "4.8 a dot at the end": ("v=spf1 include:dotted.net. -all", "pass"),
    "5 a mechanism that nobody knows": ("v=spf1 moo:here.net -all", "permerror"),
    "5.1 all takes no name": ("v=spf1 all:here.net", "permerror"),
    "5.1 nor a length": ("v=spf1 all/8", "permerror"),
    "5.1 what follows all is not asked": ("v=spf1 -all include:lost.net", "fail"),
    "5.2 include of pass": ("v=spf1 include:pass.net -all", "pass"),
    "5.2 include of fail": ("v=spf1 include:fail.net ?all", "neutral"),
    "5.2 include of softfail": ("v=spf1 include:soft.net ?all", "neutral"),
    "5.2 include of neutral": ("v=spf1 include:neutral.net -all", "fail"),
    "5.2 include of permerror": ("v=spf1 include:broken.net +all", "permerror"),
    "5.2 include of none": ("v=spf1 include:none.net +all", "permerror"),
    "5.2 include of temperror": ("v=spf1 include:lost.net +all", "temperror"),
    "5.2 a sign turns what matched": ("v=spf1 -include:pass.net +all", "fail"),
    "5.2 include without a name": ("v=spf1 include +all", "permerror"),
    "5.2 include with nothing for a name": ("v=spf1 include: +all", "permerror"),
    "5.3 a": ("v=spf1 a -all", "pass"),
    "5.3 a of IPv6": ("v=spf1 a -all", "pass", IP6),
    "5.3 a with a length": ("v=spf1 a:near.net/24 -all", "pass"),
    "5.3 a with a length of IPv6 alone": ("v=spf1 a:near.net//64 -all", "pass", IP6),
    "5.3 which is none of IPv4": ("v=spf1 a:near.net//64 -all", "fail"),
    "5.3 a with both": ("v=spf1 a:near.net/24//64 -all", "pass"),
    "5.3 length 0": ("v=spf1 a:near.net/0 -all", "pass"),
    "5.3 length 33": ("v=spf1 a/33 -all", "permerror"),
    "5.3 length 129": ("v=spf1 a//129 -all", "permerror"),
    "5.3 a length with a nought before it": ("v=spf1 a/024 -all", "permerror"),
    "5.3 a with nothing for a name": ("v=spf1 a: -all", "permerror"),
    "5.3 a with a port": ("v=spf1 a:here.net:8080 -all", "permerror"),
    "5.3 a of an address": ("v=spf1 a:192.0.2.7 -all", "permerror"),
    "5.3 a of one label": ("v=spf1 a:localhost -all", "permerror"),
    "5.3 the name servers fail": ("v=spf1 a:lost.net -all", "temperror"),
    "5.4 mx": ("v=spf1 mx -all", "pass"),
    "5.4 no mail server is not the domain itself": ("v=spf1 mx:near.net/24 -all", "fail"),
    "5.4 null MX (RFC 7505)": ("v=spf1 mx:null.net -all", "fail"),
    "5.5 ptr": ("v=spf1 ptr -all", "pass"),
    "5.5 a name that does not lead back": ("v=spf1 ptr:forged.here.net -all", "fail"),
    "5.5 a name of another domain": ("v=spf1 ptr:where.net -all", "fail"),
    "5.5 the end of a label is no domain": ("v=spf1 ptr:ere.net -all", "fail"),
    "5.5 a name that cannot be asked is passed over": ("v=spf1 ptr:here.net -all", "pass", "192.0.2.9"),
    "5.6 ip4 with a length": ("v=spf1 ip4:192.0.2.0/29 -all", "pass"),
    "5.6 ip4 without an address": ("v=spf1 ip4 -all", "permerror"),
    "5.6 ip4 with an address of IPv6": ("v=spf1 ip4:2001:db8::7 -all", "permerror"),
    "5.6 ip4 of three numbers": ("v=spf1 ip4:192.0.2 -all", "permerror"),
    "5.6 ip4 with two lengths": ("v=spf1 ip4:192.0.2.0/24//64 -all", "permerror"),
    "5.6 ip6": ("v=spf1 ip6:2001:db8::/32 -all", "pass", IP6),
    "5.6 ip6 is not for IPv4": ("v=spf1 ip6:::/0 -all", "fail"),
    "5.6 ip4 for an address of IPv4 in IPv6": ("v=spf1 ip4:192.0.2.7 -all", "pass", f"::ffff:{IP}"),
    "5.7 exists": ("v=spf1 exists:near.net -all", "pass"),
    "5.7 exists asks for IPv4, whoever asks": ("v=spf1 exists:out.here.net -all", "pass", IP6),
    "5.7 exists takes no length": ("v=spf1 exists:near.net/24 -all", "permerror"),
    "5.7 exists without a name": ("v=spf1 exists -all", "permerror"),
    "6 an unknown modifier": ("v=spf1 moo=%{d}x ip4:192.0.2.7 -all", "pass"),
    "6 with a macro that is none": ("v=spf1 moo=%abc ip4:192.0.2.7 -all", "permerror"),
    "6 modifiers anywhere": ("v=spf1 redirect=pass.net ip4:198.51.100.1", "pass"),
    "6 redirect twice": ("v=spf1 redirect=pass.net redirect=pass.net", "permerror"),
    "6 exp twice": ("v=spf1 exp=a.net exp=b.net ip4:192.0.2.7 -all", "permerror"),
    "6.1 redirect": ("v=spf1 redirect=fail.net", "fail"),
    "6.1 redirect to none": ("v=spf1 redirect=none.net", "permerror"),
    "6.1 redirect of nothing": ("v=spf1 redirect=", "permerror"),
    "6.1 an all outdoes it": ("v=spf1 redirect=pass.net ?all", "neutral"),
    "6.1 what matched outdoes it": ("v=spf1 ip4:192.0.2.7 redirect=fail.net", "pass"),
    "6.1 redirect to neutral": ("v=spf1 redirect=empty.net", "neutral"),
    "6.1 of a name made of the mail": ("v=spf1 redirect=%{d1r}.net", "permerror"),
    "6.2 exp changes nothing": ("v=spf1 exp=why.%{d} -all", "fail"),
    "6.2 exp of nothing": ("v=spf1 exp= -all", "permerror"),
    "7.2 the local part": ("v=spf1 exists:%{l}.here.net -all", "pass"),
    "7.2 the domain of the sender": ("v=spf1 exists:%{o}.made.net -all", "pass"),
    "7.2 the address, turned, and its kind": ("v=spf1 exists:%{ir}.%{v}.made.net -all", "pass"),
    "7.2 of IPv6, nibble by nibble": ("v=spf1 exists:%{ir}.%{v}.made.net -all", "pass", IP6),
    "7.2 the local part, turned": ("v=spf1 exists:%{lr}.made.net -all", "pass"),
    "7.2 its last part": ("v=spf1 exists:%{l1}.made.net -all", "pass"),
    "7.2 the last label of the domain": ("v=spf1 exists:%{d1}.made.net -all", "pass"),
    "7.2 a large letter is escaped": ("v=spf1 exists:%{S}.made.net -all", "pass"),
    "7.2 the name in EHLO": ("v=spf1 exists:%{h}.made.net -all", "pass"),
    "7.2 the validated name": ("v=spf1 exists:%{p}.made.net -all", "pass"),
    "7.2 a percent sign": ("v=spf1 exists:a%%.made.net -all", "pass"),
    "7.2 no parts at all": ("v=spf1 exists:%{d0}.made.net -all", "permerror"),
    "7.2 a letter that is none": ("v=spf1 exists:%{x}.made.net -all", "permerror"),
    "7.2 a letter for explanations alone": ("v=spf1 exists:%{c}.made.net -all", "permerror"),
    "7.2 a lonely percent sign": ("v=spf1 exists:%.made.net -all", "permerror"),
    "7.2 a brace that does not close": ("v=spf1 exists:%{d.made.net -all", "permerror"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_receiver_goes_by_each_section(case):
    """One domain's record, one mail."""
    record, wanted, *address = case
    zone = Zone({**RECORDS, ("TXT", "here.net"): [record] if record else []}, lost=LOST)

    found = check_host(zone, *(address or [IP]), "here.net", sender="ann.lee@mail.here.net", helo="helo.example")

    assert found == wanted


@pytest.mark.parametrize(
    "domain",
    ["localhost", "", "a..net", f"{'a' * 64}.net", f"{'a.' * 127}net", "."],
    ids=["one label", "none", "an empty label", "a label of 64", "255 letters", "a dot"],
)
def test_a_name_that_is_none_has_no_policy(domain):
    """§4.3: whatever would stand there is not asked for."""
    zone = Zone({("TXT", domain): ["v=spf1 +all"]})

    assert check_host(zone, IP, domain) is Result.NONE
    assert zone.asked == []


def test_a_mail_without_a_sender_is_the_postmasters():
    """§2.4 and §4.3: so is one whose sender has no local part."""
    zone = Zone({("TXT", "here.net"): ["v=spf1 exists:%{l}.net -all"], ("A", "postmaster.net"): [IP]})

    assert check_host(zone, IP, "here.net") is Result.PASS
    assert check_host(zone, IP, "here.net", sender="@here.net") is Result.PASS


def test_a_name_that_grew_too_long_loses_its_first_labels():
    """§7.3: what is left has at most 253 letters."""
    local = ".".join(["a" * 60] * 5)
    zone = Zone({("TXT", "here.net"): ["v=spf1 exists:%{l}.made.net -all"]})

    check_host(zone, IP, "here.net", sender=f"{local}@here.net")

    asked = next(name for kind, name in zone.asked if kind == "A")
    assert asked.endswith(".made.net")
    assert len(asked) <= 253
