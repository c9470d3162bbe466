"""The pool: what a slot may draw from, indexed by topic and keyword so that work grows with matches."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from digest.model.article import ArticleState, StoredArticle
from digest.model.digest import Rejection, Why
from digest.model.newsletter import Fallback, Overflow
from digest.selection.editing import UNTOUCHED, Verdict

DECIMALS = 6  #: of a score; what differs by less is equal
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article of the pool with the topics it matches.

    `not_on_offer` are topics that nobody can follow in this newsletter, but whoever muted them meant it. `verdict`
    is what editors decided.
    """

    article: StoredArticle
    topics: Mapping[str, Why]
    not_on_offer: frozenset[str] = frozenset()
    verdict: Verdict = UNTOUCHED


@dataclass(frozen=True, slots=True)
class Rules:
    """What bounds every digest of a slot. `slot_at` is the moment that freshness is measured from."""

    slot_at: datetime
    cut_off: datetime
    expires_after: timedelta
    look_back: timedelta
    half_life: timedelta
    max_items: int
    min_items: int
    overflow: Overflow = Overflow.ROLLOVER
    fallback: Fallback = Fallback.NONE
    max_per_source: int = 0
    max_per_topic: int = 0
    diversity: int = 0


class Pool:
    """Candidates with an index; free keywords are matched once each, when first asked for.

    What is the same for every profile is worked out here, once: of the candidate at each position whether anybody
    can get it (`barred`), its `freshness`, its `story`, its place (`order`) among equals, what each topic is worth in
    it (`worth`, by slug), and all of them together when it is as fresh as it is (`most`, rounded `full`).
    `retold` has the stories that are here in more than one version, or under the number of another article.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        rules: Rules,
        match_keyword: Callable[[str], Mapping[int, Why]],
        near_misses: Callable[[int], Mapping[str, Why]] = lambda _position: {},
        neighbours: Callable[[int], Mapping[int, float]] = lambda _position: {},
    ) -> None:
        self.candidates = tuple(candidates)
        self.rules = rules
        articles = [candidate.article for candidate in self.candidates]
        self.story = [article.story_id for article in articles]
        self.barred = [each.verdict.kept_out or bar_of(each.article, rules) for each in self.candidates]
        self.positions = frozenset(range(len(articles)))
        self.shut = frozenset(at for at, bar in enumerate(self.barred) if bar is not None)
        self.pinned = frozenset(n for n, each in enumerate(self.candidates) if each.verdict.pinned)
        self.most_chosen: tuple[int, ...] = ()  #: positions, what suits most readers first; for that fallback only
        self.freshness = [freshness(article, rules) for article in articles]
        # On a tie the earlier publication leads, then the article that was collected first.
        in_order = sorted(range(len(articles)), key=lambda n: (dated(articles[n]), articles[n].article_id))
        self.order = [0] * len(articles)
        for place, position in enumerate(in_order):
            self.order[position] = place
        self._match_keyword = match_keyword
        self.neighbours = neighbours  #: position -> position -> how much both are about the same, 0 to 1
        self.near_misses = near_misses  #: position -> topic -> why, of topics that an article has too little of
        self._by_keyword: dict[str, Mapping[int, Why]] = {}
        self._older: dict[datetime, frozenset[int]] = {}
        self.retold = _retold(self.story, articles)
        self.in_versions = frozenset(at for at, story in enumerate(self.story) if story in self.retold)
        self.worth = [tuple(sorted((slug, why.score) for slug, why in each.topics.items())) for each in self.candidates]
        sums = [sum((score for _, score in worth), 0.0) for worth in self.worth]
        self.most = [worth * fresh for worth, fresh in zip(sums, self.freshness, strict=True)]
        self.full = [round(worth, DECIMALS) for worth in self.most]
        self.on_one_topic = frozenset(at for at, worth in enumerate(self.worth) if len(worth) == 1)

    @cached_property
    def timeless(self) -> Pool:
        """The same pool, in which what is older weighs as much."""
        rules = replace(self.rules, half_life=timedelta.max)
        made = Pool(self.candidates, rules, self._match_keyword, self.near_misses, self.neighbours)
        made.most_chosen = self.most_chosen
        return made

    @cached_property
    def by_story(self) -> Mapping[int, frozenset[int]]:
        """Story -> positions of its versions."""
        return _gathered((story, at) for at, story in enumerate(self.story))

    @cached_property
    def stories(self) -> frozenset[int]:
        """Every story that is here."""
        return frozenset(self.story)

    @cached_property
    def story_of_version(self) -> Mapping[int, int]:
        """Article -> story, for each version of those that are `retold`."""
        return {article_id: story for story, ids in self.retold.items() for article_id in ids}

    @cached_property
    def versions(self) -> frozenset[int]:
        """The ids of the articles in `story_of_version`."""
        return frozenset(self.story_of_version)

    @cached_property
    def by_most(self) -> Sequence[int]:
        """Every position, first what can be worth `most`."""
        return sorted(self.positions, key=self.most.__getitem__, reverse=True)

    @cached_property
    def strength(self) -> Sequence[float]:
        """How much each is about the topic that it is most about, the fresher the more."""
        best = [max((why.score for why in each.topics.values()), default=0.0) for each in self.candidates]
        return [round(worth * fresh, DECIMALS) for worth, fresh in zip(best, self.freshness, strict=True)]

    @cached_property
    def telling(self) -> Sequence[int]:
        """Every position, first that of the greatest strength."""
        return sorted(self.positions, key=lambda at: (-self.strength[at], self.order[at]))

    def on_topic(self, slug: str) -> AbstractSet[int]:
        """Return the positions of what matches a topic on offer."""
        return self._on_topic.get(slug, frozenset())

    @cached_property
    def _on_topic(self) -> Mapping[str, frozenset[int]]:
        return _gathered((slug, at) for at, each in enumerate(self.candidates) for slug in each.topics)

    def about(self, slug: str) -> AbstractSet[int]:
        """Return the positions of what matches the topic, be it on offer or not."""
        return self._about.get(slug, frozenset())

    @cached_property
    def _about(self) -> Mapping[str, frozenset[int]]:
        return _gathered(
            (slug, at) for at, each in enumerate(self.candidates) for slug in (*each.topics, *each.not_on_offer)
        )

    def older_than(self, moment: datetime) -> AbstractSet[int]:
        """Return the positions of what was collected before *moment*."""
        if moment not in self._older:
            self._older[moment] = frozenset(
                at for at, each in enumerate(self.candidates) if each.article.collected_at < moment
            )
        return self._older[moment]

    def best_version(self, positions: Iterable[int]) -> int:
        """Return the best of the versions of one story at *positions*: the fullest; of two such, the latest."""
        return max(positions, key=lambda at: (_fullness(self.candidates[at].article), self.order[at]))

    def is_about(self, position: int, slug: str) -> bool:
        """Whether the candidate at *position* matches the topic, be it on offer or not."""
        return position in self.about(slug)

    def by_keyword(self, keyword: str) -> Mapping[int, Why]:
        """Return position -> why for each candidate that has the reader's *keyword*."""
        if keyword not in self._by_keyword:
            self._by_keyword[keyword] = self._match_keyword(keyword)
        return self._by_keyword[keyword]


def _gathered(pairs: Iterable[tuple[Key, int]]) -> dict[Key, frozenset[int]]:
    found: defaultdict[Key, set[int]] = defaultdict(set)
    for key, at in pairs:
        found[key].add(at)
    return {key: frozenset(positions) for key, positions in found.items()}


def _retold(story: Sequence[int], articles: Sequence[StoredArticle]) -> dict[int, frozenset[int]]:
    """Return story -> ids of its articles, for each story that is not just its first article."""
    versions: defaultdict[int, set[int]] = defaultdict(set)
    for number, article in zip(story, articles, strict=True):
        versions[number].add(article.article_id)
    return {number: frozenset(ids) for number, ids in versions.items() if ids != {number}}


def _fullness(article: StoredArticle) -> int:
    """Return a number that grows by one with each quarter more text."""
    return round(math.log(len(article.article.text) + 1, 1.25))


def bar_of(article: StoredArticle, rules: Rules) -> Rejection | None:
    """Return why nobody can get *article* from a pool with *rules*, None when somebody can."""
    if article.state is ArticleState.WITHDRAWN:
        return Rejection.WITHDRAWN
    if article.collected_at >= rules.cut_off:
        return Rejection.NOT_YET_COLLECTED
    if article.collected_at < rules.cut_off - rules.expires_after:
        return Rejection.EXPIRED
    return None


def freshness(article: StoredArticle, rules: Rules) -> float:
    """Return 1.0 for now, one half after each half-life."""
    age = max(rules.slot_at - dated(article), timedelta())
    return float(0.5 ** (age / rules.half_life))


def dated(article: StoredArticle) -> datetime:
    """Return when *article* was published; the time of collection where its own date is missing or later."""
    published = article.article.published_at
    return min(published, article.collected_at) if published else article.collected_at
