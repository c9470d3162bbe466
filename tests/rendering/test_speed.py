"""What a reader's message costs beside rendering it as a whole; always a ratio within one run."""

from __future__ import annotations

from time import perf_counter

from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.splice import Splicer
from digest.rendering.views import CardView
from digest.rendering.whole import render_whole


def test_a_message_is_three_hundred_times_cheaper_than_rendering_it(desk, reader, frame) -> None:
    """Design §7; the best of several rounds each, because other work shares the machine."""
    first = desk()
    cards = [
        CardView(f"Article {n}", f"https://example.org/{n}", "Trade", "words and more words " * 60) for n in range(10)
    ]
    parts = DigestParts(tuple(CardChoice(n) for n in first.press.add_cards(cards)), "Monday")
    composed = first.press.compose(parts)
    splicer = Splicer(composed.layout, composed.pieces, first.headers(composed))
    anna = reader()
    spliced, whole = [], []
    for _ in range(5):
        at = perf_counter()
        for _ in range(200):
            splicer.splice(anna)
        spliced.append((perf_counter() - at) / 200)
        at = perf_counter()
        render_whole(first.templates, frame, "en", cards, parts, anna)
        whole.append(perf_counter() - at)

    assert len(splicer.splice(anna)) > 25_000
    assert min(whole) / min(spliced) >= 300
