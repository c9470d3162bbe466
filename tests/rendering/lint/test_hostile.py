"""Whatever a file holds, lint ends with findings and not with an error of its own, and soon."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rendering.lint.clean import found, mail, shipped

WHOLE = [mail(), shipped("digest", "ja"), shipped("digest", "ar")]
SCRAPS = [
    b"\0", b"\r", b"\n", b"\n\n", b"\r\n", b"=?utf-8?b?", b"=?x?q?=FF?=", b"=?utf-8?b?A?=", b"?=", b"<", b">", b'"', b"\\",
    b"--sep", b"--sep--", b"Content-Type: multipart/mixed; boundary=sep\n\n", b"Content-Type: text/html\n\n", b";",
    b"From: (((", b"To: <<>>,,;:", b"Date: Mon, 99 Feb 0000 99:99:99 +9999", b"Message-ID: <@>", b"=", b"=Z", b"=\n",
    b"<table><table>", b'<p style="font-size:1e9em;color:rgb(999,1,1)">', b"<!--[if", b"]]>", b"<html", b"</html>",
    b"<style>@media{{{", b"}}}", b"<style>@media (prefers-color-scheme: dark) { .a { color: #", b"\xff\xfe", b"\xed\xa0\x80",
    b"charset=utf-16", b"charset=idna", b"charset=\"", b"xn--", b"https://[", b"https://@:/?#", b"mailto:", b"eyJ.eyJ.x",
    "ÿ\u2028\u202e\U0001f600".encode(), b"&#xd800;", b"&#0;", b"Content-Transfer-Encoding: base64\n", b"\t \t",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_looked_at(raw: bytes) -> None:
    """Bytes by chance."""
    assert all(each.remark.what for each in found(raw))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(SCRAPS) | st.binary(max_size=12), max_size=30))
def test_scraps_of_mails_are_looked_at(scraps: list[bytes]) -> None:
    """What mails are made of, in any order."""
    assert all(str(each.remark.place) is not None for each in found(b"".join(scraps)))


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(WHOLE), st.randoms(use_true_random=False))
def test_a_mail_with_damage_is_looked_at(whole: bytes, chance: random.Random) -> None:
    """Cut, with scraps put in, with bytes turned."""
    raw = bytearray(whole)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(raw) or 1)
        match chance.randrange(4):
            case 0:
                raw[at:at] = chance.choice(SCRAPS)
            case 1:
                del raw[at : at + chance.randint(1, 500)]
            case 2:
                raw[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                raw[at:at] = raw[: chance.randint(1, 300)]

    assert isinstance(found(bytes(raw)), list)


HEAD = b"From: a@example.org\nTo: b@example.org\nContent-Type: text/html; charset=utf-8\n\n"
MULTI = b"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n"
LONG = {
    "nothing": b"",
    "one line": b"x" * 1_000_000,
    "no header": b"\n" * 300_000,
    "headers without end": b"X-A: b\n" * 100_000,
    "folds without end": b"Subject: a\n" + b" b\n" * 200_000,
    "encoded words without end": b"Subject: " + b"=?utf-8?q?a?= " * 50_000,
    "half encoded words": b"Subject: " + b"=?" * 200_000,
    "addresses without end": b"To: " + b"a@example.org, " * 50_000,
    "quotes": b'From: "' + b'\\"' * 100_000,
    "open quotes": b"From: " + b'"a\\' * 100_000,
    "brackets": b"From: " + b"(" * 200_000,
    "parameters": b"Content-Type: text/plain" + b'; a="' * 50_000,
    "list addresses": b"List-Unsubscribe: " + b"<" * 200_000,
    "parts in parts": b"".join(MULTI % (b"b%d" % n, b"b%d" % n) for n in range(2_000)),
    "many parts": MULTI % (b"b", b"b") + b"\na\n--b\n" * 20_000,
    "deep tables": HEAD + b"<table><tr><td>" * 20_000,
    "deep spans": HEAD + b"<span style='color:red'>a" * 5_000,
    "open links": HEAD + b"<a href=x>y" * 20_000,
    "brace after brace": HEAD + b"<style>" + b"{" * 300_000,
    "media after media": HEAD + b"<style>" + b"@media{}" * 40_000,
    "open media": HEAD + b"<style>" + b"@media{" * 40_000,
    "comments": HEAD + b"<!--[if " * 50_000,
    "placeholders": HEAD + b"{{" * 100_000,
    "blanks": HEAD + b" " * 500_000,
    "one long word": HEAD + b"<p>" + b"a" * 500_000,
    "angles": HEAD + b"<" * 300_000,
    "text of angles": HEAD.replace(b"html", b"plain") + b"<p" * 200_000,
    "text of braces": HEAD.replace(b"html", b"plain") + b"{a:" * 200_000,
    "invisible filling": HEAD + "\u200c\u00ad ".encode() * 50_000,
    "ampersands": HEAD + b"&amp;" * 100_000,
    "quoted-printable": HEAD.replace(b"\n\n", b"\nContent-Transfer-Encoding: quoted-printable\n\n") + b"=" * 500_000,
    "base64": HEAD.replace(b"\n\n", b"\nContent-Transfer-Encoding: base64\n\n") + b"A=" * 200_000,
    "a web token": b"List-Unsubscribe: <https://a.example/" + b"eyJ" * 600 + b"." + b"eyJ" * 600 + b".x>\n\n",
    "a nested claim": b"List-Unsubscribe: <https://a.example/eyJh.eyJ" + b"W1tb" * 400 + b".x>\n\n",
    "a domain": b"From: a@" + b"xn--a." * 50_000,
    "a font": HEAD + b"<p style='" + b"a:b;" * 100_000 + b"'>x",
}


@pytest.mark.parametrize("name", LONG)
def test_a_mail_made_to_keep_us_busy_does_not(name: str) -> None:
    """Megabytes of the same are dealt with in a few seconds at most, on a busy machine too."""
    start = time.process_time()
    findings = found(LONG[name])

    assert findings
    assert time.process_time() - start < 4.0
