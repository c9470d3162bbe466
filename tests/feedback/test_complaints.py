"""Complaints (RFC 5965, RFC 6590)."""

from __future__ import annotations

import pytest

from digest.feedback.read import read_report
from digest.model.feedback import ReportClass, ReportKind
from tests.feedback.reports import complaint, plain


@pytest.mark.parametrize("kind", ["abuse", "opt-out", "fraud", "not-spam", "auth-failure"])
def test_a_complaint_keeps_its_type(kind):
    """What follows from it is decided elsewhere: `not-spam` and `auth-failure` are no wish to leave."""
    [report] = read_report(complaint(kind, "Original-Rcpt-To: <ann@example.net>"))

    assert (report.kind, report.report_class, report.feedback_type) == (
        ReportKind.COMPLAINT,
        ReportClass.COMPLAINT,
        kind,
    )
    assert report.recipient == "ann@example.net"


@pytest.mark.parametrize("written", ["auth-failure (dmarc)", "\n auth-failure", "Auth-Failure", "auth-failure; x=y"])
def test_a_type_is_read_however_it_is_written(written):
    """Folded, with a comment: one that is no reader's wish must not pass for one."""
    (found,) = read_report(complaint(written))

    assert found.feedback_type == "auth-failure"


def test_a_complaint_without_a_recipient_names_whom_the_mail_was_for():
    """And gives the Message-ID, by which our own row is found."""
    [report] = read_report(complaint())

    assert (report.recipient, report.message_id) == ("ann@example.net", "<0123@news.example.org>")


def test_a_redacted_complaint_names_nobody():
    """RFC 6590: the address was taken out; the Message-ID still leads to the mail."""
    [report] = read_report(complaint("abuse", "Original-Rcpt-To: <redacted@example.net>", to="redacted"))

    assert (report.report_class, report.recipient) == (ReportClass.COMPLAINT, "")
    assert report.message_id == "<0123@news.example.org>"


def test_a_provider_that_returns_the_mail_alone_has_complained_too():
    """Its subject and a field in the returned mail say so."""
    mail = b"""From: staff@example.com
To: abuse@news.example.org
Subject: complaint about message from 203.0.113.7
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: message/rfc822

X-HmXmrOriginalRecipient: ann@example.net
From: digest@news.example.org
To: list@news.example.org

Tariffs fell.
--b--
"""

    [report] = read_report(mail)

    assert (report.report_class, report.recipient) == (ReportClass.COMPLAINT, "ann@example.net")


def test_a_letter_from_a_reader_is_no_report():
    """Words about spam in a person's mail are a person's."""
    [report] = read_report(
        plain("Hello,\n\nis this spam? I like it.\n\nAnn", sender="ann@example.net", subject="Re: Hi")
    )

    assert (report.kind, report.report_class, report.recipient) == (ReportKind.UNKNOWN, ReportClass.UNKNOWN, "")


def test_a_complaint_in_words_that_returns_the_mail_is_one():
    """Without the type of a feedback report; a letter that speaks of one returns nothing."""
    words = "This is an email abuse report for a message from 203.0.113.7."
    returned = (
        "\n\n--- Original message follows.\n\nFrom: digest@news.example.org\nTo: ann@example.net\n\nTariffs fell."
    )

    [told] = read_report(plain(words + returned, sender="fbl@example.net", subject="Report"))
    [letter] = read_report(plain(words, sender="bo@example.net", subject="Report"))

    assert (told.report_class, told.recipient) == (ReportClass.COMPLAINT, "ann@example.net")
    assert letter.report_class == ReportClass.UNKNOWN
