"""Spread the places of one digest: not all on one matter, from one source or for one topic.

One after the other the places go to the article that is worth most beside those that are chosen already (maximal
marginal relevance). The last ones are kept for followed topics that have nothing yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from digest.model.digest import Rejection, Why
from digest.model.subscriber import Interests
from digest.selection.pool import Pool


def why_of(pool: Pool, position: int, interests: Interests) -> tuple[Why, ...]:
    """Return the reasons why the candidate at *position* suits *interests*, best first; none for "everything"."""
    topics = pool.candidates[position].topics
    whys = [topics[follow.topic] for follow in interests.follows if follow.topic in topics]
    for keyword in interests.keywords:
        why = pool.by_keyword(keyword).get(position)
        if why is not None:
            whys.append(why)
    return tuple(sorted(whys, key=lambda why: (-why.score, why.topic, why.words)))


def spread(
    pool: Pool, interests: Interests, fit: Sequence[int], scores: Mapping[int, float], pinned: Sequence[int] = ()
) -> list[int]:
    """Return those of *fit* (positions of different stories, best first) that get a place, in their order.

    *pinned* have places already, which are outside the caps.

    A followed topic without a place gets one before a second or third article of another, while places last.
    """
    rules = pool.rules
    shares, left, free = Shares(pool, interests), list(fit), rules.max_items - len(pinned)
    missing = _topics_among(pool, interests, fit) if len(fit) > free else set()
    loss: dict[int, float] = {}
    places: list[int] = []
    for position in pinned:
        missing -= pool.candidates[position].topics.keys()
        _note_loss(pool, position, loss)
    while left and len(places) < free:
        kept = missing if len(missing) >= free - len(places) else None
        at = _best(pool, left, scores, loss, kept)
        if at is None:
            # What those topics had is gone, as the caps do not let it in.
            missing = set()
            continue
        position = left.pop(at)
        if shares.reason(position) is not Rejection.OVER_LIMIT:
            continue
        shares.take(position)
        places.append(position)
        missing -= pool.candidates[position].topics.keys()
        _note_loss(pool, position, loss)
    return places


def _note_loss(pool: Pool, position: int, loss: dict[int, float]) -> None:
    """Note in *loss* what others lose by being about the same as the candidate at *position*, which has a place."""
    if pool.rules.diversity:
        for other, likeness in pool.neighbours(position).items():
            loss[other] = max(loss.get(other, 0.0), likeness * pool.rules.diversity / 100)


def _best(
    pool: Pool, left: Sequence[int], scores: Mapping[int, float], loss: Mapping[int, float], topics: set[str] | None
) -> int | None:
    """Return where in *left* (best first) stands what is worth most; with *topics* only what is about one of them."""
    best, most = None, -1.0
    for at, position in enumerate(left):
        if scores[position] <= most:
            break
        worth = scores[position] * (1.0 - loss.get(position, 0.0))
        if worth > most and (topics is None or not topics.isdisjoint(pool.candidates[position].topics)):
            best, most = at, worth
    return best


def _topics_among(pool: Pool, interests: Interests, fit: Sequence[int]) -> set[str]:
    """Return the followed topics that some of *fit* are about."""
    among = set(fit)
    return {
        follow.topic
        for follow in interests.follows
        if any(position in among for position, _ in pool.by_topic.get(follow.topic, ()))
    }


class Shares:
    """How many places each source, and each topic, has of those that are taken; an article counts for one topic.

    That is the one it is headed with. What was added by hand has no source, and is not counted.
    """

    def __init__(self, pool: Pool, interests: Interests) -> None:
        self._pool, self._interests = pool, interests
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
        whys = why_of(self._pool, position, self._interests) or sorted(
            self._pool.candidates[position].topics.values(), key=lambda why: (-why.score, why.topic)
        )
        return next((why.topic for why in whys if why.topic), "")
