"""Reports of our own making, as servers of several kinds write them."""

from __future__ import annotations

RETURNED = """From: Example Press <digest@news.example.org>
To: {to}
Subject: Morning Brief
Message-ID: <0123@news.example.org>

Tariffs fell."""


def dsn(*groups: str, words: str = "Your message could not be delivered.", to: str = "ann@example.net") -> bytes:
    """Return a report of RFC 3464 with a group of fields for each recipient."""
    status = "\n\n".join(["Reporting-MTA: dns; mx.example.net\nOriginal-Envelope-Id: e-77", *groups])
    return f"""Return-Path: <>
From: Mail Delivery System <mailer-daemon@mx.example.net>
To: bounce@news.example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"

--=_b
Content-Type: text/plain; charset=utf-8

{words}

--=_b
Content-Type: message/delivery-status

{status}

--=_b
Content-Type: message/rfc822

{RETURNED.format(to=to)}

--=_b--
""".encode()


def group(
    said: str = "550 5.1.1 <ann@example.net>: Recipient address rejected: User unknown",
    *,
    to: str = "ann@example.net",
    action: str = "failed",
    status: str = "5.1.1",
) -> str:
    """Return the fields about one recipient."""
    return f"Final-Recipient: rfc822; {to}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {said}"


def complaint(kind: str = "abuse", *fields: str, to: str = "ann@example.net") -> bytes:
    """Return a complaint of RFC 5965."""
    more = "".join(f"{each}\n" for each in fields)
    return f"""From: feedback@arf.example.net
To: abuse@news.example.org
Subject: FW: Morning Brief
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="=_b"

--=_b
Content-Type: text/plain

This is an email abuse report.

--=_b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Example/1
Version: 1
{more}
--=_b
Content-Type: message/rfc822

{RETURNED.format(to=to)}

--=_b--
""".encode()


def plain(
    text: str, *, sender: str = "MAILER-DAEMON@mx.example.net", subject: str = "failure notice", fields: str = ""
) -> bytes:
    """Return a mail of one text."""
    return f"""From: {sender}
To: bounce@news.example.org
Subject: {subject}
{fields}Content-Type: text/plain; charset=utf-8

{text}
""".encode()
