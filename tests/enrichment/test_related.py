"""Related links lead to articles we know, or nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digest.enrichment.related import Known, is_certain, keys_of, resolve
from digest.model.article import RelatedLink

RAISE = "The ports of the north raise their fees for container ships"
WHALES = "Whales are seen again in the bay after an absence of a century"
PORTS = Known(1, "Ports", "https://press.example.net/ports", story_id=1)
FEES = Known(2, "Fees", "https://press.example.net/fees", story_id=7)


def archive(*entries: tuple[str, Known]) -> dict[str, Known]:
    return {keys_of(RelatedLink(title)): known for title, known in entries}


def test_an_entry_leads_to_the_article_with_the_same_deck():
    """Whatever its case, marks and spacing."""
    (found,) = resolve([RelatedLink(RAISE.upper() + "  !")], archive((RAISE, PORTS)), leave_out=(), limit=4)

    assert found[1] == PORTS


def test_an_entry_leads_to_the_article_at_its_address():
    """Whatever words it has."""
    (found,) = resolve([RelatedLink("More", PORTS.url)], {PORTS.url: PORTS}, leave_out=(), limit=4)

    assert found[1] == PORTS


def test_an_entry_that_is_not_known_leads_nowhere():
    """Only equal words count: a wrong link is worse than none."""
    entry = RelatedLink(RAISE.replace("raise", "cut"))

    assert resolve([entry], archive((RAISE, PORTS)), leave_out=(), limit=4) == [(entry, None)]


@pytest.mark.parametrize(
    ("words", "by_deck", "certain"),
    [
        pytest.param("Morning briefing", False, False, id="the title of a column"),
        pytest.param("Grain ships loading at the port of Portland", False, False, id="as long as many a headline"),
        pytest.param(RAISE, False, True, id="a long headline"),
        pytest.param("Why the ports are full.", True, True, id="a deck"),
        pytest.param("Why the ports are full", False, False, id="a title with the words of a deck"),
        pytest.param("More.", True, False, id="a deck that says nothing"),
        pytest.param("The bank said it forecast a shortage of 450 million today", True, False, id="a number"),
        pytest.param("港湾当局がコンテナ船の料金引き上げを発表、業界は反発", False, True, id="Japanese"),
        pytest.param("今日の天気", False, False, id="a Japanese column"),
        pytest.param("...", True, False, id="no letter"),
    ],
)
def test_words_that_may_head_several_articles_lead_to_none(words: str, by_deck: bool, certain: bool):
    """As measured on news: docs/choosing.md."""
    assert is_certain(words, replace(PORTS, by_deck=by_deck)) == certain


def test_an_article_of_this_mail_is_not_related_to_it():
    """The reader has it before their eyes."""
    known = archive((RAISE, PORTS), (WHALES, FEES))
    found = resolve([RelatedLink(RAISE), RelatedLink(WHALES)], known, leave_out={1}, limit=4)

    assert [article for _, article in found] == [FEES]


def test_an_article_whose_story_was_told_is_not_shown_again():
    """Under the number of its story, or under its own from before it became part of one."""
    known = archive((RAISE, PORTS), (WHALES, FEES))
    links = [RelatedLink(RAISE), RelatedLink(WHALES)]

    assert [each for _, each in resolve(links, known, leave_out=(), limit=4, told={7})] == [PORTS]
    assert [each for _, each in resolve(links, known, leave_out=(), limit=4, told={2})] == [PORTS]


def test_an_entry_that_comes_twice_is_shown_once():
    """Also when nobody knows it."""
    links = [RelatedLink(RAISE), RelatedLink(RAISE.upper()), RelatedLink("Whales"), RelatedLink("WHALES")]
    found = resolve(links, archive((RAISE, PORTS)), leave_out=(), limit=4)

    assert [link.title for link, _ in found] == [RAISE, "Whales"]


def test_the_list_is_cut_where_the_newsletter_says():
    """In the publisher's order; none at all for 0."""
    links = [RelatedLink(f"Entry {n}") for n in range(9)]

    assert [link.title for link, _ in resolve(links, {}, leave_out=(), limit=2)] == ["Entry 0", "Entry 1"]
    assert resolve(links, {}, leave_out=(), limit=0) == []
