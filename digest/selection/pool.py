"""The pool: what a slot may draw from, indexed by topic and keyword so that work grows with matches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.model.article import StoredArticle
from digest.model.digest import Why


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article of the pool with the topics it matches.

    `not_on_offer` are topics that nobody can follow in this newsletter, but whoever muted them meant it.
    """

    article: StoredArticle
    topics: Mapping[str, Why]
    not_on_offer: frozenset[str] = frozenset()


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


class Pool:
    """Candidates with an index; free keywords are matched once each, when first asked for."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        rules: Rules,
        match_keyword: Callable[[int, str], Why | None],
    ) -> None:
        self.candidates = tuple(candidates)
        self.rules = rules
        self._match_keyword = match_keyword
        self._by_keyword: dict[str, dict[int, Why]] = {}
        self.by_topic: dict[str, list[int]] = defaultdict(list)
        self._not_on_offer: dict[str, list[int]] = defaultdict(list)
        for position, candidate in enumerate(self.candidates):
            for slug in candidate.topics:
                self.by_topic[slug].append(position)
            for slug in candidate.not_on_offer:
                self._not_on_offer[slug].append(position)

    def about(self, slug: str) -> list[int]:
        """Return the position of each candidate that matches the topic, whether it is on offer or not."""
        return [*self.by_topic.get(slug, ()), *self._not_on_offer.get(slug, ())]

    def by_keyword(self, keyword: str) -> Mapping[int, Why]:
        """Return position -> why for each candidate that has the reader's *keyword*."""
        if keyword not in self._by_keyword:
            matches = ((n, self._match_keyword(n, keyword)) for n in range(len(self.candidates)))
            self._by_keyword[keyword] = {n: why for n, why in matches if why is not None}
        return self._by_keyword[keyword]
