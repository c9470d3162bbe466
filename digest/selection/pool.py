"""The pool: what a slot may draw from, indexed by topic and keyword so that work grows with matches."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from digest.model.article import ArticleState, StoredArticle
from digest.model.digest import Rejection, Why
from digest.model.newsletter import Fallback, Overflow
from digest.selection.editing import UNTOUCHED, Verdict


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
    can get it (`barred`), its `freshness`, its `story`, and its place (`order`) among equals. `retold` has the
    stories that are here in more than one version, or under the number of another article.
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
        self.retold = _retold(self.story, articles)
        self.by_topic: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for position, candidate in enumerate(self.candidates):
            for slug, why in candidate.topics.items():
                self.by_topic[slug].append((position, why.score))

    @cached_property
    def timeless(self) -> Pool:
        """The same pool, in which what is older weighs as much."""
        rules = replace(self.rules, half_life=timedelta.max)
        made = Pool(self.candidates, rules, self._match_keyword, self.near_misses, self.neighbours)
        made.most_chosen = self.most_chosen
        return made

    def best_version(self, positions: Iterable[int]) -> int:
        """Return the best of the versions of one story at *positions*: the fullest; of two such, the latest."""
        return max(positions, key=lambda at: (_fullness(self.candidates[at].article), self.order[at]))

    def is_about(self, position: int, slug: str) -> bool:
        """Whether the candidate at *position* matches the topic, be it on offer or not."""
        candidate = self.candidates[position]
        return slug in candidate.topics or slug in candidate.not_on_offer

    def by_keyword(self, keyword: str) -> Mapping[int, Why]:
        """Return position -> why for each candidate that has the reader's *keyword*."""
        if keyword not in self._by_keyword:
            self._by_keyword[keyword] = self._match_keyword(keyword)
        return self._by_keyword[keyword]


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
