"""The law: what is spliced is the same tree as the whole, rendered and inlined for one reader."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.rendering.check import check_template, differences
from digest.rendering.headers import constant_headers
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.press import Press
from digest.rendering.splice import Splicer
from digest.rendering.templates import TemplateSet
from digest.rendering.views import CardView, Frame, ImageView, related_view
from digest.rendering.whole import render_whole

TEMPLATES = Path(__file__).parent / "templates"
FRAME = Frame("News & more", "News", "digest@example.org", "daily.example.org", ("1 Road",))
WORDS = ["Ports & trade", "港は開く", "الميناء", "<b>항구</b>", "e\u0301té", "👍" * 9, "a" * 300]
CARDS = [
    CardView(
        title=word,
        url=f"https://example.org/{n}?a=1&b=2" if n % 3 else "",
        summary=f"{word} " * (n % 4),
        disclaimer=word if n % 2 else "",
        language=("en", "ja", "ar", "")[n % 4],
        image=ImageView("https://example.org/i.png", 10, 20, word) if n % 5 == 0 else None,
        heading_id=f"a{n}",
    )
    for n, word in enumerate(WORDS * 2)
]
RELATED = [related_view(word, f"https://example.org/r{n}?x&y" if n % 2 else "", "ar") for n, word in enumerate(WORDS)]
CHOICE = st.builds(
    CardChoice,
    st.integers(0, len(CARDS) - 1),
    st.sampled_from(["", *WORDS]),
    st.lists(st.sampled_from(RELATED), max_size=2).map(tuple),
)
PARTS = st.builds(
    DigestParts,
    st.lists(CHOICE, min_size=1, max_size=4).map(tuple),
    st.just("Monday"),
    st.sampled_from(["", *WORDS]),
    st.sampled_from(["", *WORDS]),
    st.sampled_from(["", *WORDS]),
)


@cache
def press(locale: str) -> Press:
    """Return a press with every card; making one per example would take the time of the test."""
    made = Press(TemplateSet.load(TEMPLATES, "mini"), FRAME, locale)
    made.add_cards(CARDS)
    return made


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, name=st.text(max_size=40), locale=st.sampled_from(["en", "ja", "ar", "de", "zh-Hant"]))
def test_a_spliced_message_is_the_whole_message(reader, parts: DigestParts, name: str, locale: str) -> None:
    """For any selection, name and locale."""
    anna = reader(name=name)
    composed = press(locale).compose(parts)
    headers = constant_headers(FRAME, composed.subject, composed.layout.boundary)
    splicer = Splicer(composed.layout, composed.pieces, headers)
    whole = render_whole(TemplateSet.load(TEMPLATES, "mini"), FRAME, locale, CARDS, parts, anna)

    assert differences(splicer, whole, anna) == []


@settings(max_examples=30, deadline=None)
@given(parts=PARTS, locale=st.sampled_from(["en", "ja"]), others=st.sets(st.integers(0, len(CARDS) - 1)))
def test_a_digest_is_the_same_whatever_else_is_printed(parts: DigestParts, locale: str, others: set[int]) -> None:
    """A press that has only its cards, and some others before and behind them, gives the same layout and pieces."""
    wanted = [choice.card_id for choice in parts.cards]
    printed = sorted({*wanted, *others}, key=lambda card: hash((card, len(others))))
    few = Press(TemplateSet.load(TEMPLATES, "mini"), FRAME, locale)
    ids = dict(zip(printed, few.add_cards([CARDS[card] for card in printed]), strict=True))
    cards = tuple(CardChoice(ids[choice.card_id], choice.why, choice.related) for choice in parts.cards)

    assert few.compose(replace(parts, cards=cards)) == press(locale).compose(parts)


@pytest.fixture
def changed(tmp_path: Path):
    """Return a maker of templates that differ from the small one in one place."""

    def make(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "mini"
        shutil.copytree(TEMPLATES / "mini", folder)
        source = (folder / file).read_text()
        assert old in source
        (folder / file).write_text(source.replace(old, new))
        return tmp_path

    return make


def test_the_small_template_keeps_the_law() -> None:
    """So what fails below fails for its change."""
    assert check_template(TEMPLATES, "mini") == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("shell.html", "<style>", "<style> .card + .card { color: #ff0000 }", "neighbours"),
        ("shell.html", "<style>", "<style> tr:first-child { color: #ff0000 }", "neighbours"),
        ("shell.html", "<style>", "<style> tr:last-child { color: #ff0000 }", "neighbours"),
        ("shell.html", "<style>", "<style> @media print { .x { content: '{{ slot.name }}' } }", "<style>"),
        ("shell.html", "<style>", "<style> td { content: '{{ slot.name }}' }", "slot values"),
        ("shell.html", "{{ hole.date }}", "{{ hole.date | upper }}", "unchanged by filters"),
        ("shell.html", 'href="{{ slot.view_url }}"', 'href="{{ slot.view_url }}?x=1"', "alone in an href"),
        ("shell.html", 'href="{{ slot.view_url }}"', 'href="{{ slot.name }}"', "alone in an href"),
        ("shell.html", "{{ hole.cards }}", "", "hole.cards"),
        ("shell.html", "{{ hole.date }}", "{{ hole.dat }}", "shell.html, line"),
        ("shell.html", "{{ hole.date }}", "{{ hole.date", "line"),
        ("shell.html", "{{ hole.date }}", "{{ 'a' * 999999999 }}", "moderate size"),
        ("shell.html", "{{ hole.date }}", "{{ newsletter.__class__.__mro__ }}", "unsafe"),
        ("shell.html", "{{ hole.date }}", "{% include '../mini/card.txt' %}", "card.txt"),
        ("shell.html", "{{ hole.date }}", "{{ range(9) }}", "range"),
        ("shell.html", "{{ hole.date }}", "{{ 1 | format }}", "format"),
        ("card.html", "</td></tr>", "</td>{{ article.titel }}</tr>", "titel"),
        ("fragments.html", "<p class=\"why\">{{ text }}</p>{% endmacro %}\n{% macro rel", "<p>{{ text | upper }}</p>{% endmacro %}\n{% macro rel", "fragments.html, why"),
        ("fragments.html", "macro more", "macro mohr", "'more' is missing"),
        ("card.txt", "{{ hole.why }}", "{{ hole.why | length }}", "text:"),
        ("subject.txt", "{{ digest.titles", "{{ digest.title", "subject.txt"),
    ],
)  # fmt: skip
def test_a_template_that_would_break_mails_is_refused(changed, file: str, old: str, new: str, said: str) -> None:
    """When it is saved, with the place."""
    problems = check_template(changed(file, old, new), "mini")

    assert said in " ".join(problems)


def test_a_folder_without_all_files_is_refused(changed) -> None:
    """The files that are missing are named."""
    folder = changed("card.txt", "*", "*")
    (folder / "mini" / "card.txt").unlink()

    assert "card.txt" in check_template(folder, "mini")[0]
    assert "no mail template" in check_template(folder, "../mini")[0]


def test_including_a_file_of_the_same_folder_is_allowed(changed) -> None:
    """Parts of a template may be shared within it."""
    folder = changed("shell.html", "{{ hole.date }}", "{% include 'day.html' %}")
    (folder / "mini" / "day.html").write_text("<b>{{ hole.date }}</b>")

    assert check_template(folder, "mini") == []
