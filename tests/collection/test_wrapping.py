"""Pages whose lines a mail program or an old editor broke at a column."""

import textwrap
import unicodedata
from time import perf_counter

import pytest

from digest.collection.plaintext import read_plaintext
from digest.collection.wrapping import columns
from tests.collection.pages import ENGLISH, GERMAN, JAPANESE, KOREAN, PAGES, Page

ARABIC = next(page for page in PAGES if page.language == "ar")


def by_words(line: str, width: int) -> list[str]:
    """Return *line* broken between words, as wide as a screen shows it."""
    lines = [""]
    for word in line.split():
        if lines[-1] and columns(lines[-1]) + 1 + columns(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def by_letters(line: str, width: int) -> list[str]:
    """Return *line* broken anywhere, as wide as a screen shows it."""
    lines = [""]
    for letter in line:
        size = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if columns(lines[-1]) + size > width:
            lines.append("")
        lines[-1] += letter
    return lines


def by_count(line: str, width: int) -> list[str]:
    """Return *line* broken by a program that counts letters and not columns."""
    return textwrap.wrap(line, width)


def understood(text: str) -> Page:
    """Return the parts that were read of the page *text*, as a page."""
    article = read_plaintext(text)
    opening = article.sections[0].paragraphs if article.sections[0].heading == "" else ()
    return Page(
        language=article.language,
        title=article.title,
        deck=article.deck,
        opening=opening,
        sections=tuple((part.heading, part.paragraphs) for part in article.sections if part.heading),
        disclaimer=article.disclaimer,
        related_heading="",
        related=tuple(entry.title for entry in article.related),
    )


@pytest.mark.parametrize("gap", ["\n", "\n\n"], ids=["no blank lines", "blank lines"])
@pytest.mark.parametrize(
    ("page", "wrap", "width"),
    [
        (ENGLISH, by_words, 72),
        (ENGLISH, by_count, 60),
        (ENGLISH, by_words, 80),
        (GERMAN, by_words, 72),
        (GERMAN, by_count, 76),
        (KOREAN, by_words, 72),
        (KOREAN, by_words, 80),
        (KOREAN, by_count, 60),
        (JAPANESE, by_letters, 72),
        (JAPANESE, by_letters, 68),
        (JAPANESE, by_count, 64),
        (ARABIC, by_words, 76),
        (ARABIC, by_count, 64),
    ],
    ids=lambda value: getattr(value, "language", getattr(value, "__name__", str(value))),
)
def test_a_wrapped_page_reads_as_if_it_had_never_been_wrapped(page, wrap, width, gap):
    """With blank lines between paragraphs or without; the last line of each is what ends early."""
    text = gap.join("\n".join(wrap(line, width)) for line in page.lines())

    assert understood(text) == page.without(related_heading="", furniture=())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.language)
def test_a_page_that_was_not_wrapped_is_left_as_it_is(page):
    """A line that happens to be as long as others is still a paragraph of its own."""
    assert understood(page.text()) == page.without(related_heading="", furniture=())


PARAGRAPH = (
    "When the ferry to Lower Skerrin was cancelled for the ninth time this autumn, the harbour master began to "
    "count the hours in which the tide ran hard past an empty quay, and wrote them down."
)
ITEMS = {
    "hyphens": ["- the cable, which has to be laid in summer", "- the turbines, which come by sea from Harrow Sound"],
    "numbers": ["1. The cable has to be laid in summer.", "2. The turbines come by sea from Harrow Sound."],
    "dots": ["• the cable", "• the turbines, which come by sea from Harrow Sound and have to be lifted by a crane"],
}


@pytest.mark.parametrize("items", ITEMS.values(), ids=ITEMS)
def test_each_item_of_a_list_in_a_wrapped_page_is_its_own_paragraph(items):
    """An item that is as long as the line is not joined with the next."""
    lines = ["Harbour Towns", PARAGRAPH, "Two things are missing at the moment, and both of them cost money:", *items]
    text = "\n".join("\n".join(textwrap.wrap(line, 60)) for line in [*lines, PARAGRAPH])

    paragraphs = [paragraph for part in read_plaintext(text).sections for paragraph in part.paragraphs]

    assert [paragraph for paragraph in paragraphs if paragraph in items] == items


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("a long-\nstanding", "a long-standing"),
        ("die Strom-\nund Gaspreise", "die Strom- und Gaspreise"),
        ("two of them\nwere sold", "two of them were sold"),
    ],
    ids=["a compound", "an open hyphen", "words"],
)
def test_a_broken_line_is_mended_as_its_writer_wrote_it(broken, whole):
    """A hyphen at the end of a line belongs to a word, or stands for one."""
    before, after = broken.split("\n")
    lead = "when the ferry to lower skerrin was cancelled for the ninth time a"
    page = f"Harbour Towns\n{lead}\n{lead}\n{lead[: 66 - len(before)]}{before}\n{after} and {lead[:50]}\n{lead}\nthe end.\n"

    assert whole in " ".join(read_plaintext(page * 2).text.split())


def test_a_page_of_full_lines_only_is_read_in_no_time():
    """Nobody may make the reader look at every line once for every other."""
    page = f"Title\n{PARAGRAPH}\n" + "the tide ran hard past the empty quay, and nobody was there to see it.\n" * 6_000
    started = perf_counter()

    read_plaintext(page)

    assert perf_counter() - started < 5
