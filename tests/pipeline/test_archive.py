"""What a vocabulary is matched with: the archive before the day, and the articles that an editor gave as examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from digest.enrichment.reading import analyse
from digest.model.article import Article, Section
from digest.model.topic import Topic
from digest.pipeline.collecting.archive import Memory, is_reference, matching_of
from digest.store.articles import save_article

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOPICS = {"arts": Topic("arts", "Fine arts")}


def add(connection, number: int, body: str, at: datetime) -> None:
    article = Article(
        title=f"Letter {number}", sections=(Section("", (body,)),), url=f"https://example.org/{number}", language="en"
    )
    save_article(connection, article, source="", now=at)


@pytest.fixture
def connection(house):
    """A database with 24 articles of yesterday, three of them on paintings."""
    texts = ("Snow lies on the pass", "Goals fell late in the second half", "Rain at sea")
    painted = "Paintings come from the cellars to the museum"
    with house.installation.engine.begin() as found:
        for number in range(24):
            body = painted if number in (0, 3, 6) else texts[number % 3]
            add(found, number, f"{body}, says letter {number} of many.", NOON - timedelta(days=1))
    with house.installation.engine.begin() as found:
        yield found


@pytest.mark.parametrize(
    ("example", "refers"),
    [
        pytest.param("https://example.org/3", True, id="an address"),
        pytest.param("17", True, id="a number"),
        pytest.param("Paintings leave the cellar.", False, id="a text"),
        pytest.param("https://example.org/3 tells of paintings", False, id="a text that begins with an address"),
    ],
)
def test_an_example_is_an_address_a_number_or_a_text(example, refers):
    """An editor gives whatever is at hand."""
    assert is_reference(example) is refers


@pytest.mark.parametrize(
    "examples",
    [
        pytest.param(("http://www.example.org/0", "https://example.org/3", "https://example.org/6/"), id="addresses"),
        pytest.param(("1", "4", "7"), id="numbers"),
    ],
)
def test_a_topic_is_taught_by_its_examples(connection, examples):
    """Articles that read like them match, with no word of the topic in them; others do not."""
    topics = {"arts": replace(TOPICS["arts"], examples=examples)}
    matcher = matching_of(connection, topics, NOON, Memory()).matcher({})
    alike = Article(
        title="New", sections=(Section("", ("Paintings come to the museum from the cellars.",)),), language="en"
    )

    assert "arts" in matcher.topics(analyse(alike))
    assert "arts" not in matcher.topics(analyse(replace(alike, sections=(Section("", ("Rain and goals at sea.",)),))))


def test_a_text_that_an_editor_pasted_teaches_too(connection):
    """It is in no archive, and need not be."""
    texts = tuple(f"Beekeepers carry their hives up the valley {when}." for when in ("at night", "by boat", "on foot"))
    topics = {"bees": Topic("bees", "Apiculture", examples=texts)}
    matcher = matching_of(connection, topics, NOON, Memory()).matcher({})

    assert "bees" in matcher.topics(analyse(Article(title="Beekeepers carry hives up the valley", language="en")))


def test_an_example_that_was_not_collected_yet_waits(connection):
    """A topic may be defined before its articles come."""
    topics = {"arts": replace(TOPICS["arts"], examples=("https://example.org/later", "999"))}

    assert matching_of(connection, topics, NOON, Memory()).matcher({})


def test_an_archive_is_learned_from_once_while_nothing_changes(connection):
    """The slots of a day share it; an article that comes, an edit or another vocabulary is another archive."""
    memory = Memory()
    first = matching_of(connection, TOPICS, NOON, memory)
    again = matching_of(connection, TOPICS, NOON + timedelta(hours=1), memory)
    other = matching_of(connection, {"arts": Topic("arts", "Arts")}, NOON, memory)
    add(connection, 99, "Something new that nobody has read before.", NOON)
    later = matching_of(connection, TOPICS, NOON + timedelta(hours=2), memory)

    assert again is first
    assert len({first.key, other.key, later.key}) == 3
