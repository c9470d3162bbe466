"""How much two texts share, in any script, from sketches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.likeness import bands, likeness, sketch

ENGLISH = " ".join(f"Ferry {n} left the harbour with {n + 200} on board and berth {n} was swept." for n in range(15))
KOREAN = "반도체 수출이 크게 늘면서 올해 무역 수지가 흑자로 돌아섰다고 정부가 밝혔다. 내년에도 좋은 흐름이 이어질 것으로 본다."
JAPANESE = "日本の半導体輸出が大きく増加し、今年の貿易収支は黒字に転じたと政府が発表した。来年も好調が続くと見られる。"


@pytest.mark.parametrize("text", [ENGLISH, KOREAN * 3, JAPANESE * 3], ids=["English", "Korean", "Japanese"])
def test_a_text_with_a_word_changed_is_nearly_the_same(text: str):
    """Words without spaces between them count by the letter."""
    other = text[:40] + "Xenon" + text[45:]

    assert 0.8 < likeness(sketch(text), sketch(other)) < 1
    assert set(bands(sketch(text))) & set(bands(sketch(other)))


def test_texts_that_share_a_half_are_half_alike():
    """The measure is the share of what both have in what either has."""
    words = [f"word{n}" for n in range(900)]
    one, other = " ".join(words[:600]), " ".join(words[300:])

    assert likeness(sketch(one), sketch(other)) == pytest.approx(1 / 3, abs=0.15)


def test_other_texts_are_not_alike():
    """Nor is any text like one without words."""
    assert likeness(sketch(ENGLISH), sketch(KOREAN)) == 0
    assert likeness(sketch("..."), sketch("!")) == 0


@given(st.text(), st.text())
def test_alikeness_is_mutual_and_whole_with_oneself(one: str, other: str):
    """Whatever text, from no letter on."""
    a, b = sketch(one), sketch(other)

    assert likeness(a, b) == likeness(b, a)
    assert likeness(a, a) == (1 if a else 0)
    assert 0 <= likeness(a, b) <= 1
    assert len(bands(a)) <= 16
