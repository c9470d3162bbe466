"""The header section: every field folded by its own rule, and nothing from outside adds a field."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import BadInput
from digest.rendering.headers import (
    ConstantHeaders,
    NeedsSmtputf8,
    ascii_address,
    constant_headers,
    encoded_words,
    mailbox,
    unstructured,
)
from digest.rendering.views import Frame

WORD = re.compile(r"=\?utf-8\?([bq])\?[!->@-~]*\?=")
HOSTILE = [
    "=?utf-8?q?a=0ABcc=3A_evil=40example.org?=",
    "a\r\nBcc: evil@example.org",
    "a\nBcc: evil@example.org",
    "a\rX: y",
    "line\u2028separator",
    "vertical\vtab\fform",
    "next\x85line",
    "nul\x00byte",
    "\u202egnp.exe",
    "tr\ud800unc",
    "é" * 500,
    "日本語の長い題名" * 30,
    "👩‍👩‍👧‍👦" * 40,
    "a" * 1000,
    "",
    " ",
    "\ufdd0s:name\ufdd1",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_stays_one_subject(title: str) -> None:
    """Lines are at most 76 long and every continuation is folded."""
    lines = f"Subject: {unstructured(title, 9)}".split("\r\n")

    assert all(len(line) <= 76 for line in lines)
    assert all(line.startswith(" ") and line.strip() for line in lines[1:])
    assert "\n" not in "".join(lines)
    assert "\r" not in "".join(lines)


@given(st.text(max_size=300))
def test_an_encoded_title_is_read_back_as_it_was(text: str) -> None:
    """Each word decodes alone to whole characters, and together to the text (RFC 2047 §5)."""
    text = text.encode("utf-8", "ignore").decode()
    words = encoded_words(text, 9).split("\r\n ")

    decoded = [str(make_header(decode_header(word))) for word in words]

    assert "".join(decoded) == text or not text
    assert all(WORD.fullmatch(word) and len(word) <= 75 for word in words)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Example Digest", "Example Digest <d@example.org>"),
        ("Digest, weekly", '"Digest, weekly" <d@example.org>'),
        ('The "Daily"', '"The \\"Daily\\"" <d@example.org>'),
        ("", "d@example.org"),
        ("日報", "=?utf-8?b?5pel5aCx?= <d@example.org>"),
    ],
)
def test_a_sender_name_is_bare_quoted_or_encoded(name: str, written: str) -> None:
    """The address beside it is never encoded."""
    assert mailbox(name, "d@example.org", 6) == written


def test_a_reader_with_an_international_domain_is_written_to_by_a_labels() -> None:
    """IDNA 2008 keeps the sharp s."""
    assert ascii_address("zoe@bücher.example") == "zoe@xn--bcher-kva.example"
    assert ascii_address("zoe@straße.example") == "zoe@xn--strae-oqa.example"


def test_a_reader_with_an_international_name_needs_a_server_that_knows_it() -> None:
    """A clean failure for this reader, unless the server was asked (RFC 6531)."""
    with pytest.raises(NeedsSmtputf8, match="SMTPUTF8"):
        ascii_address("zoë@bücher.example")

    assert ascii_address("zoë@bücher.example", smtputf8=True) == "zoë@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b@example.org",
        "a b@example.org",
        "a\r\nBcc:x@example.org",
        '"a b"@example.org',
        "a@example.org\n",
        "a@-x.example",
        "=?utf-8?q?x?=@example.org",
        "x" * 65 + "@example.org",
        "<a@example.org>",
        "a@exa\u2028mple.org",
        "zoë\u2028@example.org",
    ],
)
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    """Refused, never altered."""
    with pytest.raises(BadInput):
        ascii_address(address, smtputf8=True)


def test_the_list_headers_are_exact(frame) -> None:
    """RFC 8058, 2919, 3834 and the feedback loop, literally."""
    lines = constant_headers(frame, "Hello", "b")

    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in lines.closing
    assert "List-Id: Example weekly <weekly.news.example.net>\r\n" in lines.identity
    assert "Auto-Submitted: auto-generated\r\n" in lines.closing
    assert "X-Auto-Response-Suppress: OOF, AutoReply\r\n" in lines.closing
    assert "Precedence: bulk\r\n" in lines.closing
    assert "Feedback-ID: w2026-47:weekly:acct1:exdigest\r\n" in lines.closing
    assert "List-Archive: <https://news.example.net/weekly/>\r\n" in lines.closing


def test_a_newsletter_named_in_another_script_keeps_its_list_id_literal(frame) -> None:
    """List-* fields are never encoded, so the name is left out there and encoded nowhere else than in From."""
    lines = constant_headers(replace(frame, name="週刊", sender_name="週刊"), "題", "b")

    assert "List-Id: <weekly.news.example.net>\r\n" in lines.identity
    assert "=?" not in lines.identity + lines.closing


@pytest.mark.parametrize(
    "change",
    [
        {"list_id": "no dots"},
        {"list_id": "a.b\r\nX: y"},
        {"feedback_id": "a:b:c:d:toolong"},
        {"feedback_id": "a:b:abc"},
        {"archive_url": "http://example.org/"},
        {"archive_url": "https://example.org/\r\nX: y"},
        {"reply_to": "a@example.org, b@example.org"},
        {"sender_address": "a@example.org\r\nBcc: b@example.org"},
    ],
    ids=str,
)
def test_a_frame_that_cannot_stand_in_a_header_is_refused(frame, change: dict[str, str]) -> None:
    """Whoever edits the newsletter hears it, before any mail."""
    with pytest.raises(BadInput):
        constant_headers(replace(frame, **change), "Hello", "b")


def test_stored_headers_come_back(frame) -> None:
    """They are kept with the layout for a second attempt."""
    headers = constant_headers(frame, "日本語", "b")

    assert ConstantHeaders.from_json(headers.to_json()) == headers


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=80)), min_size=1, max_size=3))
def test_no_title_adds_removes_or_renames_a_header(titles: list[str]) -> None:
    """Checked with the standard library's parser over the bytes."""
    names = [name for name, _ in _parsed("plain")]

    assert [name for name, _ in _parsed(" ".join(titles))] == names


def _parsed(subject: str):
    frame = Frame("News", "News", "digest@example.org", "daily.example.org", ("1 Road",))
    h = constant_headers(frame, subject, "b")
    raw = (h.opening + h.subject + h.identity + h.closing).encode("ascii")
    return message_from_bytes(raw, policy=policy.compat32).items()


@pytest.mark.parametrize("title", ["=?utf-8?q?a=0ABcc=3A_evil=40example.org?=", "so =?utf-8?b?Cg==?= it", "a =? b"])
def test_a_title_that_looks_encoded_is_read_as_it_was_written(title: str) -> None:
    """It is encoded once more, so no program decodes it into a line break (CVE-2024-6923)."""
    written = unstructured(title, 9)

    assert str(make_header(decode_header(written))) == title
    assert all(WORD.fullmatch(word) for word in written.split("\r\n "))
