"""DKIM: what two verifiers of other origin say of our signatures, and that nothing can be added to a signed mail."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from digest.delivery.content import END_OF_DATA, wire_content
from digest.delivery.dkim import (
    ALWAYS_SIGNED,
    SIGNED_WHEN_THERE,
    Signer,
    Signers,
    _canonical,
    _fields,
    _header_data,
    body_digest,
)
from digest.errors import BadInput
from digest.pipeline.previewing.preview import preview
from tests.sink import Do

AT = datetime(2025, 11, 24, 7, 0, tzinfo=UTC)
RSA = Signer("news.example.org", "rsa2025", generate_private_key(65537, 2048))
ED25519 = Signer("news.example.org", "ed2025", Ed25519PrivateKey.generate())
BOTH = Signers((RSA, ED25519))
OPENDKIM = shutil.which("opendkim") or shutil.which("/usr/sbin/opendkim")
HEAD = (
    b"From: The Press <press@news.example.org>\r\nTo: ann@example.net\r\nSubject: News\r\n"
    b"Date: Mon, 24 Nov 2025 07:00:00 +0000\r\nMessage-ID: <1@news.example.org>\r\nMIME-Version: 1.0\r\n"
    b"List-Id: <daily.news.example.org>\r\nList-Unsubscribe: <https://news.example.org/u/1>,\r\n"
    b" <mailto:press@news.example.org>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"Feedback-ID: 1:daily:press:example\r\nAuto-Submitted: auto-generated\r\nPrecedence: bulk\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
)
MESSAGE = HEAD + b"\r\nGood morning, Ann.\r\n\r\nShips wait no longer.\r\n"
HARD = {
    "dots": HEAD + b"\r\n.\r\n..\r\n.hidden\r\n",
    "a first line of dots": HEAD + b"\r\n..\r\n",
    "long lines": HEAD + b"\r\n" + b"word " * 400 + b"\r\n",
    "no line end at the end": HEAD + b"\r\nGood morning",
    "a blank at the end": HEAD + b"\r\nGood morning  ",
    "empty lines at the end": HEAD + b"\r\nGood morning\r\n \r\n\t\r\n\r\n",
    "only empty lines": HEAD + b"\r\n\r\n\r\n",
    "an empty body": HEAD + b"\r\n",
    "no body at all": HEAD,
    "tabs and runs": HEAD + b"\r\n\tGood \t  morning \r\n",
    "an indented style sheet": HEAD + b"\r\np {\r\n    color: red;\r\n}\r\nGood  morning\r\nand good night\r\n",
    "a local part beyond ASCII": MESSAGE.replace(b"ann@", "жанна@".encode()),
    "folded and spaced fields": MESSAGE.replace(b"Subject: News", b"Subject:  News \r\n\t of   the \r\n day"),
    "two of a field": MESSAGE.replace(
        b"To: ", b"List-Help: <https://a.example>\r\nList-Help: <https://b.example>\r\nTo: "
    ),
}
hard = pytest.mark.parametrize("message", HARD.values(), ids=HARD)


def holds(message: bytes, *signers: Signer, sender: str = "news.example.org") -> bool:
    """Say what dkimpy thinks of the signatures, the first of the first signer."""
    records = {each.record_name(sender): each.record.encode() for each in signers}

    def record(name, timeout=5):
        return records[name.decode().rstrip(".")]

    checked = dkim.DKIM(message, minkey=2048)
    return all(checked.verify(place, dnsfunc=record) for place in range(len(signers)))


def opendkim_says(message: bytes, signer: Signer, folder) -> str:
    """Return OpenDKIM's sentence about the only signature of a message."""
    if OPENDKIM is None:
        pytest.skip("OpenDKIM is not installed (Debian: apt install opendkim)")
    (folder / "keys").write_text(f"{signer.record_name('news.example.org')} {signer.record}\n")
    (folder / "conf").write_text(f"Mode v\nSyslog no\nTestPublicKeys {folder}/keys\nSocket local:{folder}/socket\n")
    (folder / "mail.eml").write_bytes(message)
    done = subprocess.run(
        [OPENDKIM, "-x", folder / "conf", "-t", folder / "mail.eml"], capture_output=True, check=False, timeout=30
    )
    return (done.stdout + done.stderr).decode()


def tags(header: bytes) -> dict[str, str]:
    """Return the tags of a message's first signature."""
    value = message_from_bytes(header, policy=policy.compat32)["DKIM-Signature"]
    return dict(tag.strip().split("=", 1) for tag in re.sub(r"\s+", "", value).split(";"))


def test_both_signatures_hold_for_dkimpy():
    """RSA first, Ed25519 second, each under its own selector."""
    signed = BOTH.sign(MESSAGE, AT)

    assert holds(signed, RSA, ED25519)
    assert signed.endswith(MESSAGE)


@hard
def test_hard_mails_hold_for_dkimpy(message):
    """Also as the server has them, once the wire's own dots are gone."""
    signed = BOTH.sign(message, AT)
    wire = wire_content(signed).removesuffix(END_OF_DATA)

    assert holds(signed, RSA, ED25519)
    assert holds((b"\n" + wire).replace(b"\n.", b"\n")[1:], RSA, ED25519)


@hard
@pytest.mark.parametrize("signer", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_hard_mails_hold_for_opendkim(message, signer, tmp_path):
    """A verifier written by others, in another language."""
    if message is HARD["no body at all"]:
        message += b"\r\n"

    assert "succeeded" in opendkim_says(Signers((signer,)).sign(message, AT), signer, tmp_path)


@pytest.mark.parametrize("signer", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_opendkim_sees_a_changed_word(signer, tmp_path):
    """Or its praise would be worth nothing."""
    signed = Signers((signer,)).sign(MESSAGE, AT).replace(b"Ships", b"Chips")

    assert "failed" in opendkim_says(signed, signer, tmp_path)


def test_the_signature_says_what_it_should():
    """RFC 6376 §3.5: relaxed/relaxed, the moment of Date, no l=; lines of at most 78 characters."""
    signed = BOTH.sign(MESSAGE, AT)
    found = tags(signed)
    header = signed[: signed.index(b"From: ")]

    assert {name: found[name] for name in ("v", "a", "c", "d", "s", "q", "t")} == {
        "v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": "news.example.org", "s": "rsa2025",
        "q": "dns/txt", "t": str(int(AT.timestamp())),
    }  # fmt: skip
    assert set(found) == {"v", "a", "c", "d", "s", "q", "t", "h", "bh", "b"}
    assert max(len(line) for line in header.split(b"\r\n")) <= 78


def test_every_field_that_matters_is_named_once_more_than_it_occurs():
    """RFC 8058 §4 wants both List-Unsubscribe fields signed; the extra name keeps a second one out."""
    names = tags(BOTH.sign(MESSAGE, AT))["h"].split(":")

    there = {field.lower() for field in message_from_bytes(MESSAGE)} - {"precedence"}
    assert {name for name in names if names.count(name) == 2} == there
    assert set(names) - there == {"cc", "reply-to", "sender", "content-transfer-encoding"}


ADDED = (
    "From: x@evil.example", "Subject: Act now", "List-Unsubscribe: <https://evil.example>", "To: b@example.net",
    "List-Unsubscribe-Post: no", "Reply-To: x@evil.example", "Sender: x@evil.example", "Cc: x@evil.example",
    "Content-Type: text/html", "Content-Transfer-Encoding: base64", "Date: Mon, 1 Jan 2024 00:00:00 +0000",
    "Message-ID: <2@evil.example>", "MIME-Version: 2.0", "List-Id: <evil.example>", "Feedback-ID: a:b:c:evil0",
    "Auto-Submitted: no",
)  # fmt: skip


@pytest.mark.parametrize("line", ADDED, ids=[line.partition(":")[0] for line in ADDED])
@pytest.mark.parametrize("signer", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_nobody_can_add_a_second_field(line, signer):
    """Neither above the mail, nor below its last field."""
    signed = Signers((signer,)).sign(MESSAGE, AT)
    added = line.encode() + b"\r\n"

    assert holds(signed, signer)
    assert not holds(added + signed, signer)
    assert not holds(signed.replace(b"Precedence", added + b"Precedence"), signer)


def test_what_relays_add_breaks_nothing():
    """Trace fields, and the like of what a mail lacks that providers put in."""
    bare = re.sub(rb"(?:Feedback-ID|List-\S+|Auto-Submitted):.*\r\n(?: .*\r\n)*", b"", MESSAGE)
    signed = Signers((ED25519,)).sign(bare, AT)

    assert b"List-" not in bare
    assert holds(b"Received: from a\r\nReturn-Path: <a@b.example>\r\nFeedback-ID: relay\r\n" + signed, ED25519)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_byte_breaks_the_signature_unless_relaxed_excuses_it(data):
    """What the reader's verifier lets pass is what relaxed canonicalisation says is the same, and nothing more."""
    signed = Signers((ED25519,)).sign(MESSAGE, AT)
    start = signed.index(b"From: ")
    at = data.draw(st.integers(start, len(signed) - 1))
    put = data.draw(st.sampled_from([b"", b"x", b" ", b"\t", b"  ", b"\r\n", b"=", b"."]))
    gone = data.draw(st.integers(0, 2))
    changed = signed[:at] + put + signed[at + gone :]
    # What makes no line end of a mail is refused on the wire; dkimpy mends it first.
    assume(not re.search(rb"(?<!\r)\n|\r(?!\n)", changed))
    # Blanks before the colon of a field are excused (RFC 6376 §3.4.2), but dkimpy does not find such a field.
    assume(not re.search(rb"\r\n[!-9;-~]+[ \t]+:", changed))
    # Nor does it take blanks off a last line that has no end (§3.4.4).
    assume(not changed.endswith((b" ", b"\t")))
    before, after = (_meaning(mail[start:]) for mail in (signed, changed))

    try:
        held = holds(changed, ED25519)
    except (dkim.DKIMException, dkim.UnknownKeyTypeError):
        held = False
    assert held == (before == after)


def _meaning(mail: bytes) -> object:
    """Return what relaxed keeps of the signed part of *mail*, by another way than the program's; None: no mail."""
    head, blank, body = mail.partition(b"\r\n\r\n")
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", head)
    if not blank:
        return object()
    fields: dict[bytes, list[bytes]] = {}
    for line in unfolded.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or re.search(rb"\s", name.rstrip(b" \t")) or not name:
            return object()
        fields.setdefault(name.rstrip(b" \t").lower(), []).append(re.sub(rb"[ \t]+", b" ", value).strip(b" "))
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    signed = {name: values for name, values in fields.items() if name.decode() in (*ALWAYS_SIGNED, *SIGNED_WHEN_THERE)}
    return signed, lines


@given(st.lists(st.sampled_from([b"\r\n", b" ", b"  ", b"\t", b"a", b".", b"bc", b"a\r\n", b"    b"]), max_size=25))
def test_the_fast_body_hash_is_the_slow_one(pieces):
    """Hashing the bytes as they stand gives what RFC 6376 §3.4.4 gives, line by line."""
    body = b"".join(pieces)
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()

    expected = hashlib.sha256(b"".join(line + b"\r\n" for line in lines)).digest()
    assert body_digest(b"Head:  er\r\n\r\n" + body, 13) == expected


def test_the_examples_of_rfc_6376():
    """§3.4.5 for both canonical forms, §3.4.4 for the empty body."""
    body = b" C \r\nD \t E\r\n\r\n\r\n"

    assert _fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\n") == {"a": [b"a:X\r\n"], "b": [b"b:Y Z\r\n"]}
    assert body_digest(body, 0) == hashlib.sha256(b" C\r\nD E\r\n").digest()
    assert b64encode(body_digest(b"", 0)) == b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_the_example_of_rfc_8463():
    """Appendix A: key, record, body hash and Ed25519 signature, to the byte."""
    key = Ed25519PrivateKey.from_private_bytes(b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="))
    signer = Signer("football.example.com", "brisbane", key)
    head = (
        b"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n"
        b"Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
        b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    )
    body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    header = (
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com;"
        b" i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date :"
        b" message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b="
    )
    names = ("from", "to", "subject", "date", "message-id", "from", "subject", "date")

    signature = signer.signature(_header_data(_fields(head), names) + _canonical(header))

    assert signer.record == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert b64encode(body_digest(body, 0)) == b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    assert b64encode(signature) == (
        b"/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
    )


@pytest.mark.parametrize("bits", [1024, 2047, 4104])
def test_a_key_that_verifiers_would_not_take_signs_nothing(bits):
    """RFC 8301 §3.2."""
    key = generate_private_key(65537, bits)

    with pytest.raises(BadInput, match=rf"{bits} bits; make one with 2048"):
        Signer("news.example.org", "old", key)


@pytest.mark.parametrize(
    ("domain", "selector"), [("two words", "s"), ("d.example", ""), ("d.example", "a;b=c"), ("bücher.example", "s")]
)
def test_a_name_that_would_break_the_header_is_refused(domain, selector):
    """Selector and domain stand in tags and in DNS."""
    with pytest.raises(BadInput, match="cannot be a DKIM"):
        Signer(domain, selector, ED25519.key)


def test_a_long_domain_and_selector_still_make_lines_that_verify():
    """A tag cannot be folded inside a name, so its line is as long as it must be."""
    domain = f"{'a' * 60}.{'b' * 60}.example.org"
    signer = Signer(domain, f"{'s' * 40}.{'t' * 30}", ED25519.key)

    assert holds(Signers((signer,)).sign(MESSAGE, AT), signer)


@pytest.mark.parametrize(
    ("sender", "domain", "signs"),
    [
        (b"press@news.example.org", "", "news.example.org"),
        (b'"a@b <c>" <press@news.example.org>', "", "news.example.org"),
        (b"press@news.example.org", "xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
    ids=["bare", "with a name", "told"],
)
def test_without_a_domain_of_its_own_the_senders_signs(sender, domain, signs):
    """So one key serves every newsletter, aligned with its From (DMARC)."""
    mail = MESSAGE.replace(b"The Press <press@news.example.org>", sender)

    found = tags(Signers((replace(ED25519, domain=""),)).sign(mail, AT, domain=domain))

    assert found["d"] == signs


def test_what_cannot_be_signed_is_told():
    """No From, a From without domain, a time without a zone."""
    for mail, at, why in (
        (b"To: a@example.org\r\n\r\n", AT, "without From"),
        (b"From: nobody\r\n\r\n", AT, "DIGEST_DKIM_DOMAIN"),
        (MESSAGE, AT.replace(tzinfo=None), "time zone"),
    ):
        with pytest.raises(BadInput, match=why):
            Signers((replace(ED25519, domain=""),)).sign(mail, at)


def test_line_ends_that_the_wire_would_mend_are_mended_before_signing():
    """Nothing touches a signed mail any more (RFC 6376 §5.3)."""
    signed = BOTH.sign(MESSAGE.replace(b"\r\n\r\nShips", b"\n\rShips\0"), AT)

    assert wire_content(signed) == signed + END_OF_DATA
    assert holds(signed, RSA, ED25519)


def test_what_a_server_has_holds_for_opendkim_too(house, sink, tmp_path):
    """The bytes as they came over the wire, not as they were made."""
    house.clock.at = AT
    house.article()
    house.reader("ann@example.net", name="Ann")
    house.installation = replace(house.installation, signers=Signers((RSA,)))

    house.move(hours=2)
    house.send(sink)

    assert "succeeded" in opendkim_says(sink.mails[0].content, RSA, tmp_path)


def test_a_reader_gets_a_signed_mail_and_a_preview_shows_it(house, sink):
    """What the server has verifies, the second copy too, which is the same to the byte; below stands the bare mail."""
    house.clock.at = AT - timedelta(hours=1)
    house.article()
    house.reader("ann@example.net", name="Ann")
    house.move(hours=2)
    bare = preview(house.installation, "daily", "ann@example.net", at=house.clock.now()).raw
    signers = tuple(replace(each, domain="") for each in (RSA, ED25519))
    house.installation = replace(house.installation, signers=Signers(signers))
    shown = preview(house.installation, "daily", "ann@example.net", at=house.clock.now()).raw
    sink.script = lambda recipient, number: Do.LOSE_REPLY if number == 1 else Do.TAKE

    house.send(sink)
    sent_at = house.clock.now()
    house.move(hours=1)
    house.dispatch(sink)

    first, second = (mail.content for mail in sink.mails)
    assert first == second
    assert holds(first, *signers, sender="example.org")
    assert tags(first)["t"] == str(int(sent_at.timestamp()))
    assert shown.endswith(bare)
    assert holds(shown, *signers, sender="example.org")
