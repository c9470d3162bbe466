"""Editors' decisions and a newsletter's policies in the selection of one digest, and over many days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.article import Article, StoredArticle
from digest.model.digest import Ground, Rejection, SkipReason, Why
from digest.model.newsletter import Fallback, Overflow
from digest.model.ruling import Ruling, RulingKind
from digest.model.subscriber import Follow, Interests
from digest.selection.editing import UNTOUCHED, Verdict, verdict_of
from digest.selection.pool import Candidate, Pool, Rules
from digest.selection.select import by_most_chosen, explain, select_digest

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = Rules(NOW, NOW, 14 * DAY, 3 * DAY, 2 * DAY, max_items=2, min_items=1)
TRADE = Interests((Follow("trade"),))
PINNED = Verdict(pinned=True)


def candidate(number: int, topic: str = "trade", verdict: Verdict = UNTOUCHED, *, days: int = 1, story: int = 0):
    """An article on *topic*, collected so many days ago."""
    stored = StoredArticle(number, story or number, number, Article(f"Article {number}"), NOW - days * DAY)
    return Candidate(stored, {topic: Why(topic, (topic,), (), 1.0)}, verdict=verdict)


def pool(*candidates: Candidate, **rules: object) -> Pool:
    return Pool(candidates, replace(RULES, **rules), lambda _position, _keyword: None)


def ids(selection) -> list[int]:
    return [choice.article.article_id for choice in selection.chosen]


def ruling(kind: str, until: datetime | None = None) -> Ruling:
    return Ruling(1, RulingKind(kind), "", until, "Eva", NOW - DAY)


@pytest.mark.parametrize(
    ("rulings", "expected"),
    [
        pytest.param([], Verdict(), id="nothing decided"),
        pytest.param([ruling("pin")], PINNED, id="pinned for good"),
        pytest.param([ruling("pin", NOW)], Verdict(), id="a pin that has just ended"),
        pytest.param([ruling("pin", NOW + DAY)], PINNED, id="a pin that still holds"),
        pytest.param([ruling("embargo", NOW)], Verdict(), id="an embargo that has just ended"),
        pytest.param([ruling("embargo", NOW + DAY)], Verdict(kept_out=Rejection.EMBARGOED), id="an embargo"),
        pytest.param([ruling("expire", NOW)], Verdict(kept_out=Rejection.EXPIRED), id="expired just now"),
        pytest.param([ruling("expire", NOW + DAY)], Verdict(), id="an expiry to come"),
        pytest.param([ruling("pin"), ruling("exclude")], Verdict(kept_out=Rejection.EXCLUDED), id="both"),
    ],
)
def test_what_decisions_come_to(rulings: list[Ruling], expected: Verdict):
    """At one moment; whatever keeps the article out wins."""
    assert verdict_of(rulings, NOW) == expected


def test_the_pinned_story_has_one_place():
    """The same story told by another article is beside it, not below it."""
    made = pool(candidate(1, "sport", PINNED, story=7), candidate(2, "trade", story=7), candidate(3))
    chosen = select_digest(made, TRADE, frozenset())

    assert ids(chosen) == [1, 3]
    assert [choice.ground for choice in chosen.chosen] == [Ground.PINNED, Ground.INTERESTS]


@pytest.mark.parametrize(
    ("interests", "history", "reason"),
    [
        pytest.param(Interests((Follow("trade"),), muted=("sport",)), set(), Rejection.MUTED, id="muted"),
        pytest.param(TRADE, {1}, Rejection.ALREADY_SHOWN, id="shown"),
    ],
)
def test_a_pin_does_not_beat_the_reader(interests: Interests, history: set[int], reason: Rejection):
    """What they muted or have seen stays away."""
    made = pool(candidate(1, "sport", PINNED), candidate(2))
    found = explain(made, select_digest(made, interests, history), interests, history)

    assert ids(found) == [2]
    assert {each.article.article_id: each.reason for each in found.rejected} == {1: reason}


def test_a_pin_is_for_readers_who_joined_later_too():
    """Others of that age are before the look-back."""
    made = pool(candidate(1, "sport", PINNED, days=9), candidate(2, days=9), candidate(3))

    assert ids(select_digest(made, TRADE, frozenset(), since=NOW)) == [1, 3]


@pytest.mark.parametrize(
    ("fallback", "min_items", "chosen", "skip"),
    [
        ("none", 1, [], SkipReason.NOTHING_NEW),
        ("pinned", 1, [1], None),
        ("pinned", 2, [], SkipReason.TOO_FEW),
        ("most_chosen", 2, [1, 3], None),
        ("most_chosen", 3, [1, 3, 2], None),
    ],
)
def test_what_a_reader_gets_with_too_little_of_their_own(fallback, min_items, chosen, skip):
    """As the newsletter says; what most others follow comes first, and nothing that this reader muted."""
    made = pool(
        candidate(1, "sport", PINNED), candidate(2, "energy"), candidate(3, "space"), candidate(4, "food"),
        max_items=5, min_items=min_items, fallback=Fallback(fallback),
    )  # fmt: skip
    voters = [("energy", 2), ("space", 5), ("food", 9), ("trade", 50)]
    made.most_chosen = by_most_chosen(made, [(Interests((Follow(topic),)), count) for topic, count in voters])
    found = select_digest(made, replace(TRADE, muted=("food",)), frozenset())

    assert (ids(found), found.skip) == (chosen, skip)


def of_one_source(*numbers: int) -> list[Candidate]:
    made = [candidate(number, days=number) for number in numbers]
    return [replace(each, article=replace(each.article, source="wire")) for each in made]


def test_a_pin_is_outside_the_caps():
    """It takes no share of its source, and comes when that share is taken."""
    first, pinned, third = of_one_source(1, 2, 3)
    made = pool(first, replace(pinned, verdict=PINNED), third, candidate(4), max_items=5, max_per_source=1)

    assert ids(select_digest(made, TRADE, frozenset())) == [2, 1, 4]


def test_a_surprise_takes_no_place_of_a_pin():
    """It takes the last place of the reader's own, and comes not at all where pins have all places."""
    surprised = replace(TRADE, surprise=True)
    candidates = [candidate(1, "sport", PINNED), candidate(2), candidate(3, "energy")]
    second = replace(candidates[1], verdict=PINNED)

    assert ids(select_digest(pool(*candidates), surprised, frozenset())) == [1, 3]
    assert ids(select_digest(pool(candidates[0], second, candidates[2]), surprised, frozenset())) == [2, 1]


@pytest.mark.parametrize("overflow", [Overflow.COUNT, Overflow.DROP])
def test_what_is_over_a_cap_waits_whatever_becomes_of_the_overflow(overflow: Overflow):
    """And says so."""
    made = pool(*of_one_source(1, 2), candidate(3, days=3), candidate(4, days=4), overflow=overflow, max_per_source=1)
    chosen = select_digest(made, TRADE, frozenset())
    reasons = {each.article.article_id: each.reason for each in explain(made, chosen, TRADE, frozenset()).rejected}

    assert (ids(chosen), chosen.waiting, chosen.let_go) == ([1, 3], 1, {4})
    assert reasons[2] is Rejection.SOURCE_FULL


def test_what_is_most_chosen_keeps_to_the_caps():
    """What a cap keeps from a digest does not come back as what others like."""
    made = pool(*of_one_source(1, 2), candidate(3, "energy"), max_items=3, min_items=2, max_per_source=1,
                fallback=Fallback.MOST_CHOSEN)  # fmt: skip
    made.most_chosen = (1, 2)

    assert ids(select_digest(made, TRADE, frozenset())) == [1, 3]


@pytest.mark.parametrize(
    ("overflow", "waiting", "let_go", "reason"),
    [
        (Overflow.ROLLOVER, 2, set(), Rejection.OVER_LIMIT),
        (Overflow.COUNT, 0, {1, 2}, Rejection.COUNTED),
        (Overflow.DROP, 0, {1, 2}, Rejection.DROPPED),
    ],
)
def test_what_finds_no_place(overflow: Overflow, waiting: int, let_go: set[int], reason: Rejection):
    """It waits, or is let go; either way there is a reason."""
    made = pool(*(candidate(n, days=5 - n) for n in (1, 2, 3, 4)), overflow=overflow)
    found = explain(made, select_digest(made, TRADE, frozenset()), TRADE, frozenset())

    assert (ids(found), found.waiting, found.let_go) == ([4, 3], waiting, let_go)
    assert {each.reason for each in found.rejected} == {reason}


@dataclass(frozen=True)
class World:
    """Articles (topic, story), what is decided about each on each day, and the newsletter's policies."""

    articles: list[tuple[str, int]]
    verdicts: list[list[Verdict]]
    overflow: Overflow
    fallback: Fallback


VERDICTS = st.sampled_from(
    [Verdict(), Verdict(), PINNED, Verdict(kept_out=Rejection.EXCLUDED), Verdict(kept_out=Rejection.EMBARGOED)]
)
WORLDS = st.integers(1, 7).flatmap(
    lambda count: st.builds(
        World,
        st.lists(st.tuples(st.sampled_from(["trade", "sport"]), st.integers(1, 5)), min_size=count, max_size=count),
        st.lists(st.lists(VERDICTS, min_size=count, max_size=count), min_size=1, max_size=6),
        st.sampled_from(Overflow),
        st.sampled_from(Fallback),
    )
)


@given(world=WORLDS)
def test_over_many_days_nothing_comes_twice_or_against_the_editors_word(world: World):
    """Pins, exclusions and policies may change every day; what was let go never returns, and nothing lacks a reason."""
    history: frozenset[int] = frozenset()
    for verdicts in world.verdicts:
        made = pool(
            *(candidate(n, topic, verdicts[n - 1], story=story) for n, (topic, story) in enumerate(world.articles, 1)),
            overflow=world.overflow, fallback=world.fallback,
        )  # fmt: skip
        made.most_chosen = by_most_chosen(made, [(Interests((Follow("sport"),)), 1)])
        found = explain(made, select_digest(made, TRADE, history), TRADE, history)
        stories = [choice.article.story_id for choice in found.chosen]

        assert len(stories) == len(set(stories)) <= RULES.max_items
        assert history.isdisjoint([*stories, *found.let_go])
        assert found.let_go.isdisjoint(stories)
        assert all(verdicts[article - 1].kept_out is None for article in ids(found))
        assert sorted([*ids(found), *(each.article.article_id for each in found.rejected)]) == [
            *range(1, len(world.articles) + 1)
        ]
        history |= {*stories, *found.let_go}
