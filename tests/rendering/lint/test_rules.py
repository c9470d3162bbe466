"""Each rule finds what it is there for: one thing spoilt in a good mail."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest

from digest.rendering.lint.rules import RULES
from tests.rendering.lint.clean import LEAVE, READER, found, mail, rules

Spoil = Callable[[], bytes]


def head(old: str, new: str) -> Spoil:
    """Return a maker of the mail with something else in its head; *old* is a pattern."""
    return lambda: mail(head=lambda text: changed(text, old, new))


def html(old: str, new: str) -> Spoil:
    return lambda: mail(html=lambda text: changed(text, old, new))


def text(old: str, new: str) -> Spoil:
    return lambda: mail(text=lambda body: changed(body, old, new))


def raw(old: bytes, new: bytes) -> Spoil:
    def spoil() -> bytes:
        before = mail()
        assert old in before
        return before.replace(old, new, 1)

    return spoil


def changed(before: str, old: str, new: str) -> str:
    after, count = re.subn(old, lambda match: match.expand(new) if "\\" in new else new, before, count=1)
    assert count, old
    return after


def added(line: str) -> Spoil:
    """Return a maker of the mail with one more header line."""
    return lambda: mail(head=lambda before: f"{line}\n{before}")


def alone() -> bytes:
    """Return the HTML without any text."""
    return mail().replace(b"multipart/alternative; boundary=sep", b"text/html; charset=utf-8")


def swapped() -> bytes:
    whole = mail()
    return (
        whole.replace(b"text/plain", b"text/x", 1)
        .replace(b"text/html", b"text/plain", 1)
        .replace(b"text/x", b"text/html")
    )


TOKEN = LEAVE.rpartition("/")[2]
HIDDEN = base64.urlsafe_b64encode(READER.address.encode()).decode().rstrip("=")
BODY = r"<body[^>]*>\n"
SPOILT = {
    "M1 two subjects": ("M1", added("Subject: Another")),
    "M1 no date": ("M1", head(r"Date: .*\n", "")),
    "M1 no version": ("M1", head(r"MIME-Version: 1.0\n", "")),
    "M2 two senders": ("M2", head("From: .*", "From: a@example.org, b@example.org")),
    "M2 no address": ("M2", head("From: .*", "From: The Press")),
    "M3 two readers": ("M3", head("To: .*", "To: a@example.org, b@example.org")),
    "M3 a copy": ("M3", added("Cc: b@example.org")),
    "M3 a group": ("M3", head("To: .*", "To: undisclosed-recipients:;")),
    "M4 no domain": ("M4", head("<s1q9yfwz0b@example.org>", "<s1q9yfwz0b>")),
    "M4 the reader": ("M4", head("<s1q9yfwz0b@", "<mina=example.net.7@")),
    "M4 another domain": ("M4", head("<s1q9yfwz0b@example.org>", "<s1q9yfwz0b@mail.example.com>")),
    "M5 a zone in letters": ("M5", head(r"\+0000", "GMT")),
    "M5 no such day": ("M5", head("Date: .*", "Date: Mon, 31 Feb 2026 06:30:00 +0000")),
    "M5 another weekday": ("M5", head("Date: Mon", "Date: Tue")),
    "M5 tomorrow": ("M5", head("Date: Mon, 23", "Date: Tue, 24")),
    "M6 only HTML": ("M6", alone),
    "M6 HTML first": ("M6", swapped),
    "M6 a link less": ("M6", text("https://press.example.net/tides", "https://press.example.net/tide")),
    "M6 a title less": ("M6", text("Tide tables go back", "Tide tables stay")),
    "M7 another charset": ("M7", raw(b"charset=utf-8", b"charset=iso-8859-1")),
    "M7 no charset": ("M7", raw(b"; charset=utf-8", b"")),
    "M7 a lost character": ("M7", html("Harbours", "Harbo\ufffdrs")),
    "M7 cannot be read": ("M7", raw(b"=C2=B7", b"=C2=41")),
    "M7 apart": ("M7", html("Harbours", "Ha\u0308rbours")),
    "M7 the page says otherwise": ("M7", html('charset="utf-8"', 'charset="latin1"')),
    "M8 a long line": ("M8", raw(b"=\r\n", b"")),
    "M8 no such escape": ("M8", raw(b"=C2=B7", b"=C2=ZZ")),
    "M8 no such encoding": ("M8", raw(b"quoted-printable", b"uuencode")),
    "M8 not ASCII": ("M8", lambda: mail().replace(b"quoted-printable", b"7bit").replace(b"Harbours", "Häfen".encode())),
    "M8 a NUL": ("M8", raw(b"Harbours", b"Harb\0urs")),
    "M8 a bare CR": ("M8", raw(b"Harbours", b"Harb\rours")),
    "M9 too long": ("M9", lambda: mail().replace(b"sep", b"s" * 71)),
    "M9 not there": ("M9", raw(b"boundary=sep", b"boundary=other")),
    "M9 cut off": ("M9", raw(b"--sep--", b"")),
    "M9 junk before": ("M9", raw(b"\r\n\r\n--sep", b"\r\n\r\nThis is a message in parts.\r\n--sep")),
    "M10 in a list id": ("M10", head("List-Id: .*", "List-Id: =?utf-8?q?Kai?= <courier.example.org>")),
    "M10 in an address": ("M10", head("From: .*", "From: Kai <=?utf-8?q?k?=@example.org>")),
    "M10 in quotes": ("M10", head("From: .*", 'From: "=?utf-8?q?Kai?=" <courier@example.org>')),
    "M10 too long": ("M10", head("Subject: .*", f"Subject: =?utf-8?q?{'a' * 70}?=")),
    "M10 half a character": ("M10", head("Subject: .*", "Subject: =?utf-8?q?=C3?= =?utf-8?q?=A4?=")),
    "M10 a long URL": ("M10", head("List-Unsubscribe: .*", "List-Unsubscribe: =?utf-8?q?=3Chttps=3A?=")),
    "M10 eight bits": ("M10", head("Subject: .*", "Subject: Häfen")),
    "M11 an encoded line end": ("M11", head("Subject: .*", "Subject: =?utf-8?q?a=0ABcc=3A_evil=40x?=")),
    "M11 a stray line": ("M11", head("Subject: (.*)", "Subject: \\1\nno header here")),
    "M11 a vertical tab": ("M11", head("Subject: ", "Subject: a\x0bb ")),
    "M11 U+2028": ("M11", head("Subject: .*", "Subject: =?utf-8?b?4oCo?= a")),
    "M12 a comma": ("M12", head("From: .*", "From: Press Quay. Courier <courier@example.org>")),
    "M12 an emoji": ("M12", head("From: .*", "From: =?utf-8?b?8J+agA==?= <courier@example.org>")),
    "M12 the reader": ("M12", head("From: .*", "From: mina@example.net <courier@example.org>")),
    "M13 its own script": ("M13", head("From: .*", "From: Press <press@bücher.example.org>")),
    "M13 no A-label": ("M13", head("From: .*", "From: Press <press@xn--a-ecp.example.org>")),
    "M13 a look-alike link": ("M13", html("https://press.example.net/tides", "https://xn--pypal-4ve.com/tides")),
    "M14 letters before the @": ("M14", head("To: .*", "To: grüße@example.net")),
    "M15 an answer": ("M15", head("Subject: ", "Subject: Re: ")),
    "M15 nothing": ("M15", head("Subject: .*", "Subject: ")),
    "M15 too long": ("M15", head("Subject: ", f"Subject: {'Tides ' * 12}")),
    "M16 one large": ("M16", added("X-Note: " + "\n ".join(["n" * 70] * 40))),
    "M16 many": ("M16", added("\n".join(f"X-Note-{n}: {'n' * 60}" for n in range(250)))),
    "M17 a path": ("M17", added("Return-Path: <b@example.org>")),
    "M17 a hidden reader": ("M17", added("Bcc: b@example.org")),
    "M17 a program": ("M17", added("X-Mailer: Mailer 4.2 on host17")),
    "M17 a copy": ("M17", added("Received: from a by b; Mon, 23 Nov 2026 06:30:00 +0000")),
    "M18 nobody": ("M18", head("From: .*", "From: Press <no-reply@example.org>")),
    "L1 none": ("L1", head(r"List-Unsubscribe: (.|\n )*\n", "")),
    "L1 no TLS": ("L1", head("List-Unsubscribe: <https", "List-Unsubscribe: <http")),
    "L1 the mailbox first": ("L1", head(r"(<https[^>]*>),\n (<mailto[^>]*>)", r"\2, \1")),
    "L1 too long": ("L1", head(TOKEN, TOKEN * 10)),
    "L1 two": ("L1", head("List-Unsubscribe: ", "List-Unsubscribe: <https://b.example.org/u>, ")),
    "L2 other words": ("L2", head("=One-Click", "=one-click")),
    "L2 none": ("L2", head(r"List-Unsubscribe-Post: .*\n", "")),
    "L3 not covered": ("L3", head("list-unsubscribe-post:", "")),
    "L3 no signature": ("L3", head(r"DKIM-Signature: (.|\n )*\n", "")),
    "L4 a fragment": ("L4", head(TOKEN, f"#{TOKEN}")),
    "L4 a login": ("L4", head("List-Unsubscribe: <https://", "List-Unsubscribe: <https://me:pw@")),
    "L6 the address": ("L6", head(TOKEN, f"{TOKEN}?m=mina%40example.net")),
    "L6 the address in base64": ("L6", head(TOKEN, f"{TOKEN}{'.'}{HIDDEN}")),
    "L6 too short": ("L6", head(TOKEN, "4711")),
    "L6 an end": ("L6", head(TOKEN, f"{TOKEN}?expires=1795415400")),
    "L9 no link": ("L9", lambda: mail(html=lambda body: re.sub("[Uu]nsubscribe", "Bye", body).replace(LEAVE, "https://news.example.org/x"))),
    "L9 no address": ("L9", lambda: mail(text=lambda body: re.sub("[Uu]nsubscribe.*", "Bye", body).replace(LEAVE, ""))),
    "L10 no mailbox": ("L10", head("<mailto:courier@example.org", "<mailto:courier")),
    "L10 nobody says who": ("L10", head(r"\?subject=[^>]*>", ">")),
    "L11 none": ("L11", head(r"List-Id: .*\n", "")),
    "L11 no name": ("L11", head("List-Id: .*", "List-Id: The Quay Courier")),
    "L11 of others": ("L11", head(r"<courier\.example\.org>", "<courier.example.com>")),
    "L12 no address": ("L12", added("List-Help: see the website")),
    "L12 all may write": ("L12", added("List-Post: <mailto:all@example.org>")),
    "L13 none": ("L13", head(r"Auto-Submitted: .*\n", "")),
    "L13 another": ("L13", head("auto-generated", "auto-replied")),
    "L14 urgent": ("L14", head("Precedence: bulk", "Precedence: first-class")),
    "L15 hides bounces": ("L15", head("OOF, AutoReply", "All")),
    "L15 none": ("L15", head(r"X-Auto-Response-Suppress: .*\n", "")),
    "L17 none": ("L17", head(r"Feedback-ID: .*\n", "")),
    "L17 too short": ("L17", head("Feedback-ID: .*", "Feedback-ID: a:b:c")),
    "L17 the reader": ("L17", head("Feedback-ID: .*", "Feedback-ID: mina@example.net:courier:exampleorg")),
    "L17 not covered": ("L17", head("feedback-id:", "")),
    "L18 no address": ("L18", added("CFBL-Address: see the website")),
    "L18 not covered": ("L18", lambda: mail(head=lambda it: "CFBL-Address: f@example.org\n" + it.replace(":cfbl-address", ""))),
    "L19 no choice": ("L19", html("Change your preferences", "Bye")),
    "L19 to whom": ("L19", html("mina@example.net", "you")),
    "H1 clipped": ("H1", html("</body>", "<!-- " + "x" * 100_000 + " --></body>")),
    "H1 large": ("H1", html("</body>", "<!-- " + "x" * 70_000 + " --></body>")),
    "H2 no role": ("H2", html(' role="presentation"', "")),
    "H2 spaces": ("H2", html('cellpadding="0"', 'cellpadding="4"')),
    "H2 too wide": ("H2", html('width="600"( [^>]*style=)', r'width="800"\1')),
    "H2 a grid": ("H2", html('style="margin:0;', 'style="display: grid; margin:0;')),
    "H3 not closed": ("H3", html(r"<!\[endif\]-->", "-->")),
    "H4 a large sheet": ("H4", html("<style>", "<style>/* " + "x" * 17_000 + " */")),
    "H4 in the body": ("H4", html(BODY, "<body><style>p { margin: 0 }</style>")),
    "H4 only there": ("H4", lambda: mail(html=lambda body: re.sub(r"font-size:[^;\"}]*;?", "", body).replace("<style>", "<style>p { font-size: 16px }"))),
    "H5 too weak": ("H5", html("color:#1f1d1a", "color:#bbbbbb")),
    "H5 too weak at night": ("H5", html("color: #dedad1", "color: #333333")),
    "H5 no dark mode": ("H5", html('<meta name="color-scheme"[^>]*>', "")),
    "H6 hidden": ("H6", html(BODY, r'\g<0><div style="display:none">Psst</div>')),
    "H6 tiny": ("H6", html(BODY, r'\g<0><div style="font-size:1px">Psst</div>')),
    "H6 filled": ("H6", html(BODY, r"\g<0><p>" + "&zwnj;&nbsp;" * 20 + "</p>")),
    "H6 begins with a way out": ("H6", html("Three ports print their tide tables again.", "")),
    "H7 no words": ("H7", html(r' alt="[^"]*"', "")),
    "H7 no size": ("H7", html(r'(<img[^>]*) height="\d+"', r"\1")),
    "H7 data": ("H7", html("https://press.example.net/tides.jpg", "data:image/png;base64,AAAA")),
    "H7 a drawing": ("H7", html("tides.jpg", "tides.svg")),
    "H7 a spy": ("H7", html("</body>", '<img src="https://x.example/1" width="1" height="1" alt=""></body>')),
    "H8 no language": ("H8", html(r'<html lang="en" dir="ltr">', "<html>")),
    "H8 no language inside": ("H8", html(r'role="article"([^>]*) lang="en" dir="ltr"', r"\1")),
    "H8 no title": ("H8", html("<title>.*</title>", "<title></title>")),
    "H8 two h1": ("H8", html("<h2 ", "<h1>Again</h1><h2 ")),
    "H8 click here": ("H8", html(">Change your preferences<", ">click here<")),
    "H8 small": ("H8", html("font-size:17px", "font-size:11px")),
    "H8 tight": ("H8", html("line-height:1.6", "line-height:1.1")),
    "H9 an article": ("H9", html("</body>", "<article>A</article></body>")),
    "H10 from the left": ("H10", html(BODY, r"\g<0><p>الموانئ تعود إلى</p>")),
    "H10 no direction": ("H10", html(BODY, r'\g<0><p lang="he">abc</p>')),
    "H11 a font": ("H11", html("<style>", "<style>@font-face { font-family: X }")),
    "H11 nothing to fall back on": ("H11", html("Arial, sans-serif", "Arial")),
    "H12 a stub": ("H12", lambda: mail(text=lambda _: "Please view this mail in your browser.\n")),
    "H12 markup": ("H12", text("Hello", "<p>Hello&nbsp;")),
    "H12 a long line": ("H12", text("Hello", "Hello " * 30)),
    "H13 no TLS": ("H13", html("https://press.example.net/tides", "http://press.example.net/tides")),
    "H13 relative": ("H13", html("https://press.example.net/tides", "/tides")),
    "H13 a number": ("H13", html("https://press.example.net/tides", "https://192.0.2.7/tides")),
    "H13 shortened": ("H13", html("https://press.example.net/tides", "https://bit.ly/tides")),
    "H13 elsewhere": ("H13", html(">Change your preferences<", ">www.example.com/choose<")),
    "H14 code": ("H14", html("https://press.example.net/tides", "java\tscript:alert(1)")),
    "H14 a placeholder": ("H14", html("Hello", "Hello {{ first_name }}")),
    "H14 twice": ("H14", html("Hello", "Hello &amp;amp;")),
    "H15 a script": ("H15", html("</body>", "<script>go()</script></body>")),
    "H15 a form": ("H15", html("</body>", "<form></form></body>")),
    "H15 a handler": ("H15", html("<h2 ", '<h2 onclick="go()" ')),
    "H15 a sheet from outside": ("H15", html("</head>", '<link rel="stylesheet" href="https://x.example/a.css"></head>')),
    "H15 an address in the sheet": ("H15", html("<style>", "<style>.a { background: url(https://x.example/a.png) }")),
    "H16 a selector": ("H16", added("BIMI-Selector: brand")),
    "H17 AMP": ("H17", html("<html ", "<html amp4email ")),
    "H18 the order": ("H18", html("</body>", '<a href="https://news.example.org/p/1" style="font-size:14px">Preferences</a></body>')),
    "C1 a property": ("C1", html("font-size:", "text-shadow: 0 0 1px #000; font-size:")),
    "C1 an element": ("C1", html("</body>", "<marquee>Hello</marquee></body>")),
    "H18 nobody": ("H18", html(r'<p class="postal(.|\n)*?</p>', "")),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_spoilt_is_found_by_its_rule(name: str) -> None:
    """And the finding says what to do."""
    rule, spoil = SPOILT[name]

    findings = [each for each in found(spoil()) if each.rule == rule]
    assert findings, rules(spoil())
    assert all(each.remark.what and each.remark.remedy for each in findings)


def test_every_rule_has_something_that_breaks_it_or_says_who_checks_it() -> None:
    """M1-M18, L1-L19, H1-H18, C1, each once and in order."""
    numbers = {"M": 18, "L": 19, "H": 18, "C": 1}
    assert [rule.id for rule in RULES] == [f"{letter}{n + 1}" for letter, most in numbers.items() for n in range(most)]
    assert {rule.id for rule in RULES if rule.check} == {rule for rule, _ in SPOILT.values()}
    assert all(bool(rule.check) != bool(rule.elsewhere) for rule in RULES)
