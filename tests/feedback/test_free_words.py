"""Reports without fields, as many kinds of server write them: whom they name, and what they say of each."""

from __future__ import annotations

import pytest

from digest.feedback.read import read_report
from digest.model.feedback import ReportClass, ReportKind
from tests.feedback.reports import RETURNED, plain

A = "ann@example.net"
B = "bo@example.net"

#: kind of server, subject, its words, what is read: (recipient, class, first digit of the status)
WRITTEN = [
    ("qmail", "failure notice", f"""Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{A}>:
203.0.113.1 does not like recipient.
Remote host said: 550 no such user here
Giving up on 203.0.113.1.

<{B}>:
The user's mailbox is over quota. (#5.2.2)

--- Below this line is a copy of the message.
""", [(A, "hard", "5"), (B, "soft", "5")]),
    ("exim", "Mail delivery failed: returning message to sender", f"""This message was created automatically by mail
delivery software. A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {A}
    Unrouteable address
  {B}
    SMTP error from remote mail server after end of data:
    host mx.example.net [203.0.113.1]: 554 5.7.1 Message rejected as spam

------ This is a copy of the message, including all the headers. ------
""", [(A, "hard", "5"), (B, "block", "5")]),
    ("exim, still trying", "Warning: message 1a-b-c delayed 24 hours", f"""A message that you sent has not yet been
delivered to one or more of its recipients after more than 24 hours on the queue.

  {A}
    host mx.example.net [203.0.113.1]: Connection timed out

No action is required on your part. Delivery attempts will continue for some time.
""", [(A, "soft", "")]),
    ("sendmail transcript", "Returned mail: see transcript for details", f"""The original message was received at noon

   ----- The following addresses had permanent fatal errors -----
<{A}>
    (reason: 550 5.1.1 <{A}>... User unknown)

   ----- Transcript of session follows -----
... while talking to mx.example.net.:
>>> RCPT To:<{A}>
<<< 550 5.1.1 <{A}>... User unknown
""", [(A, "hard", "5")]),
    ("sendmail of old", "Returned mail: Host unknown", f"""   ----- Transcript of session follows -----
550 example.net (smtp)... 550 Host unknown
554 <{A}>... 550 Host unknown (Authoritative answer from name server)

   ----- Unsent message follows -----
""", [(A, "hard", "5")]),
    ("Exchange of old", "Undeliverable: Morning Brief", f"""Your message

  To:      {A}
  Subject: Morning Brief

did not reach the following recipient(s):

{A} on Thu, 29 Apr 2004 16:51:51 -0500
    The recipient name is not recognized
    MSEXCH:IMS:EXAMPLE:OFFICE:MAIL 0 (000C05A6) Unknown Recipient
""", [(A, "hard", "5")]),
    ("James", "Re:failure", f"""Hi. This is the James mail server at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

Failed recipient(s):
{A}

Error message:
553 5.1.2 <{A}>... Domain does not exist
""", [(A, "hard", "5")]),
    ("hMailServer", "Message undeliverable: Morning Brief", f"""Your message did not reach some or all of the intended
recipients.

   Subject: Morning Brief

The following recipient(s) could not be reached:

{A}
   Error Type: SMTP
   Remote server replied: 452 4.2.2 Mailbox full
""", [(A, "soft", "4")]),
    ("CommuniGate", "Undeliverable mail: Morning Brief", f"""Failed to deliver to '{A}'
SMTP module(domain example.net) reports:
 host mx.example.net says:
 550 5.1.1 no such account
""", [(A, "hard", "5")]),
    ("GroupWise", "Message status - undeliverable", f"""The message that you sent was undeliverable to the following:
        {A} (user not found)
""", [(A, "hard", "5")]),
    ("MailMarshal", "Undeliverable Mail: Morning Brief", f"""Your message:
   From:    digest@news.example.org
   Subject: Morning Brief
Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
   {A}
""", [(A, "hard", "5")]),
    ("a phone company", "Mail System Error - Returned Mail", f"""The user(s) account is disabled.

<{A}>
""", [(A, "soft", "5")]),
    ("Gmail", "Delivery Status Notification (Failure)", f"""Delivery to the following recipient failed permanently:

     {A}

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server for the recipient domain example.net.
The error that the other server returned was:
550 550 5.7.1 Unauthenticated email from news.example.org is not accepted due to domain's DMARC policy (state 17).

----- Original message -----
""", [(A, "block", "5")]),
    ("OpenSMTPD", "Delivery status notification: error", f"""    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.
    An error has occurred while attempting to deliver a message for the following list of recipients:

{A}: 550 5.1.1 User unknown
{B}: Domain does not exist

    Below is a copy of the original message:
""", [(A, "hard", "5"), (B, "hard", "5")]),
    ("German", "Unzustellbar: Morning Brief", f"""Ihre Nachricht konnte nicht zugestellt werden.

{A}
    550 5.2.2 Das Postfach ist voll
""", [(A, "soft", "5")]),
    ("French", "Non remis : Morning Brief", f"""Votre message n'a pas pu être remis.

{A}
    550 5.1.1 Utilisateur inconnu
""", [(A, "hard", "5")]),
    ("Spanish", "No se puede entregar: Morning Brief", f"""Su mensaje no se pudo entregar.

{A}
    550 5.1.1 El usuario no existe
""", [(A, "hard", "5")]),
    ("Japanese", "配信できませんでした", f"""以下の宛先に配信できませんでした。

{A}
    メールボックスがいっぱいです
""", [(A, "soft", "5")]),
    ("Korean", "반송된 메일", f"""메일이 전달되지 못했습니다.

{A}
    550 5.1.1 존재하지 않는 사용자
""", [(A, "hard", "5")]),
    ("Russian", "Недоставленное сообщение", f"""Ваше письмо не может быть доставлено.

  {A}
    550 5.2.2 Почтовый ящик переполнен
""", [(A, "soft", "5")]),
    ("Chinese", "系统退信", f"""您的邮件无法投递。

收件人：{A}
550 5.1.1 用户不存在
""", [(A, "hard", "5")]),
    ("Arabic", "تعذر التسليم", f"""{A}
550 5.7.1 Message rejected as spam
""", [(A, "block", "5")]),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "text", "expected"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_a_report_in_free_words_names_its_readers_and_says_what_became_of_each(subject, text, expected):
    """The mail it returns, with addresses of its own, follows."""
    reports = read_report(plain(f"{text}\n{RETURNED.format(to='list@news.example.org')}", subject=subject))

    assert [(each.recipient, each.report_class, each.status[:1]) for each in reports] == [
        (address, found, digit or each.status[:1])
        for (address, found, digit), each in zip(expected, reports, strict=True)
    ]


def test_a_report_in_a_mail_of_another_is_found():
    """A gateway passes on what it was given."""
    inner = plain(f"<{A}>:\n550 5.1.1 User unknown in reply to RCPT TO", sender="mailer-daemon@mx.example.net")
    outer = (
        b"From: postmaster@gw.example.org\nSubject: failure notice\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: text/plain\n\nSee below.\n\n--b\nContent-Type: message/rfc822\n\n" + inner + b"\n--b--\n"
    )

    [report] = read_report(outer)

    assert (report.recipient, report.report_class) == (A, ReportClass.HARD)


def test_a_report_that_names_nobody_is_about_whom_the_returned_mail_was_for():
    """Some gateways return the mail and a sentence."""
    text = f"Message could not be delivered.\n\n--- Original message follows.\n\n{RETURNED.format(to=A)}"

    [report] = read_report(plain(text))

    assert (report.kind, report.recipient, report.report_class) == (ReportKind.BOUNCE, A, ReportClass.SOFT)


def test_the_service_that_sent_for_us_tells_in_json():
    """Amazon SES over SNS by mail."""
    told = (
        '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":'
        f'"{A}","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}}]}}}}\n\n--\nUnsubscribe here.'
    )

    [report] = read_report(plain(told, sender="no-reply@sns.example.com", subject="Notification"))

    assert (report.kind, report.report_class, report.recipient) == (ReportKind.BOUNCE, ReportClass.HARD, A)


def test_a_page_without_a_plain_text_is_read_too():
    """HTML alone, with the address inside of tags."""
    page = f"<html><style>p{{}}</style><p>Your message could not be delivered to:<p>{A}<br>550 5.1.1 User unknown"
    mail = plain(page).replace(b"text/plain", b"text/html")

    [report] = read_report(mail)

    assert (report.recipient, report.report_class) == (A, ReportClass.HARD)


@pytest.mark.parametrize(
    "text",
    [
        "Dear editors,\n\nI could not find the article about tariffs; access denied, it says.\n\nann@example.net",
        "Our group met today. The following recipients of the prize were named:\n\nbo@example.net",
        "> This is the mail system at host mx.example.net.\n> <ann@example.net>: 550 5.1.1 User unknown\nWhat is this?",
    ],
)
def test_a_letter_is_no_report_whatever_words_it_has(text):
    """From a person, with addresses in it, or with a report quoted."""
    [report] = read_report(plain(text, sender="Ann <ann@example.net>", subject="Re: Undelivered Mail"))

    assert report.kind == ReportKind.UNKNOWN
