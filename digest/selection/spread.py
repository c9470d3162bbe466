"""Spread the places of one digest: not all on one matter, from one source or for one topic.

One after the other the places go to the article that is worth most beside those that are chosen already (maximal
marginal relevance). The last ones are kept for followed topics that have nothing yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from digest.model.digest import Rejection
from digest.selection.pool import Pool
from digest.selection.scores import Scores

Scored = tuple[float, int]  # score and position


def spread(pool: Pool, scores: Scores, fit: AbstractSet[int], pinned: Sequence[int] = ()) -> list[Scored]:
    """Return those of *fit* (positions of different stories) that get a place, in their order.

    *pinned* have places already, which are outside the caps. A followed topic without a place gets one before a second
    or third article of another, while places last.
    """
    rules = pool.rules
    shares, free, places = Shares(pool, scores), rules.max_items - len(pinned), list[Scored]()
    missing = scores.topics_among(fit) if len(fit) > free else set()
    capped = bool(rules.max_per_source or rules.max_per_topic)
    loss: dict[int, float] = {}
    waiting = _Waiting(pool, scores.best_first(fit))
    for position in pinned:
        missing -= pool.candidates[position].topics.keys()
        _note_loss(pool, position, loss)
    while len(places) < free:
        kept = missing if len(missing) >= free - len(places) else None
        waiting.call(kept)
        best = waiting.best(loss)
        if best is None:
            if kept is None:
                break
            # What those topics had is gone, as the caps do not let it in.
            missing = set()
            continue
        position = best[1]
        if capped:
            if shares.reason(position) is not Rejection.OVER_LIMIT:
                continue
            shares.take(position)
        places.append(best)
        missing -= pool.candidates[position].topics.keys()
        _note_loss(pool, position, loss)
    return places


class _Waiting:
    """Who waits for a place, best first, as far as anybody has asked; those of no topic that is called stand aside."""

    def __init__(self, pool: Pool, coming: Iterator[Scored]) -> None:
        self._candidates, self._order = pool.candidates, pool.order
        self._coming = coming
        self._here: list[Scored] = []
        self._aside: list[Scored] = []
        self._topics: set[str] | None = None

    def call(self, topics: set[str] | None) -> None:
        """Let only those be asked who are about one of *topics*, fewer each time; None: everybody again."""
        self._topics = topics
        if topics is not None:
            before, self._here = self._here, []
            for each in before:
                self._stand(each)
        elif self._aside:
            self._here += self._aside
            self._here.sort(key=lambda each: (-each[0], self._order[each[1]]))
            self._aside = []

    def best(self, loss: Mapping[int, float]) -> Scored | None:
        """Take out who is worth most after what they lose, of equal ones the first; None when nobody is left."""
        best, most, at = None, -1.0, 0
        while at < len(self._here) or self._comes():
            score, position = self._here[at]
            if score <= most:
                break
            worth = score * (1.0 - loss[position]) if position in loss else score
            if worth > most:
                best, most = at, worth
            at += 1
        return None if best is None else self._here.pop(best)

    def _comes(self) -> bool:
        """Whether somebody more has come who may be asked."""
        if self._topics is not None:
            return any(map(self._stand, self._coming))
        for one in self._coming:
            self._here.append(one)
            return True
        return False

    def _stand(self, one: Scored) -> bool:
        is_called = self._topics is None or not self._topics.isdisjoint(self._candidates[one[1]].topics)
        (self._here if is_called else self._aside).append(one)
        return is_called


def _note_loss(pool: Pool, position: int, loss: dict[int, float]) -> None:
    """Note in *loss* what others lose by being about the same as the candidate at *position*, which has a place."""
    if pool.rules.diversity:
        for other, likeness in pool.neighbours(position).items():
            loss[other] = max(loss.get(other, 0.0), likeness * pool.rules.diversity / 100)


class Shares:
    """How many places each source, and each topic, has of those that are taken; an article counts for one topic.

    That is the one it is headed with. What was added by hand has no source, and is not counted.
    """

    def __init__(self, pool: Pool, scores: Scores) -> None:
        self._pool, self._scores = pool, scores
        self._sources: Counter[str] = Counter()
        self._topics: Counter[str] = Counter()

    def take(self, position: int) -> None:
        """Count the candidate at *position*."""
        if self._pool.rules.max_per_source:
            self._sources[self._pool.candidates[position].article.source] += 1
        if self._pool.rules.max_per_topic:
            self._topics[self._topic(position)] += 1

    def reason(self, position: int) -> Rejection:
        """Return why the candidate at *position* gets no place: its share is taken, or all places are."""
        rules, source = self._pool.rules, self._pool.candidates[position].article.source
        if rules.max_per_source and source and self._sources[source] >= rules.max_per_source:
            return Rejection.SOURCE_FULL
        if rules.max_per_topic and (topic := self._topic(position)) and self._topics[topic] >= rules.max_per_topic:
            return Rejection.TOPIC_FULL
        return Rejection.OVER_LIMIT

    def _topic(self, position: int) -> str:
        whys = self._scores.why(position) or sorted(
            self._pool.candidates[position].topics.values(), key=lambda why: (-why.score, why.topic)
        )
        return next((why.topic for why in whys if why.topic), "")
