"""What templates see: languages, dates, catalogues, cards."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from digest.model.article import Article, Image, StoredArticle
from digest.rendering.i18n import Speaker, load_translations, resolve_locale
from digest.rendering.languages import clean_tag, date_text, direction, locale_view, weekday_date_text
from digest.rendering.views import card_view, related_view

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Hello %(name)s."
msgstr "Grüezi %(name)s."

msgid "one more"
msgid_plural "%(n)s more"
msgstr[0] "eins mehr"
msgstr[1] "%(n)s mehr"
"""


def stored(**facts) -> StoredArticle:
    return StoredArticle(7, 1, 1, Article(**facts), datetime(2026, 11, 23, tzinfo=UTC), "Example\nPress")


@pytest.mark.parametrize(
    ("tag", "sample", "way"),
    [
        ("ar", "", "rtl"),
        ("he-IL", "", "rtl"),
        ("az-Arab", "", "rtl"),
        ("ku-Latn", "", "ltr"),
        ("ar-Latn-DZ", "", "ltr"),
        ("en", "عنوان", "ltr"),
        ("", "12 عنوان", "rtl"),
        ("", "Title", "ltr"),
        ("", "", "ltr"),
    ],
)
def test_a_reader_sees_each_language_run_its_own_way(tag: str, sample: str, way: str) -> None:
    """By tag and script; an unknown language by its first letter."""
    assert direction(tag, sample) == way


def test_a_tag_that_is_none_counts_as_english() -> None:
    """And never reaches an attribute."""
    assert clean_tag('en" onload="x') == ""
    assert clean_tag("pt_BR") == "pt-BR"
    assert locale_view("??").tag == "en"
    assert (locale_view("ar").start, locale_view("ar").end) == ("right", "left")


def test_a_day_is_written_as_the_reader_writes_it() -> None:
    """Unknown locales read English."""
    day = date(2026, 11, 23)

    assert date_text(day, "de") == "23. November 2026"
    assert date_text(day, "ja") == "2026年11月23日"
    assert weekday_date_text(day, "en") == "Monday, November 23, 2026"
    assert date_text(day, "xx-Nowhere") == date_text(day, "en")


def test_a_catalogue_speaks_and_falls_back(tmp_path: Path) -> None:
    """de-CH reads the catalogue of de; a text without one stays as it is."""
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "digest.po").write_text(PO, encoding="utf-8")

    html = Speaker(load_translations("de-CH", tmp_path), escaping=True)
    text = Speaker(load_translations("fr", tmp_path), escaping=False)

    assert html.gettext("Hello %(name)s.", name="<b>") == "Grüezi &lt;b&gt;."
    assert html.ngettext("one more", "%(n)s more", 3) == "3 mehr"
    assert text.gettext("Hello %(name)s.", name="<b>") == "Hello <b>."
    assert text.gettext("100%") == "100%"


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        pytest.param(("ko", "en"), "ko", id="the reader's own"),
        pytest.param(("de-AT", "en"), "de-AT", id="with the region, which orders a date"),
        pytest.param(("DE_ch", "en"), "de-CH", id="however it is spelt"),
        pytest.param(("de-ZZ", "en"), "de", id="without a region that is none"),
        pytest.param(("en-GB-oxendict", "ko"), "en-GB", id="without what says nothing about dates"),
        pytest.param(("pt-BR", "ja"), "ja", id="else the newsletter's"),
        pytest.param(("pt-BR", "ko-KR"), "ko-KR", id="which may have a region"),
        pytest.param(("pt-BR", "sw"), "en", id="else English"),
        pytest.param(("", "../en"), "en", id="no tags at all"),
    ],
)
def test_a_mail_speaks_the_first_language_it_can(tags: tuple[str, ...], found: str) -> None:
    """One tag for words, dates and direction."""
    assert resolve_locale(*tags) == found


def test_a_card_takes_the_publishers_words_first() -> None:
    """Deck, else summary, else our extract, which is labelled."""
    assert card_view(stored(title="T", deck="D", summary="S"), "en", summary="E").summary == "D"
    assert card_view(stored(title="T", summary="S"), "en", summary="E").summary_by == "publisher"
    ours = card_view(stored(title="T"), "en", summary="E")
    assert (ours.summary, ours.summary_by) == ("E", "extract")


def test_a_card_carries_the_publishers_disclaimer_or_our_notice() -> None:
    """Theirs goes before ours."""
    assert card_view(stored(title="T", disclaimer="Theirs"), "en", notice="Ours").disclaimer == "Theirs"
    assert card_view(stored(title="T"), "en", notice="Ours").disclaimer == "Ours"


def test_a_card_shows_the_day_in_the_given_zone() -> None:
    """Half past eight in the evening in London is the next day in Seoul."""
    article = stored(title="T", published_at=datetime(2026, 11, 22, 20, 30, tzinfo=UTC))

    assert card_view(article, "en", zone=ZoneInfo("Asia/Seoul")).date == "November 23, 2026"


def test_hostile_articles_become_harmless_cards() -> None:
    """One line each, no foreign scheme, no tracking pixel without size."""
    card = card_view(
        stored(
            title="a\r\nb\u202ec",
            url="javascript:x",
            language="x" * 99,
            image=Image("http://example.org/i.png", 9, 9, ""),
        ),
        "en",
    )

    assert (card.title, card.url, card.language, card.image, card.source) == ("a bc", "", "", None, "Example Press")
    assert card_view(stored(title="", image=Image("https://example.org/i", 0, 0, "")), "en").title == "…"
    assert related_view("x\ny", "data:x").url == ""
