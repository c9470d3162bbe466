"""What goes into a reader's digest, and why the rest does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.enrichment.keywords import KeywordIndex
from digest.enrichment.matching import Matcher
from digest.enrichment.reading import analyse
from digest.model.article import Article, ArticleState, Section, StoredArticle
from digest.model.digest import Field, Ground, Rejection, Selection, SkipReason, Why
from digest.model.subscriber import Follow, Interests
from digest.model.topic import Topic
from digest.selection.pool import Candidate, Pool, Rules
from digest.selection.select import explain, select_digest

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
VOCABULARY = [
    Topic("economy", "Economy"),
    Topic("trade", "Trade", ("tariff", "exports"), parent="economy"),
    Topic("sport", "Sport", ("football",)),
    Topic("energy", "Energy", ("solar",)),
]
RULES = Rules(
    slot_at=NOW,
    cut_off=NOW,
    expires_after=timedelta(days=14),
    look_back=timedelta(days=3),
    half_life=timedelta(days=2),
    max_items=10,
    min_items=1,
)


def article(
    title: str, number: int = 1, *, hours: float = 1, story: int = 0, body: str = "", **more: object
) -> StoredArticle:
    """An article collected so many hours before the slot."""
    state = ArticleState(more.pop("state", ArticleState.LIVE))
    made = Article(title=title, sections=(Section("", (body,)),), **more)  # type: ignore[arg-type]
    return StoredArticle(number, story or number, number, made, NOW - timedelta(hours=hours), state=state)


def pool(articles: Sequence[StoredArticle], **rules: object) -> Pool:
    """The pool as the pipeline makes it."""
    matcher, analysed = Matcher(VOCABULARY), [analyse(each.article) for each in articles]
    named = {name: getattr(RULES, name) for name in RULES.__slots__} | rules
    return Pool(
        [Candidate(stored, matcher.topics(each)) for stored, each in zip(articles, analysed, strict=True)],
        Rules(**named),
        KeywordIndex(analysed).matches,
    )


def follows(*topics: str, **more: Any) -> Interests:
    return Interests(tuple(Follow(topic) for topic in topics), **more)


def explained(made: Pool, interests: Interests, history: set[int], since: datetime | None = None) -> Selection:
    """Return the selection with every reason."""
    return explain(made, select_digest(made, interests, history, since), interests, history, since)


def fate(selection: Selection, number: int = 1) -> str:
    """Return "chosen" or the reason why not."""
    if number in {choice.article.article_id for choice in selection.chosen}:
        return "chosen"
    (found,) = [each.reason.value for each in selection.rejected if each.article.article_id == number]
    return found


@dataclass(frozen=True)
class Case:
    """An article, a reader, and what becomes of the one for the other."""

    article: StoredArticle
    interests: Interests
    expected: str
    history: frozenset[int] = frozenset()
    since: datetime | None = None


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(article("Tariff talks"), follows("trade"), "chosen"), id="a topic the reader follows"),
        pytest.param(Case(article("Tariff talks"), follows("energy"), "no_match"), id="only an unrelated topic"),
        pytest.param(Case(article("Tariff talks"), follows("economy"), "chosen"), id="the parent of its topic"),
        pytest.param(Case(article("Tariff talks"), Interests(), "chosen"), id="a reader of everything"),
        pytest.param(Case(article("Whales sing"), Interests(), "chosen"), id="everything, also without topic"),
        pytest.param(
            Case(article("Tariff on football", body="tariff " * 9), follows("trade", muted=("sport",)), "muted"),
            id="mute beats any score",
        ),
        pytest.param(
            Case(article("Football tariff"), Interests(muted=("sport",)), "muted"), id="mute beats everything"
        ),
        pytest.param(
            Case(article("Tariff talks"), Interests(keywords=("talks",), muted=("economy",)), "muted"),
            id="a muted parent mutes its children, and keywords too",
        ),
        pytest.param(Case(article("Whales sing"), Interests(keywords=("whale",)), "chosen"), id="a keyword"),
        pytest.param(
            Case(article("News", body="One whale was seen."), Interests(keywords=("whale",)), "chosen"),
            id="a keyword mentioned once in the body",
        ),
        pytest.param(
            Case(
                article("News", body="Whales sing." + " A whale dived." * 200 + " One tariff was named."),
                follows("trade"),
                "no_match",
            ),
            id="a topic mentioned once in passing",
        ),
        pytest.param(Case(article("Tariff", story=7), follows("trade"), "already_shown", frozenset({7})), id="shown"),
        pytest.param(Case(article("Tariff", hours=14 * 24), follows("trade"), "chosen"), id="expires at this instant"),
        pytest.param(Case(article("Tariff", hours=14 * 24 + 1), follows("trade"), "expired"), id="expired"),
        pytest.param(Case(article("Tariff", hours=0), follows("trade"), "not_yet_collected"), id="at the cut-off"),
        pytest.param(
            Case(article("Tariff", state=ArticleState.WITHDRAWN), follows("trade"), "withdrawn"), id="withdrawn"
        ),
        pytest.param(
            Case(article("Tariff", language="de"), follows("trade", languages=("en", "ko")), "other_language"),
            id="a language the reader did not ask for",
        ),
        pytest.param(
            Case(article("Tariff", language="en-GB"), follows("trade", languages=("en",)), "chosen"),
            id="a regional form of a language asked for",
        ),
        pytest.param(
            Case(article("Tariff", language=""), follows("trade", languages=("en",)), "chosen"),
            id="a language nobody knows",
        ),
        pytest.param(
            Case(article("Tariff", hours=24 * 5), follows("trade"), "before_look_back", since=NOW - timedelta(days=1)),
            id="older than what a new reader looks back to",
        ),
        pytest.param(
            Case(article("Tariff", hours=24 * 3), follows("trade"), "chosen", since=NOW - timedelta(days=1)),
            id="young enough for a new reader",
        ),
        pytest.param(
            Case(
                article("Tariff", hours=24 * 5),
                Interests((Follow("trade", since=date(2026, 11, 22)),)),
                "before_look_back",
            ),
            id="older than a newly followed topic looks back to",
        ),
        pytest.param(
            Case(
                article("Tariff", hours=24 * 5),
                Interests((Follow("economy"), Follow("trade", since=date(2026, 11, 22)))),
                "chosen",
            ),
            id="also of a topic followed for long",
        ),
        pytest.param(
            Case(article("Tariff", published_at=NOW - timedelta(days=90)), follows("trade"), "chosen"),
            id="dated back by its publisher",
        ),
    ],
)
def test_what_becomes_of_an_article(case: Case):
    """Each reason can be shown to the reader who asks for it."""
    made = pool([case.article])
    selection = explained(made, case.interests, case.history, case.since)

    assert fate(selection) == case.expected


def test_what_does_not_fit_waits_for_the_next_digest():
    """25 matches, ten at a time, nothing new: 10, 10, 5, and then nothing; no story twice (C15)."""
    everything = pool([article(f"Tariff {n}", n, hours=n) for n in range(1, 26)])
    history: set[int] = set()
    counts = []
    for _ in range(4):
        chosen = [choice.article.story_id for choice in select_digest(everything, follows("trade"), history).chosen]
        assert not history & set(chosen)
        history |= set(chosen)
        counts.append(len(chosen))

    assert counts == [10, 10, 5, 0]


def test_too_few_articles_are_kept_for_next_time():
    """A mail with one article is not sent where the newsletter wants two; both come when there are two."""
    one = select_digest(pool([article("Tariff", 1)], min_items=2), follows("trade"), set())
    two = select_digest(pool([article("Tariff", 1), article("Tariff", 2)], min_items=2), follows("trade"), set())
    none = select_digest(pool([], min_items=2), follows("trade"), set())

    assert (one.skip, fate(one)) == (SkipReason.TOO_FEW, Rejection.BELOW_MIN_ITEMS)
    assert (two.skip, len(two.chosen)) == (None, 2)
    assert none.skip is SkipReason.NOTHING_NEW


def test_of_two_articles_on_one_story_one_is_told():
    """The other is not lost: its story is told."""
    found = explained(pool([article("Tariff", 1, story=5), article("Tariff", 2, story=5)]), follows("trade"), set())

    assert (len(found.chosen), [each.reason for each in found.rejected]) == (1, [Rejection.SAME_STORY])


def test_a_reader_sees_first_what_weighs_more():
    """Weight, place of the words, freshness: each moves an article up."""
    heavy = Interests((Follow("sport", 5.0), Follow("trade", 1.0)))
    made = pool([article("Tariff", 1), article("Football", 2), article("Tariff", 3, hours=48, body="")])

    assert [choice.article.article_id for choice in select_digest(made, heavy, set()).chosen] == [2, 1, 3]


def test_on_a_tie_the_earlier_publication_leads():
    """And of one age, the one that was collected first."""
    at = NOW - timedelta(hours=5)
    made = pool(
        [
            article("Whale", 9, hours=2, published_at=at),
            article("Whale", 4, hours=2, published_at=at),
            article("Whale", 6, hours=3, published_at=at),
        ],
        half_life=timedelta(days=100_000),
    )

    assert [choice.article.article_id for choice in select_digest(made, Interests(), set()).chosen] == [4, 6, 9]


def test_a_reader_of_everything_sees_first_what_they_follow():
    """They asked for every article; the older one on their topic leads."""
    made = pool([article("Whales sing", 1, hours=1), article("Solar park", 2, hours=30)])
    both = select_digest(made, follows("energy", wants_all=True), set())

    assert [choice.article.article_id for choice in both.chosen] == [2, 1]
    assert [why.topic for why in both.chosen[0].why] == ["energy"]
    assert both.chosen[1].why == ()


def test_a_surprise_is_one_article_from_outside_the_interests():
    """The best of another topic, marked so, after the reader's own; never what they muted or were shown."""
    made = pool(
        [article("Tariff", 1), article("Football", 2), article("Solar", 3, body="solar solar"), article("Whale", 4)]
    )
    asked = follows("trade", surprise=True)

    def chosen(interests: Interests, history: set[int]) -> list[tuple[int, str]]:
        return [(one.article.article_id, one.ground) for one in select_digest(made, interests, history).chosen]

    assert chosen(asked, set()) == [(1, Ground.INTERESTS), (3, Ground.SURPRISE)]
    assert chosen(asked, {3}) == [(1, Ground.INTERESTS), (2, Ground.SURPRISE)]
    assert chosen(follows("trade", surprise=True, muted=("energy",)), set())[1] == (2, Ground.SURPRISE)
    assert chosen(follows("trade"), set()) == [(1, Ground.INTERESTS)]
    assert chosen(asked, {1}) == []


def test_a_surprise_takes_the_last_place_of_a_full_digest():
    """What gives way for it waits for the next."""
    made = pool([article("Tariff", 1), article("Tariff", 2, hours=2), article("Solar", 3)], max_items=2)
    found = select_digest(made, follows("trade", surprise=True), set())

    assert ([one.article.article_id for one in found.chosen], found.waiting) == ([1, 3], 1)


WORDS = st.sampled_from(["tariff", "football", "solar", "whale", "news"])
ARTICLES = st.lists(
    st.tuples(
        st.lists(WORDS, min_size=1, max_size=3).map(" ".join),
        st.integers(-5, 400),
        st.integers(1, 8),
        st.sampled_from(["", "en", "de"]),
        st.sampled_from(list(ArticleState)),
    ),
    max_size=12,
).map(
    lambda drawn: [
        article(title, number, hours=hours, story=story, language=language, state=state)
        for number, (title, hours, story, language, state) in enumerate(drawn, 1)
    ]
)
TOPICS = st.sampled_from([topic.slug for topic in VOCABULARY])
INTERESTS = st.builds(
    lambda topics, muted, keywords, languages, since: Interests(
        tuple(Follow(topic, since=since) for topic in sorted(topics)),
        tuple(sorted(muted)),
        tuple(sorted(keywords)),
        tuple(sorted(languages)),
    ),
    st.sets(TOPICS, max_size=2),
    st.sets(TOPICS, max_size=1),
    st.sets(WORDS, max_size=1),
    st.sets(st.sampled_from(["en", "de"]), max_size=1),
    st.sampled_from([None, date(2026, 11, 20)]),
)
HISTORIES = st.frozensets(st.integers(1, 8), max_size=4)
SINCE = st.sampled_from([None, NOW - timedelta(days=2)])


@given(ARTICLES, INTERESTS, HISTORIES, SINCE, st.integers(1, 4), st.integers(1, 3))
def test_every_candidate_has_exactly_one_fate(
    articles: list[StoredArticle],
    interests: Interests,
    history: frozenset[int],
    since: datetime | None,
    most: int,
    least: int,
):
    """Chosen, or left out for one reason; and the limits hold."""
    made = pool(articles, max_items=most, min_items=least)
    found = explained(made, interests, history, since)
    fates = [each.article.article_id for each in (*found.chosen, *found.rejected)]

    assert sorted(fates) == [each.article_id for each in articles]
    assert len(found.chosen) <= most
    assert (found.skip is None) == bool(found.chosen)
    assert not found.chosen or len(found.chosen) >= least
    assert not {choice.article.story_id for choice in found.chosen} & history


@given(ARTICLES, INTERESTS, HISTORIES, st.randoms(use_true_random=False))
def test_the_order_of_collection_decides_nothing(
    articles: list[StoredArticle], interests: Interests, history: frozenset[int], random: object
):
    """The order is total: the same articles in any order give the same digest."""
    shuffled = list(articles)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert (
        select_digest(pool(articles), interests, history).chosen
        == select_digest(pool(shuffled), interests, history).chosen
    )


@given(ARTICLES, INTERESTS, st.sampled_from(["sport", "trade", "economy"]))
def test_what_is_muted_never_comes(articles: list[StoredArticle], interests: Interests, topic: str):
    """Whatever else the reader follows."""
    muting = Interests(interests.follows, (topic,), interests.keywords, interests.languages)
    made = pool(articles)
    with_topic = {made.candidates[n].article.article_id for n in made.on_topic(topic)}

    assert not with_topic & {choice.article.article_id for choice in select_digest(made, muting, set()).chosen}


def test_an_article_that_only_just_fails_to_match_has_its_score():
    """An editor sees how near it was, with its age and the reader's weight."""
    near = {"trade": Why("trade", ("tariff",), (Field.BODY,), 1.2)}
    one = article("News")
    made = Pool([Candidate(one, {})], pool([]).rules, lambda *_: None, lambda _: near)
    (left_out,) = explained(made, Interests((Follow("trade", 2.0), Follow("sport"))), set()).rejected

    assert (left_out.reason, left_out.score) == (Rejection.NO_MATCH, round(2.4 * made.freshness[0], 6))


def spread_pool(articles: Sequence[StoredArticle], alike: dict[int, dict[int, float]], **rules: object) -> Pool:
    """A pool whose candidates at some positions are about the same as others."""
    made = pool(articles, **rules)
    made.neighbours = lambda position: alike.get(position, {})
    return made


def numbers(selection: Selection) -> list[int]:
    return [choice.article.article_id for choice in selection.chosen]


def test_a_third_article_on_one_matter_gives_way_to_another_matter():
    """It is worth a little more, and tells the reader less that is new."""
    articles = [article("Tariff", n, hours=n) for n in (1, 2, 3)] + [article("Tariff", 4, hours=9)]
    alike = {0: {1: 0.9, 2: 0.9}, 1: {0: 0.9, 2: 0.9}, 2: {0: 0.9, 1: 0.9}}

    assert numbers(select_digest(spread_pool(articles, alike, max_items=2, diversity=50), follows("trade"), set())) == [
        1,
        4,
    ]
    assert numbers(select_digest(spread_pool(articles, alike, max_items=2, diversity=0), follows("trade"), set())) == [
        1,
        2,
    ]


def test_each_followed_topic_has_an_article_while_places_last():
    """However much more the others are worth; with two places the two strongest topics have one each."""
    many = [article("Tariff tariff", n, hours=1) for n in range(1, 9)]
    few = [article("Football", 20, hours=40), article("Solar", 21, hours=60)]
    found = [
        numbers(select_digest(pool([*many, *few], max_items=most), follows("trade", "sport", "energy"), set()))
        for most in (4, 3, 2, 1)
    ]

    assert found == [[1, 2, 20, 21], [1, 20, 21], [1, 20], [1]]


def test_a_source_has_no_more_places_than_its_share():
    """What is left out for it says so, and waits; what was added by hand has no source."""
    articles = [replace(article("Tariff", n, hours=n), source="wire" if n < 5 else "") for n in range(1, 8)]
    found = explained(pool(articles, max_per_source=2), follows("trade"), set())

    assert numbers(found) == [1, 2, 5, 6, 7]
    assert [(each.article.article_id, each.reason) for each in found.rejected] == [
        (3, Rejection.SOURCE_FULL),
        (4, Rejection.SOURCE_FULL),
    ]
    assert select_digest(pool(articles, max_per_source=2), follows("trade"), set()).waiting == 2


def test_a_topic_has_no_more_places_than_its_share():
    """An article counts for the topic it is headed with; readers of everything too."""
    articles = [article("Tariff", n, hours=n) for n in (1, 2, 3)] + [article("Football", 4, hours=5)]
    found = explained(pool(articles, max_per_topic=1), follows("trade", "sport"), set())

    assert numbers(found) == [1, 4]
    assert {each.reason for each in found.rejected} == {Rejection.TOPIC_FULL}
    assert numbers(select_digest(pool(articles, max_per_topic=1), Interests(), set())) == [1, 4]


def test_of_a_story_in_several_versions_the_fullest_is_told():
    """Of two that are as full, the latest, which corrects the one before."""
    flash = article("Tariff", 1, hours=3, story=1, body="A tariff is planned.")
    full = article("Tariff", 2, hours=2, story=1, body="A tariff is planned. " * 9)
    corrected = article("Tariff", 3, hours=1, story=1, body="A tariff was planned. " * 9)
    found = explained(pool([flash, full, corrected]), follows("trade"), set())

    assert numbers(found) == [3]
    assert {each.reason for each in found.rejected} == {Rejection.SAME_STORY}


def test_who_was_told_an_article_before_it_became_part_of_a_story_is_not_told_the_story():
    """The history has the number that the article had as a story of its own."""
    both = [article("Tariff", 1, hours=3, story=1), article("Tariff", 2, hours=2, story=1)]

    assert select_digest(pool(both), follows("trade"), {2}).skip is SkipReason.NOTHING_NEW


@given(ARTICLES, INTERESTS, st.integers(1, 4), st.integers(0, 2), st.integers(0, 100))
def test_the_caps_hold_and_no_followed_topic_is_forgotten(
    articles: list[StoredArticle], interests: Interests, most: int, cap: int, diversity: int
):
    """Whatever the articles; with no cap, a topic without an article means that places did not last."""
    made = pool(articles, max_items=most, max_per_topic=cap, diversity=diversity)
    found = explained(made, interests, set())
    headed = [next((why.topic for why in choice.why if why.topic), "") for choice in found.chosen]
    waiting = {each.article.article_id for each in found.rejected if each.reason is Rejection.OVER_LIMIT}
    followed = {follow.topic for follow in interests.follows}
    told = [followed & {why.topic for why in choice.why} for choice in found.chosen]
    forgotten = {
        topic
        for topic in followed.difference(*told)
        if any(made.candidates[at].article.article_id in waiting for at in made.on_topic(topic))
    }

    assert not cap or not followed or all(headed.count(topic) <= cap for topic in set(headed) - {""})
    if forgotten and not cap:
        assert all(topics.difference(*told[:n]) for n, topics in enumerate(told))


WEIGHTS = st.sampled_from([0.5, 1.0, 1.0, 3.0])


def weighed(made: Pool, interests: Interests, position: int) -> float:
    """What an article is worth to a reader, worked out as plainly as it is defined."""
    topics, words = made.candidates[position].topics, sorted(interests.keywords)
    worth = 1.0 if interests.everything else 0.0
    for follow in sorted(interests.follows, key=lambda each: each.topic):
        worth += follow.weight * topics[follow.topic].score if follow.topic in topics else 0.0
    found = [made.by_keyword(word).get(position) for word in words]
    return round((worth + sum(why.score for why in found if why)) * made.freshness[position], 6)


@given(
    ARTICLES,
    st.dictionaries(TOPICS, WEIGHTS, max_size=3),
    st.sets(WORDS, max_size=2),
    st.booleans(),
    HISTORIES,
    st.integers(1, 12),
)
def test_a_reader_gets_the_best_as_if_every_article_had_been_weighed(
    articles: list[StoredArticle],
    weights: dict[str, float],
    keywords: set[str],
    everything: bool,
    history: frozenset[int],
    most: int,
):
    """Most articles are not: the pool knows that they cannot be among the best."""
    made = pool(articles, max_items=most)
    follows = tuple(Follow(topic, weight) for topic, weight in sorted(weights.items()))
    interests = Interests(follows, keywords=tuple(sorted(keywords)), wants_all=everything)
    suits = [at for at in range(len(articles)) if weighed(made, interests, at) or interests.everything]
    free = [at for at in suits if made.barred[at] is None and made.story[at] not in history]
    versions = {story: [at for at in free if made.story[at] == story] for story in {made.story[at] for at in free}}
    told = {story for story, ids in made.retold.items() if ids & history}
    best = [made.best_version(found) for story, found in versions.items() if story not in told]
    best.sort(key=lambda at: (-weighed(made, interests, at), made.order[at]))
    found = select_digest(made, interests, history)

    # A place is kept for a followed topic, be it worth less than what suits for another reason.
    reasons = len(weights) + bool(weights and (everything or keywords))
    if len(best) <= most or reasons < 2:
        assert numbers(found) == [articles[at].article_id for at in best[:most]]
    assert [choice.score for choice in found.chosen] == [
        weighed(made, interests, [each.article_id for each in articles].index(choice.article.article_id))
        for choice in found.chosen
    ]
    assert len(found.chosen) + found.waiting == len(best)
