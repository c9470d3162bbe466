"""A received mail as a provider sees it, with a DNS of our own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.delivery.dkim import Signer, Signers
from digest.pipeline.doctor.received import received
from digest.pipeline.doctor.verdict import Line, Verdict
from tests.delivery.zone import Zone
from tests.rendering.lint.clean import NOW, shipped

KEY = Signer("example.org", "r1", generate_private_key(65537, 2048))
GOOD = {
    ("TXT", KEY.record_name()): [KEY.record],
    ("TXT", "_dmarc.example.org"): ["v=DMARC1; p=none; rua=mailto:dmarc@example.org"],
    ("TXT", "bounce.example.org"): ["v=spf1 ip4:8.8.8.8 -all"],
}
TRACE = (
    b"Return-Path: <b+1@bounce.example.org>\r\n"
    b"Received: from out.example.org (out.example.org [8.8.8.8]) by mx.example.net ([8.8.4.4])\r\n"
    b" with ESMTPS id 1; Mon, 23 Nov 2026 06:31:02 +0000\r\n"
)
LATER = datetime(2027, 3, 1, tzinfo=UTC)  # when somebody looks at it; the mail is no worse for that
SIGNED = Signers((KEY,)).sign(shipped("digest", "en"), NOW)


def lines(raw: bytes = TRACE + SIGNED, zone: Zone | None = None, *, offline: bool = False) -> list[Line]:
    return list(received(raw, None if offline else zone or Zone(GOOD), LATER))


def failed(found: list[Line]) -> set[str]:
    """Return the checks that failed; each says what to do."""
    assert all(each.remedy for each in found if each.verdict is not Verdict.OK)
    return {each.check for each in found if each.verdict is Verdict.FAIL}


def test_a_mail_with_everything_in_order_has_nothing_to_do():
    """Signature, SPF, DMARC by both, one click, size, and no rule broken."""
    found = lines()

    assert [(each.check, each.verdict, each.says) for each in found if each.verdict is not Verdict.OK] == []
    assert "pass by DKIM and SPF; p=none" in next(each.says for each in found if each.check.startswith("dmarc"))
    assert {each.check.partition(" ")[0] for each in found} == {"dkim", "spf", "dmarc", "one", "size", "rules"}


WRONG = {
    "nobody signed": (TRACE + shipped("digest", "en"), GOOD, {"dkim", "one click"}),
    "changed on the way": (
        TRACE + SIGNED.replace(b"Subject: ", b"Subject: [list] "), GOOD, {"dkim example.org", "one click"},
    ),
    "from another machine": (TRACE.replace(b"[8.8.8.8]", b"[9.9.9.9]") + SIGNED, GOOD, {"spf bounce.example.org"}),
    "no policy": (TRACE + SIGNED, {**GOOD, ("TXT", "_dmarc.example.org"): []}, {"dmarc example.org"}),
    "nothing speaks for From": (
        TRACE.replace(b"bounce.example.org", b"esp.example.net") + SIGNED,
        {**GOOD, ("TXT", KEY.record_name()): [], ("TXT", "esp.example.net"): ["v=spf1 ip4:8.8.8.8 -all"]},
        {"dkim example.org", "dmarc example.org", "one click"},
    ),
    "no one click": (
        TRACE + Signers((KEY,)).sign(
            shipped("digest", "en").replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""), NOW
        ),
        GOOD, {"one click", "rule L2"},
    ),
    "two senders": (
        TRACE + b"From: eve@example.net\r\n" + SIGNED, GOOD,
        {"dkim example.org", "one click", "dmarc example.net", "rule M1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "records", "wanted"), WRONG.values(), ids=WRONG.keys())
def test_what_a_provider_would_mind_is_told(raw, records, wanted):
    """One thing wrong, and what follows from it."""
    assert failed(lines(raw, Zone(records))) >= wanted


def test_without_dns_what_stands_in_the_mail_is_looked_at():
    """Nothing fails for that; what was changed still does."""
    assert failed(lines(offline=True)) == set()
    assert failed(lines(zone=Zone({}, silent=True))) == set()
    assert "dkim example.org" in failed(lines(TRACE + SIGNED.replace(b"Courier", b"Carrier"), offline=True))


def test_what_the_receiver_noted_is_told():
    """Of Authentication-Results the uppermost is its own."""
    noted = b"Authentication-Results: mx.example.net; dkim=pass header.d=example.org; spf=softfail\r\n"

    first = lines(noted + TRACE + SIGNED)[0]

    assert (first.verdict, first.says) == (Verdict.WARN, "it noted dkim=pass, spf=softfail")


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 2000))
def test_any_file_is_looked_at(noise, at):
    """A mail with holes, or no mail."""
    lines(noise)
    assert lines((TRACE + SIGNED)[:at] + noise)
