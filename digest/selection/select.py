"""Select one digest: match, gate, score, limit; every candidate that is not chosen has a reason.

A pure function of pool, interests and history: the same three give the same digest on any machine. Planning asks
for the digest only; the reasons are worked out when somebody wants to see them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, time

from digest.model.article import ArticleState, StoredArticle
from digest.model.digest import Choice, Ground, Rejected, Rejection, Selection, SkipReason, Why
from digest.model.newsletter import Fallback, Overflow
from digest.model.subscriber import Interests
from digest.selection.pool import Pool, Rules, bar_of

VERSION = 5  #: part of the pool's hash: raise it when the same inputs may give another digest


def select_digest(
    pool: Pool, interests: Interests, history: AbstractSet[int], since: datetime | None = None
) -> Selection:
    """Return what a reader with *interests* and *history* (story ids) gets from *pool*.

    *since* is the day the reader joined, None when that is longer ago than stories live. `explain` says why the
    others are left out.
    """
    gate = _Gate(pool, interests, history, since)
    scores = _scores(pool, interests)
    own = gate.passed_by(scores)
    pinned = set(gate.passed_by(pool.pinned))
    fit = sorted(
        (position not in pinned, -scores.get(position, 0.0), pool.order[position], position)
        for position in (pinned.union(own) if pinned else own)
    )
    chosen: list[Choice] = []
    told: set[int] = set()
    left: set[int] = set()
    for unpinned, loss, _, position in fit:
        story = pool.story[position]
        if story in told:
            continue
        if len(chosen) >= pool.rules.max_items:
            left.add(story)
            continue
        told.add(story)
        ground = Ground.INTERESTS if unpinned else Ground.PINNED
        chosen.append(Choice(pool.candidates[position].article, -loss, why_of(pool, position, interests), ground))
    if not own and pool.rules.fallback is Fallback.NONE:
        alone = tuple(Rejected(each.article, Rejection.NOTHING_BESIDE) for each in chosen)
        return Selection((), alone, SkipReason.NOTHING_NEW)
    if pool.rules.fallback is Fallback.MOST_CHOSEN and len(chosen) < pool.rules.min_items:
        chosen += _most_chosen(pool, gate, told)[: pool.rules.min_items - len(chosen)]
    return finish(tuple(chosen), (), pool.rules, frozenset(left))


def finish(chosen: tuple[Choice, ...], rejected: tuple[Rejected, ...], rules: Rules, left: frozenset[int]) -> Selection:
    """Return the selection, or its skip when *chosen* has fewer than `min_items`; nothing is lost by a skip.

    *left* are the stories that suit and found no place.
    """
    if not chosen or len(chosen) < rules.min_items:
        kept = tuple(Rejected(choice.article, Rejection.BELOW_MIN_ITEMS, choice.score) for choice in chosen)
        reason = SkipReason.TOO_FEW if chosen else SkipReason.NOTHING_NEW
        return Selection((), kept + rejected, reason, len(left))
    if rules.overflow is Overflow.ROLLOVER:
        return Selection(chosen, rejected, waiting=len(left))
    return Selection(chosen, rejected, let_go=left)


def by_most_chosen(pool: Pool, readers: Iterable[tuple[Interests, int]]) -> tuple[int, ...]:
    """Return the positions of *pool* that suit anybody, those first that suit most of *readers* (interests, how many).

    Who reads everything has no say: that suits all articles alike.
    """
    votes: dict[int, int] = {}
    for interests, count in readers:
        if not interests.everything:
            for position in _scores(pool, interests):
                votes[position] = votes.get(position, 0) + count
    return tuple(
        sorted(votes, key=lambda position: (-votes[position], -pool.freshness[position], pool.order[position]))
    )


def _most_chosen(pool: Pool, gate: _Gate, told: set[int]) -> list[Choice]:
    """Return what suits most other readers and may be theirs, each story once and none that is *told*."""
    stories = {pool.story[position]: position for position in reversed(gate.passed_by(pool.most_chosen))}
    positions = [position for position in pool.most_chosen if stories.get(pool.story[position]) == position]
    return [
        Choice(pool.candidates[position].article, 0.0, (), Ground.MOST_CHOSEN)
        for position in positions
        if pool.story[position] not in told
    ]


def explain(
    pool: Pool, selection: Selection, interests: Interests, history: AbstractSet[int], since: datetime | None = None
) -> Selection:
    """Return *selection* (of the same pool, interests, history) with a reason for every other candidate too."""
    scores, gate = _scores(pool, interests), _Gate(pool, interests, history, since)
    told = {choice.article.story_id for choice in selection.chosen}
    told |= {each.article.story_id for each in selection.rejected}
    known = {choice.article.article_id for choice in selection.chosen}
    known |= {each.article.article_id for each in selection.rejected}
    rest: list[Rejected] = []
    for position, candidate in enumerate(pool.candidates):
        if candidate.article.article_id in known:
            continue
        if position not in scores and position not in pool.pinned:
            bar = pool.barred[position] or Rejection.NO_MATCH
            rest.append(Rejected(candidate.article, bar, _missed(pool, position, interests)))
            continue
        reason = gate.reason(position)
        if reason is None:
            reason = Rejection.SAME_STORY if pool.story[position] in told else _OVERFLOWING[pool.rules.overflow]
        rest.append(Rejected(candidate.article, reason, scores.get(position, 0.0)))
    rest.sort(key=lambda each: -each.score)
    return replace(selection, rejected=selection.rejected + tuple(rest))


_OVERFLOWING = {
    Overflow.ROLLOVER: Rejection.OVER_LIMIT,
    Overflow.COUNT: Rejection.COUNTED,
    Overflow.DROP: Rejection.DROPPED,
}


def why_outside(article: StoredArticle, rules: Rules, sources: Collection[str]) -> Rejection:
    """Return why *article* is not among the candidates of a pool with *rules* that draws from *sources* (none: all).

    For an article that was collected or brought back after the pool was read it is "not yet collected".
    """
    # What was added by hand has no source; it is for every newsletter.
    if article.state is not ArticleState.WITHDRAWN and sources and article.source and article.source not in sources:
        return Rejection.OTHER_SOURCE
    return bar_of(article, rules) or Rejection.NOT_YET_COLLECTED


def why_of(pool: Pool, position: int, interests: Interests) -> tuple[Why, ...]:
    """Return the reasons why the candidate at *position* suits *interests*, best first; none for "everything"."""
    topics = pool.candidates[position].topics
    whys = [topics[follow.topic] for follow in interests.follows if follow.topic in topics]
    for keyword in interests.keywords:
        why = pool.by_keyword(keyword).get(position)
        if why is not None:
            whys.append(why)
    return tuple(sorted(whys, key=lambda why: (-why.score, why.topic, why.words)))


def _scores(pool: Pool, interests: Interests) -> dict[int, float]:
    """Return position -> score, for each candidate that suits *interests*; work grows with matches."""
    if interests.everything:
        return {position: round(fresh, 6) for position, fresh in enumerate(pool.freshness)}
    worth: dict[int, float] = {}
    for position, score in _worths(pool, interests):
        worth[position] = worth.get(position, 0.0) + score
    return {position: round(score * pool.freshness[position], 6) for position, score in worth.items()}


def _missed(pool: Pool, position: int, interests: Interests) -> float:
    """Return the score of a candidate that has some words of *interests*, and too few."""
    near = pool.near_misses(position)
    worth = sum(follow.weight * near[follow.topic].score for follow in interests.follows if follow.topic in near)
    return round(worth * pool.freshness[position], 6)


def _worths(pool: Pool, interests: Interests) -> Iterator[tuple[int, float]]:
    # In one order, whatever order the interests came in: a sum of floats depends on it.
    for follow in sorted(interests.follows, key=lambda follow: follow.topic):
        for position, score in pool.by_topic.get(follow.topic, ()):
            yield position, follow.weight * score
    for keyword in sorted(interests.keywords):
        for position, why in pool.by_keyword(keyword).items():
            yield position, why.score


class _Gate:
    """What keeps a candidate that suits these readers from them."""

    def __init__(self, pool: Pool, interests: Interests, history: AbstractSet[int], since: datetime | None) -> None:
        self._pool, self._interests, self._history = pool, interests, history
        self._joined = since - pool.rules.look_back if since else None
        self._followed = {follow.topic: follow.since for follow in interests.follows if follow.since}

    def passed_by(self, positions: Iterable[int]) -> list[int]:
        """Return those of *positions* that can be theirs."""
        pool, history = self._pool, self._history
        new = [each for each in positions if pool.barred[each] is None and pool.story[each] not in history]
        if self._joined is not None:
            new = [each for each in new if not self._is_before_joining(each)]
        if self._interests.muted or self._followed or self._interests.languages:
            new = [each for each in new if self.reason(each) is None]
        return new

    def reason(self, position: int) -> Rejection | None:
        """Return why the candidate at *position* cannot be theirs, None when it can."""
        pool, interests = self._pool, self._interests
        if interests.muted and any(pool.is_about(position, slug) for slug in interests.muted):
            return Rejection.MUTED
        barred = pool.barred[position]
        if barred is not Rejection.WITHDRAWN and pool.story[position] in self._history:
            return Rejection.ALREADY_SHOWN
        if barred is not None:
            return barred
        if self._is_before_joining(position) or self._is_older_than_its_topics(position):
            return Rejection.BEFORE_LOOK_BACK
        if interests.languages and not _speaks(interests, pool.candidates[position].article):
            return Rejection.OTHER_LANGUAGE
        return None

    def _is_before_joining(self, position: int) -> bool:
        """Whether it is too old for who joined when these did; a pin is for them too."""
        if self._joined is None or position in self._pool.pinned:
            return False
        return self._pool.candidates[position].article.collected_at < self._joined

    def _is_older_than_its_topics(self, position: int) -> bool:
        """Whether each reason is a topic that was followed only after the article, less `look_back`."""
        if not self._followed or position in self._pool.pinned:
            return False
        days = [self._followed.get(why.topic) for why in why_of(self._pool, position, self._interests)]
        if not days or None in days:
            return False
        earliest = datetime.combine(min(filter(None, days)), time(), UTC)
        return self._pool.candidates[position].article.collected_at < earliest - self._pool.rules.look_back


def _speaks(interests: Interests, article: StoredArticle) -> bool:
    language = article.article.language
    return not language or any(language == one or language.split("-")[0] == one for one in interests.languages)
