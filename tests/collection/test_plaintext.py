"""The plain-text article page, in five languages, with every part missing or in an unusual place."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.collection.decode import decode
from digest.collection.plaintext import MAX_TEXT, read_plaintext
from digest.errors import BadArticle
from tests.collection.pages import ENGLISH, GERMAN, JAPANESE, KOREAN, PAGES, Page

REAL_PAGES = Path(__file__).resolve().parents[2].parent / "shared" / "articles"
each_language = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.language)


def expect(article, page: Page) -> None:
    """Every part of *page* is where it belongs, and nothing else is anywhere."""
    assert article.title == page.title
    assert article.deck == page.deck
    assert [(section.heading, section.paragraphs) for section in article.sections] == page.body
    assert article.disclaimer == page.disclaimer
    assert tuple(entry.title for entry in article.related) == page.related
    assert article.language == page.language
    assert article.ai_generated is (True if page.disclaimer else None)


LAYOUTS = {
    "one paragraph per line": lambda page: page.text("\n"),
    "blank lines between": lambda page: page.text("\n\n"),
    "Windows line ends": lambda page: page.text("\r\n"),
    "old Mac line ends": lambda page: page.text("\r"),
    "a byte order mark": lambda page: "\ufeff" + page.text(),
    "spaces at line ends": lambda page: page.text("  \n \t "),
    "rules between parts": lambda page: page.text("\n").replace(
        page.disclaimer, "----\n" + page.disclaimer + "\n* * *"
    ),
    "a title marked as a heading": lambda page: "# " + page.text(),
    "headings marked as headings": lambda page: page.text().replace(page.sections[0][0], "## " + page.sections[0][0]),
}


@each_language
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_a_page_reads_the_same_however_its_lines_are_laid_out(page, layout):
    """Line ends, blank lines and rules carry no meaning."""
    article = read_plaintext(LAYOUTS[layout](page))

    expect(article, page)


MISSING = {
    "no deck": {"deck": ""},
    "no disclaimer": {"disclaimer": ""},
    "no related list": {"related": ()},
    "no furniture": {"furniture": ()},
    "no opening paragraph": {"opening": ()},
    "no deck, no disclaimer": {"deck": "", "disclaimer": ""},
    "furniture without related list": {"related": (), "disclaimer": ""},
    "nothing after the text": {"related": (), "disclaimer": "", "furniture": ()},
    "nothing but title and text": {"related": (), "disclaimer": "", "furniture": (), "deck": ""},
}


@each_language
@pytest.mark.parametrize("missing", MISSING, ids=str)
def test_a_page_without_some_part_keeps_all_the_others(page, missing):
    """No part of a page is promised, its title and text apart."""
    cut = page.without(**MISSING[missing])

    expect(read_plaintext(cut.text()), cut)


@each_language
def test_a_page_without_headings_is_one_section(page):
    """Paragraphs are never taken for headings."""
    flat = page.without(opening=page.opening + sum((texts for _, texts in page.sections), ()), sections=())

    expect(read_plaintext(flat.text()), flat)


@each_language
@pytest.mark.parametrize("place", ["first line", "after the title", "after the deck", "after the related list"])
def test_a_disclaimer_is_found_wherever_the_publisher_puts_it(page, place):
    """It must travel with the article, and it is not a deck, a paragraph or an entry."""
    lines = page.without(disclaimer="").lines()
    at = {"first line": 0, "after the title": 1, "after the deck": 2}.get(place, lines.index(page.furniture[0]))

    article = read_plaintext("\n".join([*lines[:at], page.disclaimer, *lines[at:]]))

    expect(article, page)


@each_language
@pytest.mark.parametrize("mark", ["- ", "* ", "• ", "▶ ", "#. "])
def test_bullets_and_numbers_of_related_entries_are_not_their_titles(page, mark):
    """Lists look different everywhere; entries do not."""
    marked = [mark.replace("#", str(number)) + title for number, title in enumerate(page.related, 1)]

    expect(read_plaintext(page.without(related=tuple(marked)).text()), page)


@pytest.mark.parametrize("furniture_of", PAGES, ids=lambda page: page.language)
def test_a_page_may_wear_the_furniture_of_another_language(furniture_of):
    """Sites keep their own language around foreign articles."""
    mixed = ENGLISH.without(furniture=furniture_of.furniture, related_heading=furniture_of.related_heading)

    expect(read_plaintext(mixed.text()), mixed)


def test_furniture_in_words_nobody_knows_is_not_a_related_entry():
    """After entries of a line each, a word or two is no entry."""
    page = ENGLISH.without(furniture=("Zum Tresen", "Oppijn", "42"))

    expect(read_plaintext(page.text()), page)


def test_a_related_list_under_a_heading_nobody_knows_is_still_one():
    """Lines of one kind under a short heading, after the disclaimer that ends the article."""
    page = ENGLISH.without(related_heading="More from the Example Tribune")

    expect(read_plaintext(page.text()), page)


INSIDE = {
    "a sentence about AI": "Platforms must now mark what is AI-generated, and several have begun to hide the mark at the foot of the page.",
    "a sentence with related articles": "The paper printed related articles on the same page for a week, and nobody wrote to the editor about them.",
    "a quoted disclaimer": "“This content is AI-generated,” said the label under the film, which half of the audience took for a joke.",
    "a sentence about comments": "Comments on the plan were invited in March, and the council received four hundred letters before the summer.",
    "a sentence that asks to share": "Share prices of both yards fell on the news, and sign-ups for the apprenticeship doubled within the month.",
}


@pytest.mark.parametrize("sentence", INSIDE.values(), ids=INSIDE)
@pytest.mark.parametrize("where", ["in the middle", "at the end"])
def test_a_paragraph_that_only_mentions_such_words_stays_in_the_article(sentence, where):
    """Markers are whole lines, or words that occur together and speak of the page itself."""
    sections = list(ENGLISH.sections)
    at = 0 if where == "in the middle" else -1
    sections[at] = (sections[at][0], (*sections[at][1], sentence))
    page = ENGLISH.without(sections=tuple(sections), **({} if at == 0 else {"disclaimer": ""}))

    expect(read_plaintext(page.text()), page)


def test_several_disclaimers_are_all_kept_in_order():
    """AI and advice are two notices; a reader must see both."""
    notices = (
        ENGLISH.disclaimer,
        "Nothing in this article constitutes financial advice.",
        "This post contains affiliate links.",
    )
    page = ENGLISH.without(disclaimer="\n".join(notices))

    expect(read_plaintext(page.text()), page)


def test_a_heading_that_only_names_the_disclaimer_is_not_a_section():
    """The word over the notice is a label."""
    page = ENGLISH.without(disclaimer="Disclaimer\n" + ENGLISH.disclaimer)

    expect(read_plaintext(page.text()), ENGLISH)


@pytest.mark.parametrize(
    ("line", "title", "url"),
    [
        ("A title — https://example.org/a", "A title", "https://example.org/a"),
        ("A title (https://example.org/a)", "A title", "https://example.org/a"),
        ("A title: https://example.org/a.", "A title", "https://example.org/a"),
        ("[A title](https://example.org/a)", "A title", "https://example.org/a"),
        ("- [A title](https://example.org/a)", "A title", "https://example.org/a"),
        ("https://example.org/a A title", "A title", "https://example.org/a"),
        ("A title\nhttps://example.org/a", "A title", "https://example.org/a"),
        ("[A title](javascript:alert(1))", "A title", ""),
        ("2026 will be the year of the tide", "2026 will be the year of the tide", ""),
    ],
)
def test_a_related_entry_is_read_with_or_without_its_link(line, title, url):
    """A link that no reader may follow is dropped, its title stays."""
    article = read_plaintext(ENGLISH.without(related=(line,)).text())

    assert [(entry.title, entry.url) for entry in article.related] == [(title, url)]


def test_a_related_box_in_the_middle_does_not_swallow_the_rest():
    """The text goes on after the blank line that ends the box."""
    lines = ENGLISH.without(disclaimer="", related=(), furniture=()).lines()
    box = "\n".join([ENGLISH.related_heading, *ENGLISH.related])

    article = read_plaintext("\n\n".join([*lines[:6], box, *lines[6:]]))

    assert tuple(entry.title for entry in article.related) == ENGLISH.related
    assert [(section.heading, section.paragraphs) for section in article.sections] == ENGLISH.body


@pytest.mark.parametrize(
    "lines",
    [
        ["Published 2026-11-20", "By Ada Quill", "URL: https://example.org/tide"],
        ["Ada Quill", "2026-11-20T00:00:00Z", "Source: https://example.org/tide"],
        ["By Ada Quill", "November 20, 2026", "https://example.org/tide"],
        ["Author: Ada Quill", "Published on 20 November 2026", "Link: <https://example.org/tide>"],
    ],
    ids=["labels", "bare lines", "a date in words", "other labels"],
)
@pytest.mark.parametrize("place", ["top", "bottom"])
def test_lines_about_the_article_are_metadata_and_not_text(lines, place):
    """Date, author and address are told by the page itself."""
    page = ENGLISH.without(related=(), furniture=())
    lines = [line for line in lines if line != "Ada Quill"]
    told = [page.title, *lines, *page.lines()[1:]] if place == "top" else [*page.lines(), *lines]

    article = read_plaintext("\n".join(told))

    expect(article, page)
    assert article.published_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert article.url == "https://example.org/tide"


@pytest.mark.parametrize(
    ("page", "line", "author"),
    [
        (KOREAN, "홍길동 기자", "홍길동"),
        (JAPANESE, "文：山田花子", "山田花子"),
        (GERMAN, "Von Anna Beispiel", "Anna Beispiel"),
        (ENGLISH, "By Ada Quill and Bob Reed", "Ada Quill and Bob Reed"),
    ],
    ids=["ko", "ja", "de", "en"],
)
def test_a_byline_is_the_author_and_not_a_paragraph(page, line, author):
    """Every language writes its bylines in its own way."""
    lines = page.lines()

    article = read_plaintext("\n".join([lines[0], lines[1], line, *lines[2:]]))

    expect(article, page)
    assert article.author == author


@pytest.mark.parametrize(
    ("page", "line"),
    [
        (ENGLISH, "November 20, 2026 · 6 min read"),
        (GERMAN, "20. November 2026 · 6 Min. Lesezeit"),
        (KOREAN, "2026. 11. 20. · 읽는 시간 3분"),
    ],
    ids=["en", "de", "ko"],
)
def test_a_date_beside_the_time_to_read_is_the_articles(page, line):
    """Sites set both into one line, and half of it is furniture."""
    lines = page.lines()

    article = read_plaintext("\n".join([lines[0], lines[1], line, *lines[2:]]))

    expect(article, page)
    assert article.published_at == datetime(2026, 11, 20, tzinfo=UTC)


def test_a_date_in_the_future_is_not_believed():
    """A page that post-dates itself wins no freshness."""
    text = ENGLISH.text().replace(ENGLISH.deck, ENGLISH.deck + "\n2026-12-24")

    assert read_plaintext(text, now=datetime(2026, 11, 23, tzinfo=UTC)).published_at is None


@pytest.mark.parametrize(
    "data",
    [
        GERMAN.text().encode("utf-8-sig"),
        GERMAN.text().encode("utf-16"),
        GERMAN.text().encode("utf-16-le"),
        GERMAN.text().encode("utf-16-be"),
        GERMAN.text().encode("latin-1"),
        GERMAN.text("\r\n").encode("cp1252"),
    ],
    ids=["UTF-8 with mark", "UTF-16 with mark", "UTF-16 LE", "UTF-16 BE", "Latin-1", "Windows"],
)
def test_a_page_reads_the_same_in_every_encoding(data):
    """Umlauts survive whatever editor the file was saved with."""
    expect(read_plaintext(decode(data)), GERMAN)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t\r\n\ufeff", "empty"),
        ("Only a title", "nothing under the title"),
        ("Only a title\n\n***\n", "nothing under the title"),
        ("\u202e\u0000\u0007", "empty"),
        ("word " * 300 + "\nA paragraph under it.", "should be the title"),
        ("Title\n" + "a" * MAX_TEXT, "at most"),
        ("Title\nShare\nSign in to join", "nothing under the title"),
    ],
    ids=["nothing", "white space", "one line", "title and rule", "invisible", "no title", "too long", "furniture only"],
)
def test_a_file_that_is_no_article_is_refused_with_the_reason(text, reason):
    """One clear line that a person can act on."""
    with pytest.raises(BadArticle, match=reason) as refused:
        read_plaintext(text)

    assert "\n" not in str(refused.value)


def test_no_text_comes_out_with_control_characters_or_overrides():
    """A right-to-left override could make a headline read as another one."""
    hostile = ENGLISH.text().replace(" ", "\u202e \u0000", 40).replace("tide", "t\u0069\u0308de\u2066")

    article = read_plaintext(hostile)

    out = f"{article.title}{article.deck}{article.text}{article.disclaimer}"
    assert not set(out) & {"\u202e", "\u2066", "\x00"}
    assert "tïde" in out


@pytest.mark.skipif(not REAL_PAGES.is_dir(), reason="the real page is not beside this checkout")
def test_the_real_page_comes_apart_as_its_publisher_meant_it():
    """Title, deck, an opening and four headed sections, disclaimer, four entries, no furniture."""
    for path in REAL_PAGES.glob("*.txt"):
        lines = path.read_text("utf-8").splitlines()
        article = read_plaintext(path.read_text("utf-8"))

        assert (article.title, article.deck) == (lines[0], lines[1])
        assert [section.heading == "" for section in article.sections] == [True, False, False, False, False]
        assert article.disclaimer.startswith("This content is AI-generated")
        assert [(len(entry.title) > 100, entry.url) for entry in article.related] == [(True, "")] * 4
        assert article.language == "en"
        assert article.ai_generated is True
        assert "Thoughts" not in article.text
        assert "Sign in" not in article.text + article.disclaimer
