"""What may tell whose mail a report is about is found in the fields, wherever servers put it, and never in a text."""

from __future__ import annotations

import pytest

from digest.feedback.mail import parse_mail
from digest.feedback.read import read_report
from digest.feedback.signs import MAX_SIGNS, signs_of, tags_to_leave
from digest.model.feedback import Signs
from tests.feedback.reports import complaint, dsn, group

TAG = "AbCdEf0123456789-_AbCdEf0123456A"


def signs(data: bytes) -> Signs:
    return signs_of(parse_mail(data), read_report(data))


@pytest.mark.parametrize(
    "field",
    [
        f"To: bounces+{TAG}@news.example.org",
        f"To: undisclosed\nDelivered-To: bounces+{TAG}@news.example.org",
        f"To: undisclosed\nX-Original-To: <bounces+{TAG}@news.example.org>",
        f"To: undisclosed\nReceived: from mx by us for\n <bounces+{TAG}@news.example.org>; Mon, 23 Nov 2026",
    ],
    ids=["To", "Delivered-To", "X-Original-To", "Received"],
)
def test_the_tag_is_found_in_whatever_field_has_the_address_it_came_to(field: str):
    """Servers that deliver it write it down in different ones."""
    assert signs(dsn(group()).replace(b"To: bounce@news.example.org", field.encode(), 1)).bounce_tags == (TAG,)


def test_the_tag_is_found_in_the_envelope_id_and_in_the_mail_that_is_returned():
    """ENVID, or the Return-Path of the mail itself."""
    by_name = dsn(group()).replace(b"e-77", TAG.encode())
    returned = complaint().replace(
        b"Subject: Morning", f"Return-Path: <b+{TAG}@example.org>\nSubject: Morning".encode()
    )

    assert signs(by_name).bounce_tags == (TAG,)
    assert signs(returned).bounce_tags == (TAG,)


def test_a_tag_in_a_text_is_nobodys():
    """Whoever quotes a mail of somebody else has not read it as theirs."""
    assert not signs(dsn(group(), words=f"bounces+{TAG}@news.example.org could not be reached")).bounce_tags


def test_the_message_id_and_the_addresses_come_from_the_report_and_the_mail_it_returns():
    """The second is proved by the first."""
    found = signs(dsn(group(to="new@example.net"), to="ann@example.net"))

    assert found.message_ids == ("<0123@news.example.org>",)
    assert found.addresses[:2] == ("new@example.net", "ann@example.net")


def test_the_leave_tag_comes_from_list_unsubscribe_alone():
    """It is in the mail that a complaint returns."""
    link = f"Message-ID: <1@x>\nList-Unsubscribe: <https://news.example.org/u/{TAG}>"

    assert signs(complaint().replace(b"Message-ID: <0123@news.example.org>", link.encode())).leave_tags == (TAG,)


@pytest.mark.parametrize(
    "fields",
    [f"Subject: unsubscribe {TAG}", f"Subject: hello\nTo: leave+{TAG}@example.org"],
    ids=["in the subject", "in the address"],
)
def test_a_mail_to_leave_has_its_tag_in_the_subject_or_the_address(fields: str):
    """As its reader's program wrote it."""
    assert tags_to_leave(parse_mail(f"From: ann@example.net\n{fields}\n\n".encode())) == (TAG,)


def test_a_mail_full_of_tags_is_looked_at_to_a_bound():
    """Each costs a signature to check."""
    many = " ".join(f"{n:032d}" for n in range(500))

    assert len(tags_to_leave(parse_mail(f"Subject: {many}\n\n".encode()))) == MAX_SIGNS
