"""The sample articles are what they were written to be."""

from __future__ import annotations

import re

import pytest

from digest.cli.demo import ARTICLES
from digest.collection.plaintext import read_plaintext

FILES = sorted(ARTICLES.glob("*.txt"))
SUBJECTS = {
    "defence": r"defence ministers",
    "trade": r"\btariffs?\b",
    "semiconductors": r"semiconductor",
    "artificial intelligence": r"artificial intelligence",
    "energy": r"electricity",
    "climate": r"Klimawandel",
    "health": r"hearing aids",
    "sport": r"football",
    "culture": r"theatre",
    "space": r"satellite",
    "markets": r"stock market",
    "cities": r"도시",
    "education": r"pupils",
    "food": r"bakers",
}


@pytest.fixture(scope="module")
def articles():
    return {file.stem[3:]: read_plaintext(file.read_text("utf-8")) for file in FILES}


def test_there_are_at_least_a_dozen_and_each_reads_as_one_article(articles):
    """A sample that cannot be read would be a demo of failure."""
    assert len(articles) >= 12
    for name, article in articles.items():
        assert article.title, name
        assert article.sections, name
        assert article.url.startswith("https://"), name
        assert article.published_at is not None, name
        assert article.published_at.tzinfo is not None, name


def test_they_speak_at_least_five_languages(articles):
    """Two Korean, one Japanese, one Arabic, one German, the rest English."""
    languages = [article.language.split("-")[0] for article in articles.values()]

    assert set(languages) == {"en", "ko", "ja", "ar", "de"}
    assert languages.count("ko") == 2
    assert languages.count("en") > len(languages) / 2


@pytest.mark.parametrize("pattern", SUBJECTS.values(), ids=SUBJECTS.keys())
def test_every_reader_of_the_demo_finds_a_subject(articles, pattern):
    """Fourteen subjects, each with at least one article that names it."""
    found = [name for name, a in articles.items() if re.search(pattern, a.title + a.deck + a.text, re.I)]

    assert found


def test_one_has_no_disclaimer_and_the_others_keep_theirs_whole(articles):
    """The disclaimer is the last line before the related list, in the article's own language."""
    without = [name for name, article in articles.items() if not article.disclaimer]

    assert without == ["supporters-buy-stadium"]
    for file in FILES:
        article = articles[file.stem[3:]]
        assert not article.disclaimer or article.disclaimer in file.read_text("utf-8").split("\n")


def test_one_has_no_deck_one_no_headings_one_no_related_list(articles):
    """Each is a case the reader of plain text has to get right."""
    assert [n for n, a in articles.items() if not a.deck] == ["bread-from-the-wrong-wheat"]
    assert [n for n, a in articles.items() if not any(s.heading for s in a.sections)] == ["small-telescope"]
    assert [n for n, a in articles.items() if not a.related] == ["phones-and-quiet"]


def test_related_entries_lead_to_other_samples_and_some_lead_nowhere(articles):
    """Entries equal to a deck become links in the mail, the others stay words."""
    decks = {article.deck for article in articles.values() if article.deck}
    entries = [(entry, article) for article in articles.values() for entry in article.related]
    known = [entry for entry, _ in entries if entry.title in decks]

    assert len(known) >= 10
    assert len(entries) - len(known) >= 5
    assert not [entry for entry, article in entries if entry.title == article.deck]


def test_every_related_entry_is_kept_and_nothing_else(articles):
    """As many entries as there are lines between the list's heading and the comments box."""
    heading = re.compile(r"\n(?:Related Articles|관련 기사|関連記事|مقالات ذات صلة|Ähnliche Artikel)\n(.*)", re.S)
    for file in FILES:
        found = heading.search(file.read_text("utf-8"))
        # The comments box is the last three lines of every page.
        lines = found[1].splitlines()[:-3] if found else []

        assert len(articles[file.stem[3:]].related) == len(lines), file.name


def test_one_related_entry_carries_its_own_link(articles):
    """Its address is taken off its words."""
    linked = [entry for article in articles.values() for entry in article.related if entry.url]

    assert [(entry.title, entry.url) for entry in linked] == [
        (
            "Empty offices in the north find tenants who stay the night.",
            "https://press.example.org/2026/11/offices-into-flats",
        )
    ]


def test_no_site_furniture_is_left_in_any_article(articles):
    """Invitations to sign in or to comment are not content."""
    furniture = re.compile(
        r"sign in|share your thoughts|로그인|의견을 남겨|ログイン|感想を|سجّل|شاركنا|melden sie sich|teilen sie", re.I
    )

    for article in articles.values():
        assert not furniture.search(article.text + article.disclaimer + "".join(e.title for e in article.related))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_sample_uses_only_addresses_that_nobody_owns(file):
    """Every address is in a domain reserved for examples (RFC 2606)."""
    addresses = re.findall(r"https?://([^/\s]+)", file.read_text("utf-8"))

    assert addresses
    assert all(re.fullmatch(r"(.+\.)?example\.(org|net|com)", host) for host in addresses)
