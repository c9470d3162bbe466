"""What each sending service tells, in the shape that it documents, and what we make of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.feedback.providers.brevo import read_brevo
from digest.feedback.providers.mailgun import read_mailgun
from digest.feedback.providers.postmark import read_postmark
from digest.feedback.providers.sendgrid import read_sendgrid
from digest.feedback.providers.ses import read_ses

ANNA, OURS = "anna@example.net", "<0123abcd@news.example.org>"
TAG, LEAVE = "B" * 31 + "A", "L" * 31 + "A"


def ses(kind: str, **facts: Any) -> dict[str, Any]:
    """Return a notification of SES as SNS carries it."""
    mail = {
        "timestamp": "2026-11-23T07:00:00.000Z",
        "messageId": "0000014644fe5ef6-9a483358-9170-4cb4-a269-f5dcdf415321-000000",
        "source": f"bounces+{TAG}@news.example.org",
        "destination": [ANNA],
        "headersTruncated": False,
        "headers": [
            {"name": "List-Unsubscribe", "value": f"<https://news.example.org/u/{LEAVE}>"},
            {"name": "Message-ID", "value": OURS},
        ],
        "commonHeaders": {"to": [ANNA], "messageId": OURS, "subject": "Tariffs"},
    }
    inner = {"notificationType": kind.title(), "mail": mail, kind: facts}
    return {"Type": "Notification", "MessageId": "22b80b92", "Message": json.dumps(inner)}


def ses_bounce(kind: str, sub: str, status: str, words: str) -> dict[str, Any]:
    row = {"emailAddress": ANNA, "action": "failed", "status": status, "diagnosticCode": f"smtp; {words}"}
    return ses("bounce", bounceType=kind, bounceSubType=sub, bouncedRecipients=[row], feedbackId="f")


def sendgrid(event: str, **facts: Any) -> list[dict[str, Any]]:
    """Return an event of SendGrid's Event Webhook."""
    return [
        {
            "email": ANNA,
            "timestamp": 1795417200,
            "smtp-id": OURS,
            "event": event,
            "sg_event_id": "sg-1",
            "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001",
            "digest": TAG,
            **facts,
        }
    ]


def mailgun(event: str, **facts: Any) -> dict[str, Any]:
    """Return a webhook of Mailgun without its signature."""
    return {
        "event-data": {
            "event": event,
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "timestamp": 1795417200.4,
            "recipient": ANNA,
            "message": {"headers": {"to": ANNA, "message-id": OURS.strip("<>"), "from": "press@example.org"}},
            "envelope": {"sender": f"bounces+{TAG}@news.example.org", "targets": ANNA, "transport": "smtp"},
            "user-variables": {},
            **facts,
        }
    }


def mailgun_failed(severity: str, code: int, words: str, reason: str = "bounce") -> dict[str, Any]:
    status = {"code": code, "message": words, "description": "", "attempt-no": 1}
    return mailgun("failed", severity=severity, reason=reason, **{"delivery-status": status})


def postmark(record: str, **facts: Any) -> dict[str, Any]:
    """Return a record of Postmark."""
    quoted = (
        f"Remote-MTA: dns; mx\r\n\r\nMessage-ID: {OURS}\r\nList-Unsubscribe: <https://x/u/{LEAVE}>\r\nTo: {ANNA}\r\n"
    )
    return {
        "RecordType": record,
        "ID": 4323372036854775807,
        "MessageStream": "outbound",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {"digest": TAG},
        "Tag": "",
        "Email": ANNA,
        "Content": quoted,
        **facts,
    }


def brevo(event: str, reason: str = "") -> dict[str, Any]:
    """Return an event of Brevo's transactional webhook."""
    return {
        "event": event,
        "email": ANNA,
        "id": 26224,
        "date": "2026-11-23 07:00:00",
        "ts_event": 1795417200,
        "message-id": OURS,
        "reason": reason,
        "tag": "",
        "X-Mailin-custom": f"digest:{TAG}",
    }


def told(found: list[Any]) -> list[tuple[str, str, str]]:
    return [(each.report.kind.value, each.report.report_class.value, each.report.status) for each in found]


UNKNOWN_USER = "550 5.1.1 User unknown in virtual mailbox table"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(
            read_ses(ses_bounce("Permanent", "General", "5.1.1", UNKNOWN_USER)), "bounce hard 5.1.1", id="SES"
        ),
        pytest.param(
            read_ses(ses_bounce("Transient", "MailboxFull", "", "452 4.2.2 over quota")),
            "bounce soft 4.2.2",
            id="SES full",
        ),
        pytest.param(
            read_ses(ses("complaint", complainedRecipients=[{"emailAddress": ANNA}], complaintFeedbackType="abuse")),
            "complaint complaint ",
            id="SES complaint",
        ),
        pytest.param(
            read_ses(ses("delivery", recipients=[ANNA], smtpResponse="250 ok")),
            "delivered delivered 2.0.0",
            id="SES sent",
        ),
        pytest.param(
            read_sendgrid(sendgrid("bounce", type="bounce", reason=UNKNOWN_USER, status="5.1.1")),
            "bounce hard 5.1.1",
            id="SendGrid",
        ),
        pytest.param(
            read_sendgrid(sendgrid("bounce", type="blocked", reason="", status="5.0.0")),
            "bounce block 5.0.0",
            id="SendGrid blocked",
        ),
        pytest.param(
            read_sendgrid(sendgrid("dropped", reason="Bounced Address")), "bounce hard 5.0.0", id="SendGrid dropped"
        ),
        pytest.param(read_sendgrid(sendgrid("spamreport")), "complaint complaint ", id="SendGrid complaint"),
        pytest.param(read_sendgrid(sendgrid("group_unsubscribe")), "leave unknown ", id="SendGrid leave"),
        pytest.param(
            read_sendgrid(sendgrid("deferred", response="421 4.7.0 try again later")),
            "delayed soft 4.7.0",
            id="SendGrid deferred",
        ),
        pytest.param(
            read_mailgun(mailgun_failed("permanent", 550, "5.1.1 The email account does not exist")),
            "bounce hard 5.1.1",
            id="Mailgun",
        ),
        pytest.param(
            read_mailgun(mailgun_failed("temporary", 452, "4.2.2 mailbox full")),
            "delayed soft 4.2.2",
            id="Mailgun full",
        ),
        pytest.param(
            read_mailgun(mailgun_failed("permanent", 605, "", "suppress-complaint")),
            "complaint complaint ",
            id="Mailgun suppressed",
        ),
        pytest.param(read_mailgun(mailgun("complained")), "complaint complaint ", id="Mailgun complaint"),
        pytest.param(read_mailgun(mailgun("unsubscribed")), "leave unknown ", id="Mailgun leave"),
        pytest.param(
            read_postmark(postmark("Bounce", Type="HardBounce", Details=f"smtp;{UNKNOWN_USER}")),
            "bounce hard 5.1.1",
            id="Postmark",
        ),
        pytest.param(
            read_postmark(postmark("Bounce", Type="BadEmailAddress")), "bounce hard 5.1.3", id="Postmark no address"
        ),
        pytest.param(read_postmark(postmark("SpamComplaint")), "complaint complaint ", id="Postmark complaint"),
        pytest.param(
            read_postmark(postmark("SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression")),
            "leave unknown ",
            id="Postmark leave",
        ),
        pytest.param(read_brevo(brevo("hard_bounce", UNKNOWN_USER)), "bounce hard 5.1.1", id="Brevo"),
        pytest.param(read_brevo(brevo("hard_bounce")), "bounce hard 5.0.0", id="Brevo without words"),
        pytest.param(read_brevo(brevo("soft_bounce")), "bounce soft 4.0.0", id="Brevo soft"),
        pytest.param(read_brevo(brevo("spam")), "complaint complaint ", id="Brevo complaint"),
        pytest.param(read_brevo(brevo("unsubscribed")), "leave unknown ", id="Brevo leave"),
    ],
)
def test_a_service_tells_of_a_reader_and_of_which_mail(found: list[Any], expected: str) -> None:
    """Kind, class and status; and our tag, our Message-ID or the link of our mail beside it."""
    (one,) = found

    assert told(found) == [tuple(expected.split(" "))]
    assert one.report.recipient == ANNA
    assert TAG in one.signs.bounce_tags
    assert one.signs.message_ids == (OURS,)
    assert one.name


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(read_sendgrid(sendgrid("open") + sendgrid("click") + sendgrid("processed")), id="SendGrid"),
        pytest.param(read_mailgun(mailgun("opened")), id="Mailgun"),
        pytest.param(read_postmark(postmark("Open")), id="Postmark"),
        pytest.param(read_postmark(postmark("Bounce", Type="AutoResponder")), id="Postmark answer"),
        pytest.param(read_brevo(brevo("opened")), id="Brevo"),
        pytest.param(read_ses(ses("open")), id="SES"),
    ],
)
def test_what_says_nothing_of_an_address_is_passed_by(found: list[Any]) -> None:
    """Who opened what is none of our business."""
    assert found == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "Type", "Message", "event-data", "RecordType", "reason", "Email", "mail", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@given(_JSON)
@settings(max_examples=30)
def test_no_document_breaks_a_reader_of_documents(payload: Any) -> None:
    """Whatever is signed, it is read or passed by."""
    for read in (read_sendgrid, read_mailgun, read_postmark, read_brevo):
        assert isinstance(read(payload), list)
    if isinstance(payload, dict):
        assert isinstance(read_ses(payload), list)
        assert isinstance(read_ses({"Message": json.dumps(payload)}), list)
