"""Select one digest: match, gate, score, spread, limit; every candidate that is not chosen has a reason.

A pure function of pool, interests and history: the same three give the same digest on any machine. Planning asks
for the digest only; the reasons are worked out when somebody wants to see them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from digest.model.article import ArticleState, StoredArticle
from digest.model.digest import Choice, Ground, Rejected, Rejection, Selection, SkipReason, Why
from digest.model.newsletter import Fallback, Overflow
from digest.model.subscriber import Interests
from digest.selection.gate import Gate
from digest.selection.pool import Pool, Rules, bar_of
from digest.selection.scores import Scores
from digest.selection.spread import Scored, Shares, spread
from digest.selection.surprise import surprise

VERSION = 6  #: part of the pool's hash: raise it when the same inputs may give another digest


def select_digest(
    pool: Pool, interests: Interests, history: AbstractSet[int], since: datetime | None = None
) -> Selection:
    """Return what a reader with *interests* and *history* (story ids) gets from *pool*.

    *since* is the day the reader joined, None when that is longer ago than stories live. `explain` says why the
    others are left out.
    """
    scores = Scores(pool, interests)
    gate = Gate(pool, interests, scores, history, since)
    own = gate.passed_by(scores.suiting)
    pins = _pins(pool, gate.passed_by(pool.pinned), scores) if pool.pinned else []
    told = {pool.story[position] for position in pins}
    fit = _one_of_each_story(pool, own - {at for story in told for at in pool.by_story[story]} if told else own)
    first = pins[: pool.rules.max_items]
    places = spread(pool, scores, fit, first)
    chosen = [_choice(pool, scores, position, scores[position], Ground.PINNED) for position in first]
    if not own and pool.rules.fallback is Fallback.NONE:
        alone = tuple(Rejected(each.article, Rejection.NOTHING_BESIDE) for each in chosen)
        return Selection((), alone, SkipReason.NOTHING_NEW)
    chosen += [_choice(pool, scores, position, score) for score, position in places]
    if interests.surprise and not interests.everything and chosen:
        outside = gate.passed_by(pool.positions - scores.suiting)
        extra = surprise(pool, outside, told.union(pool.story[position] for _, position in places))
        if extra and places and len(chosen) == pool.rules.max_items > 1:
            places.pop()
            chosen.pop()
        if extra and len(chosen) < pool.rules.max_items:
            chosen.append(extra)
    if pool.rules.fallback is Fallback.MOST_CHOSEN and len(chosen) < pool.rules.min_items:
        chosen += _most_chosen(pool, gate, scores, {each.article.story_id for each in chosen}, places)
    told = {each.article.story_id for each in chosen}
    left = fit | frozenset(pins) if pins else fit
    if pool.rules.overflow is Overflow.ROLLOVER:
        waiting = len(left) - sum(not left.isdisjoint(pool.by_story[story]) for story in told)
        return finish(tuple(chosen), (), pool.rules, frozenset(), waiting)
    kept = _kept_by_caps(pool, scores, chosen, left) - told
    gone = frozenset(map(pool.story.__getitem__, left)) - told - kept
    return finish(tuple(chosen), (), pool.rules, gone, len(kept))


def _pins(pool: Pool, positions: AbstractSet[int], scores: Scores) -> list[int]:
    """Return one of the pinned *positions* of each story, first what is worth most to these readers."""
    fit = _one_of_each_story(pool, positions)
    return sorted(fit, key=lambda position: (-scores[position], pool.order[position]))


def _choice(pool: Pool, scores: Scores, position: int, score: float, ground: Ground = Ground.INTERESTS) -> Choice:
    return Choice(pool.candidates[position].article, score, scores.why(position), ground)


def _one_of_each_story(pool: Pool, positions: AbstractSet[int]) -> AbstractSet[int]:
    """Return *positions* with the best version alone of each story that has several among them."""
    several = positions & pool.in_versions
    if not several:
        return positions
    versions: defaultdict[int, list[int]] = defaultdict(list)
    for position in several:
        versions[pool.story[position]].append(position)
    return (positions - several) | frozenset(map(pool.best_version, versions.values()))


def _kept_by_caps(pool: Pool, scores: Scores, chosen: Iterable[Choice], fit: Iterable[int]) -> set[int]:
    """Return the stories of those of *fit* that wait because of a cap, not for want of a place.

    It matters where the others go.
    """
    rules = pool.rules
    if not (rules.max_per_source or rules.max_per_topic):
        return set()
    full = _shares(pool, scores, {each.article.article_id for each in chosen})
    return {
        pool.story[each] for each in fit if each not in pool.pinned and full.reason(each) is not Rejection.OVER_LIMIT
    }


def _shares(pool: Pool, scores: Scores, articles: Collection[int]) -> Shares:
    """Return the shares that *articles* (ids) take; pins are outside the caps."""
    full = Shares(pool, scores)
    for position, candidate in enumerate(pool.candidates):
        if candidate.article.article_id in articles and position not in pool.pinned:
            full.take(position)
    return full


def finish(
    chosen: tuple[Choice, ...],
    rejected: tuple[Rejected, ...],
    rules: Rules,
    left: frozenset[int],
    kept: int = 0,
) -> Selection:
    """Return the selection, or its skip when *chosen* has fewer than `min_items`; nothing is lost by a skip.

    *left* are the stories that suit and found no place; *kept* more wait whatever the newsletter does with those.
    """
    if not chosen or len(chosen) < rules.min_items:
        short = tuple(Rejected(choice.article, Rejection.BELOW_MIN_ITEMS, choice.score) for choice in chosen)
        reason = SkipReason.TOO_FEW if chosen else SkipReason.NOTHING_NEW
        return Selection((), short + rejected, reason, len(left) + kept)
    if rules.overflow is Overflow.ROLLOVER:
        return Selection(chosen, rejected, waiting=len(left) + kept)
    return Selection(chosen, rejected, waiting=kept, let_go=left)


def by_most_chosen(pool: Pool, readers: Iterable[tuple[Interests, int]]) -> tuple[int, ...]:
    """Return the positions of *pool* that suit anybody, those first that suit most of *readers* (interests, how many).

    Who reads everything has no say: that suits all articles alike.
    """
    votes: dict[int, int] = {}
    for interests, count in readers:
        if not interests.everything:
            for position in Scores(pool, interests).suiting:
                votes[position] = votes.get(position, 0) + count
    return tuple(
        sorted(votes, key=lambda position: (-votes[position], -pool.freshness[position], pool.order[position]))
    )


def _most_chosen(
    pool: Pool, gate: Gate, scores: Scores, told: Collection[int], places: Iterable[Scored]
) -> list[Choice]:
    """Return what suits most other readers and may be theirs, none of it *told*, to make up `min_items` stories.

    *places* are the readers' own, which count for the caps.
    """
    shares = Shares(pool, scores)
    for _, position in places:
        shares.take(position)
    free = gate.passed_by(frozenset(pool.most_chosen))
    best = {pool.story[position]: position for position in _one_of_each_story(pool, free)}
    made: list[Choice] = []
    for story in dict.fromkeys(pool.story[position] for position in pool.most_chosen if position in free):
        if len(told) + len(made) >= pool.rules.min_items:
            break
        position = best[story]
        if story in told or shares.reason(position) is not Rejection.OVER_LIMIT:
            continue
        shares.take(position)
        made.append(Choice(pool.candidates[position].article, 0.0, (), Ground.MOST_CHOSEN))
    return made


def explain(
    pool: Pool, selection: Selection, interests: Interests, history: AbstractSet[int], since: datetime | None = None
) -> Selection:
    """Return *selection* (of the same pool, interests, history) with a reason for every other candidate too."""
    scores = Scores(pool, interests)
    gate = Gate(pool, interests, scores, history, since)
    told = {choice.article.story_id for choice in selection.chosen}
    told |= {each.article.story_id for each in selection.rejected}
    known = {choice.article.article_id for choice in selection.chosen}
    known |= {each.article.article_id for each in selection.rejected}
    full = _shares(pool, scores, known)
    rest: list[Rejected] = []
    for position, candidate in enumerate(pool.candidates):
        if candidate.article.article_id in known:
            continue
        if position not in scores.suiting and position not in pool.pinned:
            bar = pool.barred[position] or Rejection.NO_MATCH
            rest.append(Rejected(candidate.article, bar, *_missed(pool, position, interests)))
            continue
        reason = gate.reason(position)
        if reason is None:
            full_up = Rejection.OVER_LIMIT if position in pool.pinned else full.reason(position)
            reason = Rejection.SAME_STORY if pool.story[position] in told else full_up
        if reason is Rejection.OVER_LIMIT:
            reason = _OVERFLOWING[pool.rules.overflow]
        rest.append(Rejected(candidate.article, reason, scores[position], scores.why(position)))
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


def _missed(pool: Pool, position: int, interests: Interests) -> tuple[float, tuple[Why, ...]]:
    """Return score and reasons of a candidate that has some words of *interests*, and too few."""
    near = pool.near_misses(position)
    found = [(follow.weight, near[follow.topic]) for follow in interests.follows if follow.topic in near]
    worth = sum(weight * why.score for weight, why in found)
    return round(worth * pool.freshness[position], 6), tuple(why for _, why in found)
