"""What the candidates of a pool are worth to readers with the same interests, each worked out when it is needed.

A digest has ten places, and hundreds of articles may suit: so all of them are put in the order of the most that they
can be worth to anybody, which the pool knows, and only those near the top are weighed for these readers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from heapq import heapify, heappop, heappush

from digest.model.digest import Why
from digest.model.subscriber import Interests
from digest.selection.pool import DECIMALS, Pool

_ROUNDING = 10.0**-DECIMALS  # more than rounding adds to a score, and the order of a sum to a float
_FEW = 20  # in so many of the pool: fewer are sorted sooner than found


class Scores:
    """Position -> score of each candidate that suits *interests* (`suiting`), and why it does."""

    def __init__(self, pool: Pool, interests: Interests) -> None:
        self._pool = pool
        self._weights = {follow.topic: follow.weight for follow in interests.follows}
        # Who reads everything gets each article for something, and what they follow for more.
        self._base = 1.0 if interests.everything else 0.0
        self._is_plain = not interests.everything and all(one == 1.0 for one in self._weights.values())
        self._by_keyword: defaultdict[int, list[Why]] = defaultdict(list)
        for keyword in sorted(interests.keywords):
            for position, why in pool.by_keyword(keyword).items():
                self._by_keyword[position].append(why)
        self.suiting: AbstractSet[int] = pool.positions
        if not interests.everything:
            self.suiting = frozenset().union(self._by_keyword, *map(pool.on_topic, self._weights))

    def __getitem__(self, position: int) -> float:
        """Return the score of a candidate, 0 for one that does not suit."""
        weights, worth = self._weights, self._base
        # In one order, whatever order the interests came in: a sum of floats depends on it.
        for topic, score in self._pool.worth[position]:
            if topic in weights:
                worth += score if self._is_plain else weights[topic] * score
        if position in self._by_keyword:
            for why in self._by_keyword[position]:
                worth += why.score
        return _aged(worth, self._pool.freshness[position])

    def best_first(self, positions: AbstractSet[int]) -> Iterator[tuple[float, int]]:
        """Give score and position of each of *positions*, which suit, best first; on a tie what leads in the pool."""
        pool, order, base = self._pool, self._pool.order, self._base
        most = pool.most if not base else [one + fresh for one, fresh in zip(pool.most, pool.freshness, strict=True)]
        weight = max(base, *self._weights.values(), 0.0) + _ROUNDING
        # What is about one topic, followed with weight 1, has the score that the pool knows.
        named = self._by_keyword.keys() & positions
        known = pool.on_one_topic if self._is_plain else frozenset()
        here = [(-self[position], order[position], position) for position in named]
        heapify(here)
        for position in self._by_most(positions - named if named else positions, most):
            # Nobody who is still to come can be worth more.
            limit = -most[position] * weight - _ROUNDING
            while here and here[0][0] < limit:
                score, _, best = heappop(here)
                yield -score, best
            score = -pool.full[position] if position in known else -self[position]
            heappush(here, (score, order[position], position))
        while here:
            score, _, best = heappop(here)
            yield -score, best

    def _by_most(self, positions: AbstractSet[int], most: Sequence[float]) -> Iterable[int]:
        """Return *positions*, first what can be worth *most* to anybody."""
        if self._base or len(positions) * _FEW < len(most):
            return sorted(positions, key=most.__getitem__, reverse=True)
        return filter(positions.__contains__, self._pool.by_most)

    def why(self, position: int) -> tuple[Why, ...]:
        """Return the reasons why the candidate at *position* suits, best first; none for "everything"."""
        whys = [why for topic, why in self._pool.candidates[position].topics.items() if topic in self._weights]
        whys += self._by_keyword.get(position, ())
        if len(whys) > 1:
            whys.sort(key=lambda why: (-why.score, why.topic, why.words))
        return tuple(whys)

    def topics_among(self, positions: AbstractSet[int]) -> set[str]:
        """Return the followed topics that some of *positions* are about."""
        return {topic for topic in self._weights if not positions.isdisjoint(self._pool.on_topic(topic))}


@lru_cache(maxsize=65_536)  # many readers follow the same topics of an article, and rounding is slow
def _aged(worth: float, freshness: float) -> float:
    return round(worth * freshness, DECIMALS)
