"""Articles in the store: which source may edit one, who gets it, and which row a text belongs to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.model.article import Article, ArticleState, Section
from digest.store.articles import Saved, articles_between, find_article, save_article, set_state
from digest.store.engine import reading
from tests.house import MONDAY, House

LONG = "The first ferry left at noon. " + "The crews were glad of it, " * 5 + "and sang."
OTHER = "Solar parks grow faster than the grid. " + "The ministry had not foreseen it, " * 5 + "it says."
ONE, TWO = "https://press.example.net/one", "https://press.example.net/two"


def article(text: str = LONG, url: str = ONE, title: str = "", deck: str = "") -> Article:
    return Article(title=title or text[:20], deck=deck, url=url, language="en", sections=(Section("", (text,)),))


def save(house: House, what: Article, source: str = "") -> tuple[int, str]:
    with house.engine.begin() as connection:
        return save_article(connection, what, source=source, now=MONDAY)


def texts(house: House, *sources: str) -> list[str]:
    """Return the texts of the live articles of *sources* (none: of all)."""
    day = timedelta(days=1)
    with reading(house.engine) as connection:
        return [each.article.text for each in articles_between(connection, MONDAY - day, MONDAY + day, sources)]


def revisions(house: House) -> int:
    ((count,),) = house.rows("SELECT count(*) FROM revisions")
    return int(count)


def test_an_article_of_two_feeds_reaches_the_readers_of_either(house: House) -> None:
    """Whichever feed was read first; and nobody else's."""
    save(house, article(), "a")
    save(house, article(), "b")

    assert texts(house, "a") == texts(house, "b") == texts(house, "a", "b") == texts(house) == [LONG]
    assert texts(house, "c") == []


def test_a_newsletter_of_one_feed_mails_an_article_that_another_feed_brought_first(house: House) -> None:
    """The whole way: both newsletters have it to send."""
    house.newsletter("second", sources=("b",))
    house.reader("ada@example.org", "second")
    story = {"title": "Tariff one", "url": ONE, "deck": LONG}
    house.article("trade", source="a", **story)
    house.article("trade", source="b", **story)

    house.move(hours=2)

    assert house.plan("second").ready == 1


def test_an_article_added_by_hand_is_for_every_newsletter_also_when_a_feed_had_it(house: House) -> None:
    """The editor's own act counts beside the feed's."""
    save(house, article(), "a")
    save(house, article())

    assert texts(house, "", "b") == [LONG]


def test_two_feeds_with_their_own_summaries_of_one_page_do_not_edit_it_in_turns(house: House) -> None:
    """The first source's word stands; the other only has it too, however often both are visited."""
    first, second = article(deck="As the agency has it."), article(OTHER, deck="As the portal has it.")
    outcomes = [save(house, what, source)[1] for _ in range(3) for what, source in ((first, "a"), (second, "b"))]

    assert outcomes == [Saved.ADDED, *[Saved.UNCHANGED] * 5]
    assert revisions(house) == 1
    assert texts(house, "b") == [LONG]


def test_the_first_source_and_an_editor_by_hand_may_edit_an_article(house: House) -> None:
    """Corrections come through."""
    save(house, article(), "a")

    assert save(house, article(LONG + "Corrected."), "a")[1] == Saved.UPDATED
    assert save(house, article(LONG + "Corrected by hand.")) == (1, Saved.UPDATED)
    assert texts(house) == [LONG + "Corrected by hand."]


def test_an_article_whose_address_another_source_brought_is_not_doubled_by_that_sources_edit(house: House) -> None:
    """A file has the text without an address; the feed has it with one, and edits it later."""
    save(house, article(url=""), "folder")
    save(house, article(), "feed")

    assert save(house, article(LONG + "Edited.", title="Edited"), "feed") == (1, Saved.UNCHANGED)
    assert texts(house) == [LONG]


@pytest.mark.parametrize("source", [pytest.param("", id="by hand"), pytest.param("a", id="by the feed")])
def test_an_article_at_the_address_of_another_changes_neither_of_them(house: House, source: str) -> None:
    """Feeds mix up links: who had the one story must get the other one still, and no one gets a story twice."""
    one, two = save(house, article(LONG, ONE), "a")[0], save(house, article(OTHER, TWO), "a")[0]

    outcomes = [save(house, article(OTHER, ONE), source) for _ in range(2)]

    assert outcomes == [(two, Saved.UNCHANGED)] * 2
    assert sorted(texts(house)) == sorted([LONG, OTHER])
    assert save(house, article(LONG, ONE), "a") == (one, Saved.UNCHANGED)


def test_a_withdrawn_article_does_not_come_back_at_the_address_of_another(house: House) -> None:
    """Taken back is taken back, wherever the text turns up."""
    save(house, article(LONG, ONE), "a")
    taken_back = save(house, article(OTHER, TWO), "a")[0]
    with house.engine.begin() as connection:
        set_state(connection, taken_back, ArticleState.WITHDRAWN, now=MONDAY)

    save(house, article(OTHER, ONE), "a")

    assert texts(house) == [LONG]


def test_a_text_belongs_to_its_own_row_before_one_that_only_shares_its_title(house: House) -> None:
    """A column without an address prints what another source had: that is the other one's story."""
    column = save(house, article(LONG, "", title="Weather"), "a")[0]
    known = save(house, article(OTHER, "", title="Weather"), "b")[0]

    assert save(house, article(OTHER, "", title="Weather"), "a") == (known, Saved.UNCHANGED)
    assert column != known
    assert texts(house) == [LONG, OTHER]


def stories(house: House) -> list[int]:
    return [row[0] for row in house.rows("SELECT story_id FROM articles ORDER BY id")]


FULL = " ".join(f"Ferry {n} left the harbour with {n + 200} on board, and berth {n} was swept." for n in range(12))


def test_a_corrected_headline_is_the_same_article(house: House) -> None:
    """A plain text has neither address nor GUID: its text says what it is."""
    titles = ("Ferries leave", "Ferries leave at last", "Harbour opens")
    outcomes = [save(house, article(url="", title=title)) for title in titles]

    assert outcomes == [(1, Saved.ADDED), (1, Saved.UPDATED), (1, Saved.UPDATED)]


def test_a_text_at_two_addresses_is_one_article_that_links_to_the_first(house: House) -> None:
    """Syndicated; and visiting both in turns makes no new revisions, which would change every pool."""
    for _ in range(3):
        for url in (ONE, TWO):
            save(house, article(FULL, url), "a")

    with reading(house.engine) as connection:
        assert find_article(connection, 1).article.url == ONE
    assert revisions(house) == 1


def test_an_article_that_moved_is_edited_at_its_new_address(house: House) -> None:
    """Its next edit comes from there, and is no other article."""
    save(house, article(FULL, ONE), "a")
    save(house, article(FULL, TWO), "a")

    assert save(house, article(OTHER, TWO), "a") == (1, Saved.UPDATED)


def test_a_file_that_holds_another_article_now_leaves_the_one_before_alone(house: House) -> None:
    """Readers of the first must get the second, whose edits are its own."""

    def put(what: Article) -> tuple[int, str]:
        with house.engine.begin() as connection:
            return save_article(connection, what, source="a", now=MONDAY, file="today.txt")

    outcomes = [put(article(LONG, "")), put(article(OTHER, "")), put(article(OTHER + "More.", "", title="New"))]

    assert outcomes == [(1, Saved.ADDED), (2, Saved.ADDED), (2, Saved.UPDATED)]
    assert texts(house) == [LONG, OTHER + "More."]


def test_articles_with_nearly_one_text_are_one_story(house: House) -> None:
    """Two agencies' copies of a report differ in a word; a digest tells it once, and no later one again."""
    save(house, article(FULL, ONE), "a")
    save(house, article(FULL.replace("Ferry 7", "Boat seven"), TWO), "b")
    save(house, article(OTHER * 3, "https://press.example.net/three"), "b")

    assert stories(house) == [1, 1, 3]


def test_an_edit_that_makes_two_texts_one_makes_them_one_story(house: House) -> None:
    """And an article that is in a story stays in it, whatever becomes of its text."""
    save(house, article(FULL, ONE), "a")
    save(house, article(OTHER * 3, TWO), "b")
    apart = stories(house)
    save(house, article(FULL + " It rained.", TWO), "b")
    together = stories(house)
    save(house, article(OTHER * 3, TWO), "b")

    assert (apart, together, stories(house)) == ([1, 2], [1, 1], [1, 1])


def test_short_notes_with_one_boilerplate_stay_two_stories(house: House) -> None:
    """What is too short to tell articles apart joins none."""
    for n, url in enumerate((ONE, TWO)):
        save(house, article("More as it comes, the desk said; call it for the figures.", url, title=f"Note {n}"), "a")

    assert stories(house) == [1, 2]
