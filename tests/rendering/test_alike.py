"""Cards that are filled in are the cards that would have been rendered and inlined one by one."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.rendering.check import tree_difference
from digest.rendering.clean import clean_text, clean_url
from digest.rendering.headers import constant_headers
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.press import Press
from digest.rendering.splice import Splicer
from digest.rendering.templates import TemplateSet
from digest.rendering.views import CardView
from digest.shipped import shipped_folder
from tests.rendering.conftest import FRAME, READER

WORDS = [
    "Ports & trade",
    "港は開く",
    "الميناء",
    "<b>항구</b>",
    "e\u0301té",
    "👍" * 9,
    "a" * 300,
    "\"q\" 's'",
    "{{ x }}",
]
TEXT = st.one_of(st.sampled_from(WORDS), st.text(max_size=40)).map(clean_text)
VIEW = st.builds(
    CardView,
    title=TEXT.map(lambda text: text or "…"),
    url=st.sampled_from(["", "https://example.org/a?b=1&c=2", "https://example.org/%22x", "http://example.org/ü"]).map(
        clean_url
    ),
    summary=TEXT,
    date=st.sampled_from(["November 23, 2026", "2026年11月23日"]),
    heading_id=st.just(""),
)


@cache
def templates() -> TemplateSet:
    return TemplateSet.load(shipped_folder("templates") / "email", "events")


@cache
def press(locale: str) -> Press:
    return Press(templates(), FRAME, locale)


def mail(locale: str, ids: list[int]) -> tuple[str, str]:
    """Return HTML and text of a mail with these cards."""
    composed = press(locale).compose(DigestParts(tuple(map(CardChoice, ids)), "Monday", lead="So."))
    headers = constant_headers(FRAME, composed.subject, composed.layout.boundary)
    splicer = Splicer(composed.layout, composed.pieces, headers)
    return splicer.html(READER), splicer.text(READER)


@pytest.mark.parametrize("locale", ["en", "ar"])
@settings(max_examples=8)
@given(views=st.lists(VIEW, min_size=1, max_size=3))
def test_a_card_that_is_filled_in_is_the_card_that_would_have_been_inlined(locale: str, views: list[CardView]) -> None:
    """For any texts: the same tree, and the same text part."""
    one, other = (mail(locale, add(views)) for add in (press(locale).add_alike, press(locale).add_cards))

    assert not tree_difference(one[0], other[0])
    assert one[1] == other[1]
