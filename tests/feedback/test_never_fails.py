"""Whatever comes in, something is said of it: broken, huge, nested and torn mail."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.feedback.mail import MAX_BYTES, MAX_PARTS, parse_mail
from digest.feedback.read import read_report
from digest.model.feedback import Report, ReportClass
from tests.feedback.reports import complaint, dsn, group, plain

MATERIAL = (
    dsn(group()),
    dsn(group(), group(to="bo@example.net"), words="<ann@example.net>: 550 5.1.1 User unknown"),
    complaint("abuse", "Original-Rcpt-To: ann@example.net"),
    plain("<ann@example.net>:\n550 5.1.1 User unknown\n\n--- Below this line is a copy of the message.\n\nFrom: x"),
    plain('{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"ann@example.net"}]}}'),
    plain(
        "=E4=BD=A0\n<b>hi</b>", subject="=?utf-8?B?4pyT?= =?x-unknown?Q?=FF?=", fields="Content-Transfer-Encoding: x\n"
    ),
)
TOKENS = (
    b"\n", b"\r", b"\r\n", b"\x00", b"\xff\xfe", b"--=_b", b"--=_b--", b"=?", b"?=", b"=?utf-8?B?", b"<", b">", b'"',
    b"@", b"5.1.1", b"550 ", b"550-", b"Content-Type: multipart/mixed; boundary=x", b"Content-Type: message/rfc822\n\n",
    b"Content-Type: text/plain; charset=utf-7", b"Content-Transfer-Encoding: base64", b"charset=idna", b"\x1b$B", b";",
    b"Content-Type: text/html\n\n<style><script>", b"Final-Recipient: rfc822; ", b"{" * 50, b"[" * 5000, b"Action: ",
)  # fmt: skip


@st.composite
def torn_mails(draw):
    """Give a report of ours after a few cuts, repetitions and insertions."""
    data = draw(st.sampled_from(MATERIAL))
    for _ in range(draw(st.integers(0, 6))):
        at, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        match draw(st.sampled_from(["cut", "end", "insert", "repeat", "swap", "noise"])):
            case "cut":
                data = data[:at] + data[end:]
            case "end":
                data = data[:end]
            case "insert":
                data = data[:at] + draw(st.sampled_from(TOKENS)) + data[at:]
            case "repeat":
                data = data[:end] + data[at:end] * draw(st.integers(1, 3)) + data[end:]
            case "swap":
                data = data[end:] + data[at:end] + data[:at]
            case "noise":
                data = data[:at] + draw(st.binary(max_size=20)) + data[at:]
    return data[:200_000]


def is_sound(reports: list[Report]) -> bool:
    """Say whether *reports* keep what their docstrings promise."""
    return bool(reports) and all(
        isinstance(each.report_class, ReportClass)
        and (not each.status or (each.status[0] in "245" and each.status.count(".") == 2))
        and (not each.reply_code or (len(each.reply_code) == 3 and each.reply_code.isdecimal()))
        and "\n" not in each.recipient
        for each in reports
    )


@settings(max_examples=300, deadline=None)
@given(torn_mails())
def test_a_torn_report_still_says_something(data):
    """Cut, doubled, shuffled: never an error, and codes that are codes."""
    assert is_sound(read_report(data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read(data):
    """Mail or not."""
    assert is_sound(read_report(data))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MATERIAL), st.sampled_from([b"\r\n", b"\r", b"\n"]))
def test_the_ends_of_lines_change_nothing(data, end):
    """A report from Windows, or from an old Mac, is the same report."""
    assert read_report(data.replace(b"\n", end)) == read_report(data)


def nested(depth: int) -> bytes:
    """Return a mail with one multipart inside of another."""
    text = b""
    for level in range(depth):
        text += b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level)
    return b"From: mailer-daemon@example.net\n" + text + b"Content-Type: text/plain\n\nend\n"


def returned_in_returned(depth: int) -> bytes:
    """Return a mail that returns a mail that returns a mail."""
    mail = plain("end")
    for level in range(depth):
        mail = (
            b"From: mailer-daemon@example.net\nContent-Type: multipart/mixed; boundary=b%d\n\n"
            b"--b%d\nContent-Type: message/rfc822\n\n%b\n--b%d--\n" % (level, level, mail, level)
        )
    return mail


HEAVY = {
    "many parts": b"From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200_000,
    "parts in parts": nested(10_000),
    "twenty megabytes": b"From: mailer-daemon@example.net\nSubject: failure notice\n\n"
    + b"550 user unknown. " * 1_200_000,
    "a thing and nothing said": b"From: mailer-daemon@example.net\nSubject: failure notice\n\n<ann@example.net>: "
    + b"user mailbox host domain sender message " * 50_000,
    "signs of SMTP": b"From: mailer-daemon@example.net\nSubject: failure notice\n\n<ann@example.net>:\n"
    + b">>> rcpt <<< 2-->mail received >>> " * 50_000,
    "mails in mails": returned_in_returned(200),
    "one long line": b"From: mailer-daemon@example.net\nSubject: failure notice\n\n" + b"a" * 3_000_000,
    "a long local part": b"From: mailer-daemon@example.net\nSubject: failure notice\n\n" + b"a.b-" * 500_000 + b"@",
    "only @": b"From: mailer-daemon@example.net\nSubject: failure notice\n\n" + b"a@b." * 500_000,
    "many addresses": b"From: mailer-daemon@example.net\nSubject: failure notice\n\n"
    + b"".join(b"<r%d@example.net>:\n550 5.1.1 User unknown\n" % n for n in range(50_000)),
    "many header fields": b"".join(b"X-%d: y\n" % n for n in range(200_000)) + b"\nend",
    "a long header": b"Subject: " + b"=?utf-8?B?4pyT?= " * 100_000 + b"\n\nend",
    "open tags": b"From: mailer-daemon@example.net\nContent-Type: text/html\n\n" + b"<style><" * 400_000,
    "groups of fields": dsn(*(group(to=f"r{n}@example.net") for n in range(8_000))),
    "blank lines": b"From: mailer-daemon@example.net\n\n" + b"\n" * 2_000_000,
    "quotes": b"From: mailer-daemon@example.net\nSubject: failure notice\n\n" + b'"\\' * 500_000,
    "base64": b"From: a@example.net\nContent-Transfer-Encoding: base64\n\n" + b"QUFB\n" * 400_000,
    "deep json": plain('{"a":' + "[" * 200_000),
    "parameters": b"Content-Type: multipart/mixed" + b'; a="b\\"' * 100_000 + b"\n\nend",
}


@pytest.mark.parametrize("data", HEAVY.values(), ids=HEAVY.keys())
def test_a_mail_made_to_hurt_costs_little(data):
    """A second or two of work on a slow machine, and memory of a few times the megabyte that counts."""
    read_report(MATERIAL[0])
    tracemalloc.start()
    began = time.process_time()

    reports = read_report(data)

    used, (_, most) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert is_sound(reports)
    assert used < 6
    assert most < 40 * MAX_BYTES


def test_a_mail_has_no_more_parts_than_are_looked_at():
    """The rest of a mail with a hundred thousand parts is left alone."""
    assert len(list(parse_mail(HEAVY["many parts"]).walk())) <= MAX_PARTS + 1
