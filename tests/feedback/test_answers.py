"""Automatic answers: nobody is counted for being away (RFC 3834, RFC 8098)."""

from __future__ import annotations

import pytest

from digest.feedback.read import read_report
from digest.model.feedback import ReportClass, ReportKind
from tests.feedback.reports import plain

AWAY = "I am away until Monday. Ask bo@example.net, who could not be reached before.\n\nann@example.net"


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Morning Brief", "Out of Office: Morning Brief", "Automatische Antwort: Morning Brief",
        "Abwesenheitsnotiz", "Réponse automatique : Morning Brief", "Absence du bureau", "Respuesta automática: Hola",
        "Fuera de la oficina", "自動返信: 朝刊", "不在のお知らせ", "자동 회신: 아침", "부재중입니다", "رد تلقائي: صباح",
        "خارج المكتب",
    ],
)  # fmt: skip
def test_a_reader_who_is_away_answers_in_each_language_that_we_ship(subject):
    """By the subject alone; the reader is the one who answers."""
    [report] = read_report(plain(AWAY, sender="Ann <ann@example.net>", subject=subject, fields="Return-Path: <>\n"))

    assert (report.kind, report.report_class) == (ReportKind.AUTO_REPLY, ReportClass.AUTO_REPLY)
    assert report.recipient == "ann@example.net"


@pytest.mark.parametrize(
    "field", ["Auto-Submitted: auto-replied", "X-Autoreply: yes", "Precedence: auto_reply", "X-Autorespond: Hello"]
)
def test_a_machine_that_says_so_is_believed(field):
    """RFC 3834 §5, and the fields from before."""
    [report] = read_report(plain("Bonjour.", sender="ann@example.net", subject="Hello", fields=f"{field}\n"))

    assert report.report_class == ReportClass.AUTO_REPLY


def test_a_bounce_that_calls_itself_an_automatic_reply_is_a_bounce():
    """Postfix and Exim write Auto-Submitted: auto-replied into their reports."""
    text = "This message was created automatically by mail delivery software.\n\n  ann@example.net\n    Unrouteable address"

    [report] = read_report(
        plain(text, subject="Mail delivery failed: returning message", fields="Auto-Submitted: auto-replied\n")
    )

    assert report.report_class == ReportClass.HARD


def test_a_challenge_is_an_automatic_answer_of_its_own_kind():
    """It asks for a proof that nobody here gives."""
    text = "To have your message delivered, please prove that you are human: https://example.net/c/1"

    [report] = read_report(plain(text, sender="ann@example.net", subject="Please confirm your message"))

    assert (report.kind, report.report_class) == (ReportKind.CHALLENGE, ReportClass.AUTO_REPLY)


def test_a_receipt_is_no_bounce():
    """RFC 8098: the mail was opened, or deleted."""
    mail = b"""From: ann@example.net
Subject: Read: Morning Brief
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain

Your message was read.
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; ann@example.net
Disposition: manual-action/MDN-sent-manually; displayed
--b--
"""

    [report] = read_report(mail)

    assert (report.kind, report.recipient) == (ReportKind.AUTO_REPLY, "ann@example.net")


def test_a_reader_who_answers_a_mail_about_holidays_is_not_away():
    """After "Re:" the words of the subject are ours."""
    [report] = read_report(plain("unsubscribe", sender="ann@example.net", subject="Re: On vacation in Spain"))

    assert report.kind == ReportKind.UNKNOWN
