"""What articles match is found out once, before readers are due, and kept as long as nothing is said differently."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.enrichment.matching import Matcher
from digest.model.topic import Topic
from digest.pipeline.composing.match_articles import match_articles
from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.preview import preview
from digest.pipeline.tick import plan_due
from digest.store.engine import reading
from digest.store.matches import NewMatches, matches_of, save_matches
from digest.store.newsletters import save_topics
from tests.house import VOCABULARY, House
from tests.sink import Sink

ANNA = "anna@example.org"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles' first stems of articles that were matched, in order."""
    seen: list[str] = []
    topics = Matcher.topics

    def counting(self: Matcher, analysed):
        seen.append(analysed.sequences["title"][0])
        return topics(self, analysed)

    monkeypatch.setattr(Matcher, "topics", counting)
    return seen


@pytest.fixture
def morning(house: House) -> House:
    """A newsletter with a reader of two topics, and an article on each of three."""
    house.newsletter()
    house.reader(ANNA, topics="trade|space")
    for topic in ("trade", "space", "sport"):
        house.article(topic)
    return house


def test_planning_matches_nothing_that_was_matched_when_it_came(morning: House, reads: list[str]):
    """The mail of the morning goes out at once."""
    assert match_articles(morning.installation) == 3
    reads.clear()
    morning.plan()

    assert reads == []
    assert morning.states() == {ANNA: "ready"}


def test_a_mail_is_the_same_whoever_matched_its_articles(morning: House, sink: Sink):
    """Words, fields and scores come back as they were; nothing else says why an article is there."""
    query = "SELECT items, layout, subject FROM digests ORDER BY id"
    morning.plan()
    found = morning.rows(query), morning.rows("SELECT hash FROM pools")
    for table in ("deliveries", "digests", "matches", "matchings"):
        morning.change(f"DELETE FROM {table}")
    match_articles(morning.installation)
    morning.plan()

    assert (morning.rows(query), morning.rows("SELECT hash FROM pools")) == found


def test_matching_twice_is_matching_once(morning: House):
    """A tick comes every few seconds."""
    match_articles(morning.installation)

    assert match_articles(morning.installation) == 0


@pytest.mark.parametrize("what", ["an article", "an edit", "another topic", "other words"])
def test_whatever_changes_the_outcome_has_it_found_out_again(morning: House, reads: list[str], what: str):
    """In a small archive each article says something of all others."""
    match_articles(morning.installation)
    reads.clear()
    if what == "an article":
        morning.article("energy")
    elif what == "an edit":
        morning.article("trade", "Tariff story told anew", url="https://press.example.net/1")
    else:
        words = ("quota",) if what == "other words" else ()
        changed = Topic("trade", "Trade", words) if words else Topic("bees", "Apiculture", ("hive",))
        with morning.engine.begin() as connection:
            save_topics(connection, [*(each for each in VOCABULARY if each.slug != changed.slug), changed])
    morning.plan()

    assert len(reads) == (4 if what == "an article" else 3)


def test_the_tick_matches_what_the_next_slot_may_draw_from(morning: House, reads: list[str]):
    """Ten minutes before, and not at every article of the day."""
    plan_due(morning.installation)
    early = list(reads)
    morning.move(minutes=52)
    plan_due(morning.installation)

    assert early == []
    assert len(reads) == 3
    assert morning.log() == []


def test_asking_keeps_nothing(morning: House):
    """A preview writes nothing, not even what it had to work out."""
    before = morning.dump()
    preview(morning.installation, "daily", ANNA, at=morning.clock.now())

    assert morning.dump() == before


def test_of_old_vocabularies_the_latest_are_kept(house: House):
    """What is kept can be worked out again; it must not grow for ever."""
    revision = house.rows("SELECT revision_id FROM articles WHERE id = :id", id=house.article())[0][0]
    for number in range(40):
        with house.engine.begin() as connection:
            save_matches(connection, NewMatches(f"{number:064}", {revision: {}}))

    assert len(house.rows("SELECT id FROM matchings")) == 32
    assert len(house.rows("SELECT matching_id FROM matches")) == 32
    with reading(house.engine) as connection:
        assert matches_of(connection, f"{39:064}", [revision]) == {revision: {}}
        assert matches_of(connection, f"{7:064}", [revision]) == {}


def test_two_plannings_that_match_at_once_keep_one_answer(morning: House):
    """Workers plan beside each other."""
    match_articles(morning.installation)
    (key,) = morning.rows("SELECT hash FROM matchings")[0]
    revisions = [each for (each,) in morning.rows("SELECT revision_id FROM articles")]
    with reading(morning.engine) as connection:
        kept = matches_of(connection, key, revisions)
    with morning.engine.begin() as connection:
        save_matches(connection, NewMatches(key, kept))

    assert len(morning.rows("SELECT revision_id FROM matches")) == 3
    assert {slug for found in kept.values() for slug in found} == {"trade", "space", "sport"}


def test_a_slot_of_tomorrow_is_planned_with_what_is_known_then(morning: House, reads: list[str]):
    """Who asks for a day to come gets it, whether anything was matched for it or not."""
    match_articles(morning.installation)
    morning.plan(who=Who.EVERYONE, at=morning.clock.now() + timedelta(days=1))

    assert morning.states() == {ANNA: "ready"}
