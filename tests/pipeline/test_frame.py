"""What every mail of an edition carries: here, the id by which Gmail counts its complaints."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.newsletter import Newsletter, Sender
from digest.pipeline.frame import frame_of
from digest.pipeline.links import Links
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
