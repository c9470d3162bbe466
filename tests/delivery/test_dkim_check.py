"""Signatures as a receiver sees them: held against dkimpy's, and told apart from what was changed on the way."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.delivery.dkim import Signer, Signers
from digest.delivery.dkim_check import check_signatures
from tests.delivery.zone import Zone

AT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
RSA = Signer("news.example.org", "r1", generate_private_key(65537, 2048))
ED25519 = Signer("news.example.org", "e1", Ed25519PrivateKey.generate())
MAIL = (
    b"From: The Press <press@news.example.org>\r\nTo: ann@example.net\r\nSubject:  News \r\n\tof the day\r\n"
    b"Date: Mon, 23 Nov 2026 07:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
    b"\r\nGood  morning,\t Ann. \r\n\r\nShips wait.\r\n \r\n\r\n"
)
ZONE = Zone({("TXT", each.record_name()): [each.record] for each in (RSA, ED25519)})
SIGNED = Signers((RSA, ED25519)).sign(MAIL, AT)
PEM = RSA.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def verdicts(raw: bytes, zone: Zone | None = ZONE, now: datetime = AT) -> list[tuple[bool | None, str]]:
    """Return what becomes of each signature, and why."""
    return [(each.passes, each.why) for each in check_signatures(raw, zone, now)]


def test_a_mail_as_it_was_signed_passes():
    """Both algorithms, in order; as a file with LF too, and out of an mbox."""
    assert verdicts(SIGNED) == [(True, ""), (True, "")]
    assert verdicts(SIGNED.replace(b"\r\n", b"\n")) == [(True, ""), (True, "")]
    assert verdicts(b"From x@example.org Mon Nov 23\n" + SIGNED) == [(True, ""), (True, "")]


@pytest.mark.parametrize("how", [(b"simple", b"simple"), (b"simple", b"relaxed"), (b"relaxed", b"simple")])
def test_a_signature_by_another_program_is_understood(how):
    """dkimpy's, in each canonical form, with blanks and folds that the simple one keeps."""
    line = dkim.sign(MAIL, b"r1", b"news.example.org", PEM, canonicalize=how)

    assert verdicts(line + MAIL) == [(True, "")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b".", b"  ", b"\r\n\r\n", b"="]), max_size=30))
def test_any_body_is_hashed_as_dkimpy_hashes_it(pieces):
    """Blanks and empty lines, simple and relaxed."""
    mail = MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"".join(pieces) + b"\r\n"
    for how in ((b"relaxed", b"relaxed"), (b"simple", b"simple")):
        line = dkim.sign(mail, b"r1", b"news.example.org", PEM, canonicalize=how)

        assert verdicts(line + mail) == [(True, "")]


CHANGED = {
    "a word of the body": (SIGNED.replace(b"Ships", b"Boats"), "the body was changed"),
    "the subject": (SIGNED.replace(b"of the day", b"of the night"), "a covered header was changed"),
    "a second sender on top": (b"From: eve@example.net\r\n" + SIGNED, "a covered header was changed"),
    "the domain of the signature": (SIGNED.replace(b"d=news.", b"d=old."), "there is no key at"),
    "the version": (SIGNED.replace(b"v=1;", b"v=2;"), "no version of DKIM"),
    "an old algorithm": (SIGNED.replace(b"a=rsa-sha256", b"a=rsa-sha1").replace(b"a=ed25519-sha256", b"a=rsa-sha1"),
                         "not trusted any more"),
    "From left out": (SIGNED.replace(b"from:from:", b"fro:fro:"), "does not cover From"),
    "no hash": (SIGNED.replace(b" bh=", b" xh="), "it has no bh="),
    "base64 that is none": (SIGNED.replace(b" bh=", b" bh=!"), "base64"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "why"), CHANGED.values(), ids=CHANGED.keys())
def test_a_mail_that_was_changed_does_not_pass(raw, why):
    """And it is said what was."""
    found = verdicts(raw)

    assert [passes for passes, _ in found] == [False, False]
    assert all(why in said for _, said in found)


SHORT = (
    "v=DKIM1; p="
    + b64encode(
        RSAPublicNumbers(65537, (1 << 999) | 1)
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()
)
KEYS = {
    "no key": ([], "there is no key"),
    "a revoked key": (["v=DKIM1; p="], "is revoked"),
    "a key of another kind": (["v=DKIM1; k=ed25519; p=AAAA"], "is for something else"),
    "a key for something else": ([f"{RSA.record}; s=tlsrpt"], "is not for mail"),
    "a key that is torn": (["v=DKIM1; p=MIIB"], "cannot be read"),
    "a key of somebody else": ([Signer("a.example", "x", generate_private_key(65537, 2048)).record], "another key"),
    "a short key": ([SHORT], "has only 1000 bits"),
}  # fmt: skip


@pytest.mark.parametrize(("records", "why"), KEYS.values(), ids=KEYS.keys())
def test_a_key_that_does_not_fit_proves_nothing(records, why):
    """What stands in DNS is not the key that signed."""
    passes, said = verdicts(Signers((RSA,)).sign(MAIL, AT), Zone({("TXT", RSA.record_name()): records}))[0]

    assert passes is False
    assert why in said


def test_what_could_not_be_asked_is_not_called_wrong():
    """Without DNS the body is looked at all the same."""
    assert [passes for passes, _ in verdicts(SIGNED, None)] == [None, None]
    assert [passes for passes, _ in verdicts(SIGNED, Zone({}, silent=True))] == [None, None]
    assert [passes for passes, _ in verdicts(SIGNED.replace(b"Ships", b"Boats"), None)] == [False, False]


def test_a_signature_over_a_part_and_one_that_ended_are_told():
    """l= leaves the end open; x= has passed."""
    partial = dkim.sign(MAIL, b"r1", b"news.example.org", PEM, length=True)
    found = check_signatures(partial + MAIL + b"Buy now\r\n", ZONE, AT)
    ended = SIGNED.replace(b" t=", b" x=1700000000; t=")

    assert [(each.passes, each.is_partial) for each in found] == [(True, True)]
    assert {why for _, why in verdicts(ended, now=AT + timedelta(days=1))} == {"it has expired (x=)"}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(SIGNED)))
def test_any_bytes_are_looked_at(noise, at):
    """Never an error."""
    check_signatures(SIGNED[:at] + noise + SIGNED[at:], ZONE, AT)
    check_signatures(b"DKIM-Signature:" + noise, ZONE, AT)
