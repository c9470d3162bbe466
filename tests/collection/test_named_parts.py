"""Pages that say themselves which line is what, and short ones that leave little to measure."""

from __future__ import annotations

import pytest

from digest.collection.plaintext import read_plaintext
from digest.model.article import Section

TEXT = "The main index lost 0.8%. Energy shares fell most, after oil had dropped for the fifth day in a row."


@pytest.mark.parametrize(
    ("title", "deck"),
    [
        pytest.param("Title: Markets open lower", "Subtitle: Traders wait for figures", id="en"),
        pytest.param("Überschrift: Markets open lower", "Untertitel: Traders wait for figures", id="de"),
        pytest.param("제목：Markets open lower", "부제: Traders wait for figures", id="ko"),
    ],
)
@pytest.mark.parametrize("order", ["title first", "deck first", "date first"])
def test_a_page_that_names_its_title_and_deck_is_taken_at_its_word(title: str, deck: str, order: str):
    """The labels go, wherever the lines stand in the head of the page."""
    date = "Published: 2026-11-20"
    head = {
        "title first": (title, deck, date),
        "deck first": (deck, title, date),
        "date first": (date, title, deck),
    }[order]

    article = read_plaintext("\n".join((*head, TEXT)))

    assert (article.title, article.deck) == ("Markets open lower", "Traders wait for figures")
    assert article.sections == (Section("", (TEXT,)),)
    assert article.published_at is not None


def test_a_deck_that_is_named_without_a_title_that_is_stays_text():
    """The words before a colon may be the article's own."""
    article = read_plaintext(f"What a deck is for\nSubtitle: a word of printers for it.\n{TEXT}\n{TEXT}")

    assert article.title == "What a deck is for"
    assert "Subtitle: a word of printers for it." in (article.deck, *article.sections[0].paragraphs)


def test_one_sentence_over_longer_paragraphs_of_several_is_the_deck_of_a_short_page():
    """Half of so short a page is no longer than its deck, so lengths alone do not tell."""
    deck = "Builders say yes, geologists say it depends on what you count as sand."
    first = "We have two years left, said the head of the association. After that we import, and pay for it."

    article = read_plaintext(f"Can a city run out of sand?\n{deck}\n{first}\nWhat now?\nCrushed rock could help.")

    assert article.deck == deck
    assert article.sections == (Section("", (first,)), Section("What now?", ("Crushed rock could help.",)))


def test_a_few_words_between_sentences_are_a_heading_though_the_answer_is_shorter():
    """They would stand in the summary as half a sentence."""
    article = read_plaintext(f"Ferry strike ends\n{TEXT} {TEXT}\nWhat happens to tickets\nThey stay valid.")

    assert article.sections[-1] == Section("What happens to tickets", ("They stay valid.",))


def test_a_short_entry_with_a_bullet_is_an_entry_after_long_ones():
    """Furniture has no bullet; a short line without one may be furniture in words nobody listed."""
    page = f"""A late harvest
{TEXT}
{TEXT}
Related Articles
- The price of apples rises for the fourth year in a row https://news.example.org/apples
- Cider makers in three counties turn to pears and quinces https://news.example.org/pears
- Rain in numbers
"""

    article = read_plaintext(page)

    assert [entry.title for entry in article.related][-1] == "Rain in numbers"
