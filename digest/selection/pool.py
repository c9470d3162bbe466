"""The pool: what a slot may draw from, indexed by topic and keyword so that work grows with matches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
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


class Pool:
    """Candidates with an index; free keywords are matched once each, when first asked for.

    What is the same for every profile is worked out here, once: of the candidate at each position whether anybody
    can get it (`barred`), its `freshness`, its `story`, and its place (`order`) among equals.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        rules: Rules,
        match_keyword: Callable[[int, str], Why | None],
        near_misses: Callable[[int], Mapping[str, Why]] = lambda _position: {},
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
        self.near_misses = near_misses  #: position -> topic -> why, of topics that an article has too little of
        self._by_keyword: dict[str, dict[int, Why]] = {}
        self.by_topic: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for position, candidate in enumerate(self.candidates):
            for slug, why in candidate.topics.items():
                self.by_topic[slug].append((position, why.score))

    @cached_property
    def timeless(self) -> Pool:
        """The same pool, in which what is older weighs as much."""
        rules = replace(self.rules, half_life=timedelta.max)
        made = Pool(self.candidates, rules, self._match_keyword, self.near_misses)
        made.most_chosen = self.most_chosen
        return made

    def is_about(self, position: int, slug: str) -> bool:
        """Whether the candidate at *position* matches the topic, be it on offer or not."""
        candidate = self.candidates[position]
        return slug in candidate.topics or slug in candidate.not_on_offer

    def by_keyword(self, keyword: str) -> Mapping[int, Why]:
        """Return position -> why for each candidate that has the reader's *keyword*."""
        if keyword not in self._by_keyword:
            matches = ((n, self._match_keyword(n, keyword)) for n in range(len(self.candidates)))
            self._by_keyword[keyword] = {n: why for n, why in matches if why is not None}
        return self._by_keyword[keyword]


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
