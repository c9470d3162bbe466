"""What every mail of an edition carries: here, the id by which Gmail counts its complaints."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.newsletter import Newsletter, Sender
from digest.pipeline.composing.frame import frame_of
from digest.pipeline.composing.links import Links
from digest.rendering.headers import constant_headers
from digest.tokens import Tokens

LINKS = Links("https://digest.example.org", Tokens("k3y" * 12))
WEEKLY = Newsletter("weekly", "Weekly", Sender("Press", "press@example.org"), "1 Example Street")


def sender_id(domain: str) -> str:
    letter = replace(WEEKLY, sender=Sender("Press", f"press@{domain}"))
    return frame_of(letter, "2026-W48", LINKS).feedback_id.rpartition(":")[2]


def test_a_feedback_id_names_edition_newsletter_and_sender():
    """A short domain is readable in it as it is."""
    assert frame_of(WEEKLY, "2026-W48", LINKS).feedback_id == "2026-W48:weekly:exampleorg"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("news.long-press-name.example.org", "shop.long-press-name.example.org", id="ends alike"),
        pytest.param("news.long-press-name.example.org", "news.long-press-name.example.net", id="begins alike"),
        pytest.param("新聞.example", "雑誌.example", id="not in ASCII"),
    ],
)
def test_two_senders_are_never_counted_as_one(one: str, other: str):
    """Complaints about one must not be laid to the other."""
    assert sender_id(one) != sender_id(other)


def test_a_long_domain_keeps_its_beginning():
    """What tells senders apart for a person stands in front."""
    assert sender_id("news.long-press-name.example.org").startswith("newslongp")


@given(st.from_regex(r"[a-zé日-]{0,20}\.[a-z]{0,30}", fullmatch=True))
def test_a_senders_id_has_five_to_fifteen_characters_and_stays(domain: str):
    """Gmail takes no other, and counts only what is constant."""
    assert re.fullmatch(r"[a-z0-9]{5,15}", sender_id(domain))
    assert sender_id(domain) == sender_id(domain.upper().lower())


def test_providers_are_told_where_complaints_go_only_when_somebody_wants_them():
    """CFBL-Address (RFC 9477) is off by default."""
    wanted = replace(WEEKLY, sender=replace(WEEKLY.sender, complaints_address="fbl@example.org"))

    found = [constant_headers(frame_of(each, "2026-W48", LINKS), "News", "b").closing for each in (WEEKLY, wanted)]
    assert ["CFBL-Address" in each for each in found] == [False, True]
    assert "\r\nCFBL-Address: fbl@example.org; report=arf\r\n" in found[1]


def test_letters_have_a_name_of_their_own_where_one_is_set():
    """Neither their From nor their Feedback-ID suffers from the newsletter's; answers go to its editors all the same."""
    letter = replace(WEEKLY, sender=replace(WEEKLY.sender, letters_address="hello@account.example.org"))
    digest, confirmation = (frame_of(letter, each, LINKS) for each in ("2026-W48", "2026-11-23+letter-confirm"))

    assert (digest.sender_address, digest.reply_to) == ("press@example.org", "")
    assert (confirmation.sender_address, confirmation.reply_to) == ("hello@account.example.org", "press@example.org")
    assert confirmation.feedback_id.rpartition(":")[2] != digest.feedback_id.rpartition(":")[2]
    assert confirmation.list_id == digest.list_id
