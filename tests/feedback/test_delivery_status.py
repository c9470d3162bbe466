"""Reports with the fields of RFC 3464."""

from __future__ import annotations

import pytest

from digest.feedback.read import read_report
from digest.model.feedback import ReportClass, ReportKind
from tests.feedback.reports import dsn, group

A = "ann@example.net"


def test_an_address_that_is_dead_is_told_with_its_codes_and_the_mail_it_was_for():
    """Class, status, reply code, recipient, and the ids by which our own row is found."""
    [report] = read_report(dsn(group()))

    assert (report.kind, report.report_class) == (ReportKind.BOUNCE, ReportClass.HARD)
    assert (report.status, report.reply_code, report.recipient) == ("5.1.1", "550", "ann@example.net")
    assert (report.envelope_id, report.message_id) == ("e-77", "<0123@news.example.org>")


def test_two_readers_in_one_report_are_told_apart():
    """RFC 3464 §2: a group for each recipient."""
    full = group("552 5.2.2 Mailbox full", to="bo@example.net", status="5.2.2")

    reports = read_report(dsn(group(), full))

    assert [(each.recipient, each.report_class) for each in reports] == [
        ("ann@example.net", ReportClass.HARD),
        ("bo@example.net", ReportClass.SOFT),
    ]


@pytest.mark.parametrize(
    ("action", "status", "kind", "said_class"),
    [
        ("delayed", "4.4.1", ReportKind.DELAYED, ReportClass.SOFT),
        ("delivered", "2.0.0", ReportKind.DELIVERED, ReportClass.DELIVERED),
        ("relayed", "2.0.0", ReportKind.DELIVERED, ReportClass.DELIVERED),
        ("expanded", "2.0.0", ReportKind.DELIVERED, ReportClass.DELIVERED),
        ("Failed (fatal)", "5.1.1", ReportKind.BOUNCE, ReportClass.HARD),
    ],
)
def test_what_became_of_a_mail_is_what_the_action_says(action, status, kind, said_class):
    """RFC 3464 §2.3.3."""
    said = "550 5.1.1 User unknown" if status[0] == "5" else "ok"

    [report] = read_report(dsn(group(said, action=action, status=status)))

    assert (report.kind, report.report_class) == (kind, said_class)


def test_a_delay_never_calls_an_address_dead():
    """Whatever the words: the server is still trying."""
    [report] = read_report(dsn(group("450 4.1.1 User unknown", action="delayed", status="4.1.1")))

    assert report.report_class == ReportClass.SOFT


@pytest.mark.parametrize(
    ("said", "status", "said_class", "cause"),
    [
        ("550 5.2.2 Mailbox is full", "5.2.2", ReportClass.SOFT, "mailbox-full"),
        ("552 sorry, mailbox is over quota (#5.1.1)", "5.1.1", ReportClass.SOFT, "mailbox-full"),
        ("550 5.7.26 Unauthenticated email is not accepted", "5.7.26", ReportClass.BLOCK, "authentication"),
        ("550 5.1.0 203.0.113.7 is not allowed to send from <news.example.org> per its SPF Record", "5.1.0",
         ReportClass.BLOCK, "authentication"),
        ("554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using dnsbl.example.net", "5.7.1",
         ReportClass.BLOCK, "blocked"),
        ("550 5.7.25 The IP address sending this message does not have a PTR record", "5.7.25",
         ReportClass.BLOCK, "no-ptr"),
        ("553 5.1.8 Domain of sender address does not exist", "5.1.8", ReportClass.BLOCK, "sender-refused"),
        ("550 5.1.2 Host unknown", "5.1.2", ReportClass.HARD, "no-such-host"),
        ("556 5.1.10 Recipient domain has a null MX", "5.1.10", ReportClass.HARD, "takes-no-mail"),
        ("", "5.1.1", ReportClass.HARD, "no-such-user"),
        ("", "5.2.1", ReportClass.SOFT, "suspended"),
        ("", "5.0.0", ReportClass.SOFT, "unclear"),
        ("552 5.3.4 Message size exceeds fixed limit", "5.3.4", ReportClass.SOFT, "too-big"),
    ],
)  # fmt: skip
def test_words_and_codes_say_whose_fault_it_is(said, status, said_class, cause):
    """A block is never the reader's fault, and a full mailbox is no dead one."""
    [report] = read_report(dsn(group(said, status=status)))

    assert (report.report_class, report.cause) == (said_class, cause)


def test_a_reader_whom_a_filter_calls_unknown_after_the_whole_mail_is_not_dead():
    """Filters say so of mail they do not want; only the answer to RCPT, or a code of its own, is about the address."""
    words = "<ann@example.net>: host mx.example.net said: 550 User unknown (in reply to {} command)"
    field = group("550 User unknown", status="5.0.0")

    [after_rcpt] = read_report(dsn(field, words=words.format("RCPT TO")))
    [after_data] = read_report(dsn(field, words=words.format("end of DATA")))

    assert (after_rcpt.report_class, after_data.report_class) == (ReportClass.HARD, ReportClass.SOFT)


def test_a_finer_code_in_the_words_wins_over_a_field_that_says_nothing():
    """Many servers write 5.0.0 into the field whatever they were told."""
    [report] = read_report(dsn(group("550 5.1.1 User unknown", status="5.0.0")))

    assert (report.status, report.report_class) == ("5.1.1", ReportClass.HARD)


def test_fields_are_found_where_the_boundary_is_missing():
    """A gateway that lost the lines between the parts."""
    torn = dsn(group()).replace(b"--=_b\n", b"").replace(b"--=_b--\n", b"")

    [report] = read_report(torn)

    assert (report.recipient, report.report_class) == ("ann@example.net", ReportClass.HARD)


SHAPES = {
    "no status": f"Final-Recipient: RFC822; <{A}>\nAction: failed\nDiagnostic-Code: SMTP; 550 5.1.1 unknown user",
    "in capitals": f"FINAL-RECIPIENT: rfc822; {A}\nACTION: FAILED\nSTATUS: 5.1.1",
    "with remarks": f"Final-Recipient: rfc822; {A}\nAction: failed (for good)\nStatus: 5.1.1 (bad mailbox)",
    "the original recipient alone": f"Original-Recipient: rfc822;{A}\nAction: failed\nStatus: 5.1.1",
    "another form of address": f"Final-Recipient: X400; /S=ann/\nX-Actual-Recipient: rfc822; {A}\nAction: failed\nStatus: 5.1.1",
    "torn by a blank line": f"Final-Recipient: rfc822; {A}\n\nAction: failed\nStatus: 5.1.1",
    "torn before its code": f"Final-Recipient: rfc822; {A}\nAction: failed\n\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 x",
    "folded": f"Final-Recipient: rfc822; {A}\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.1.1 The\n  550 5.1.1 mailbox is unknown",
    "the step in the words": f"Final-Recipient: rfc822; {A}\nStatus: 5.0.0\nDiagnostic-Code: 550 RCPT TO:<{A}> User unknown",
    "behind Exchange Online": f"Final-Recipient: rfc822;{A}\nStatus: 5.4.1\nDiagnostic-Code: smtp;550 5.4.1 Recipient address"
    " rejected: Access denied. [AM0EUR05FT.eop-EUR05.prod.protection.outlook.com]",
}


@pytest.mark.parametrize("fields", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize(
    "kind", ["message/delivery-status", "message/global-delivery-status", "application/octet-stream"]
)
def test_the_fields_are_read_in_whatever_shape_they_come(fields, kind):
    """And in a part whose type a gateway took away."""
    found = read_report(
        dsn(fields, words="Sorry.").replace(b"Content-Type: message/delivery-status", f"Content-Type: {kind}".encode())
    )

    assert [(each.recipient, str(each.report_class)) for each in found] == [(A, "hard")]
