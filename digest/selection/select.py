"""Select one digest: match, gate, score, spread, limit; every candidate that is not chosen has a reason.

A pure function of pool, interests and history: the same three give the same digest on any machine. Planning asks
for the digest only; the reasons are worked out when somebody wants to see them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, time
from itertools import repeat
from operator import mul

from digest.model.article import ArticleState, StoredArticle
from digest.model.digest import Choice, Ground, Rejected, Rejection, Selection, SkipReason, Why
from digest.model.newsletter import Fallback, Overflow
from digest.model.subscriber import Interests
from digest.selection.pool import Pool, Rules, bar_of
from digest.selection.spread import Shares, spread, why_of
from digest.selection.surprise import surprise

VERSION = 6  #: part of the pool's hash: raise it when the same inputs may give another digest


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
    pins = _pins(pool, gate.passed_by(pool.pinned), scores) if pool.pinned else []
    told = {pool.story[position] for position in pins}
    fit = _one_of_each_story(pool, [at for at in own if pool.story[at] not in told] if told else own)
    # Both sorts keep what is equal in order, and neither makes a key of its own for each of many thousand positions.
    fit.sort(key=pool.order.__getitem__)
    fit.sort(key=scores.__getitem__, reverse=True)
    first = pins[: pool.rules.max_items]
    places = spread(pool, interests, fit, scores, first)
    chosen = [_choice(pool, position, interests, scores, Ground.PINNED) for position in first]
    if not own and pool.rules.fallback is Fallback.NONE:
        alone = tuple(Rejected(each.article, Rejection.NOTHING_BESIDE) for each in chosen)
        return Selection((), alone, SkipReason.NOTHING_NEW)
    chosen += [_choice(pool, position, interests, scores) for position in places]
    if interests.surprise and not interests.everything and chosen:
        outside = (position for position in range(len(pool.candidates)) if position not in scores)
        extra = surprise(pool, gate.passed_by(outside), told.union(pool.story[position] for position in places))
        if extra and places and len(chosen) == pool.rules.max_items > 1:
            places.pop()
            chosen.pop()
        if extra and len(chosen) < pool.rules.max_items:
            chosen.append(extra)
    if pool.rules.fallback is Fallback.MOST_CHOSEN and len(chosen) < pool.rules.min_items:
        chosen += _most_chosen(pool, gate, interests, {each.article.story_id for each in chosen}, places)
    told = {each.article.story_id for each in chosen}
    left = [position for position in pins + fit if pool.story[position] not in told]
    kept = _kept_by_caps(pool, interests, chosen, left)
    gone = frozenset(pool.story[position] for position in left if position not in kept)
    return finish(tuple(chosen), (), pool.rules, gone, len(kept))


def _pins(pool: Pool, positions: list[int], scores: Mapping[int, float]) -> list[int]:
    """Return one of the pinned *positions* of each story, first what is worth most to these readers."""
    fit = _one_of_each_story(pool, positions)
    return sorted(fit, key=lambda position: (-scores.get(position, 0.0), pool.order[position]))


def _choice(
    pool: Pool, position: int, interests: Interests, scores: Mapping[int, float], ground: Ground = Ground.INTERESTS
) -> Choice:
    why = why_of(pool, position, interests)
    return Choice(pool.candidates[position].article, scores.get(position, 0.0), why, ground)


def _one_of_each_story(pool: Pool, positions: list[int]) -> list[int]:
    """Return *positions* with the best version alone of each story that has several among them."""
    if not pool.retold:
        return positions
    versions: defaultdict[int, list[int]] = defaultdict(list)
    for position in positions:
        versions[pool.story[position]].append(position)
    return [pool.best_version(found) if len(found) > 1 else found[0] for found in versions.values()]


def _kept_by_caps(pool: Pool, interests: Interests, chosen: Iterable[Choice], left: Iterable[int]) -> set[int]:
    """Return those of *left* that wait because of a cap, not for want of a place; it matters where the others go."""
    rules = pool.rules
    if rules.overflow is Overflow.ROLLOVER or not (rules.max_per_source or rules.max_per_topic):
        return set()
    full = _shares(pool, interests, {each.article.article_id for each in chosen})
    return {each for each in left if each not in pool.pinned and full.reason(each) is not Rejection.OVER_LIMIT}


def _shares(pool: Pool, interests: Interests, articles: Collection[int]) -> Shares:
    """Return the shares that *articles* (ids) take; pins are outside the caps."""
    full = Shares(pool, interests)
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
            for position in _scores(pool, interests):
                votes[position] = votes.get(position, 0) + count
    return tuple(
        sorted(votes, key=lambda position: (-votes[position], -pool.freshness[position], pool.order[position]))
    )


def _most_chosen(
    pool: Pool, gate: _Gate, interests: Interests, told: Collection[int], places: Iterable[int]
) -> list[Choice]:
    """Return what suits most other readers and may be theirs, none of it *told*, to make up `min_items` stories.

    *places* are the readers' own, which count for the caps.
    """
    shares = Shares(pool, interests)
    for position in places:
        shares.take(position)
    made: list[Choice] = []
    for position in _one_of_each_story(pool, gate.passed_by(pool.most_chosen)):
        if len(told) + len(made) >= pool.rules.min_items:
            break
        if pool.story[position] in told or shares.reason(position) is not Rejection.OVER_LIMIT:
            continue
        shares.take(position)
        made.append(Choice(pool.candidates[position].article, 0.0, (), Ground.MOST_CHOSEN))
    return made


def explain(
    pool: Pool, selection: Selection, interests: Interests, history: AbstractSet[int], since: datetime | None = None
) -> Selection:
    """Return *selection* (of the same pool, interests, history) with a reason for every other candidate too."""
    scores, gate = _scores(pool, interests), _Gate(pool, interests, history, since)
    told = {choice.article.story_id for choice in selection.chosen}
    told |= {each.article.story_id for each in selection.rejected}
    known = {choice.article.article_id for choice in selection.chosen}
    known |= {each.article.article_id for each in selection.rejected}
    full = _shares(pool, interests, known)
    rest: list[Rejected] = []
    for position, candidate in enumerate(pool.candidates):
        if candidate.article.article_id in known:
            continue
        if position not in scores and position not in pool.pinned:
            bar = pool.barred[position] or Rejection.NO_MATCH
            rest.append(Rejected(candidate.article, bar, *_missed(pool, position, interests)))
            continue
        reason = gate.reason(position)
        if reason is None:
            full_up = Rejection.OVER_LIMIT if position in pool.pinned else full.reason(position)
            reason = Rejection.SAME_STORY if pool.story[position] in told else full_up
        if reason is Rejection.OVER_LIMIT:
            reason = _OVERFLOWING[pool.rules.overflow]
        rest.append(Rejected(candidate.article, reason, scores.get(position, 0.0), why_of(pool, position, interests)))
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


def _scores(pool: Pool, interests: Interests) -> dict[int, float]:
    """Return position -> score, for each candidate that suits *interests*; work grows with matches."""
    # Who reads everything gets each article for something, and what they follow for more.
    worth = dict.fromkeys(range(len(pool.candidates)), 1.0) if interests.everything else {}
    known = worth.get
    for weight, matches in _worths(pool, interests):
        for position, score in matches:
            worth[position] = known(position, 0.0) + weight * score
    fresh = map(pool.freshness.__getitem__, worth)
    return dict(zip(worth, map(round, map(mul, worth.values(), fresh), repeat(6)), strict=True))


def _missed(pool: Pool, position: int, interests: Interests) -> tuple[float, tuple[Why, ...]]:
    """Return score and reasons of a candidate that has some words of *interests*, and too few."""
    near = pool.near_misses(position)
    found = [(follow.weight, near[follow.topic]) for follow in interests.follows if follow.topic in near]
    worth = sum(weight * why.score for weight, why in found)
    return round(worth * pool.freshness[position], 6), tuple(why for _, why in found)


def _worths(pool: Pool, interests: Interests) -> Iterator[tuple[float, Iterable[tuple[int, float]]]]:
    """Give for each interest its weight, and the score of each candidate that suits it."""
    # In one order, whatever order the interests came in: a sum of floats depends on it.
    for follow in sorted(interests.follows, key=lambda follow: follow.topic):
        yield follow.weight, pool.by_topic.get(follow.topic, ())
    for keyword in sorted(interests.keywords):
        yield 1.0, [(position, why.score) for position, why in pool.by_keyword(keyword).items()]


class _Gate:
    """What keeps a candidate that suits these readers from them."""

    def __init__(self, pool: Pool, interests: Interests, history: AbstractSet[int], since: datetime | None) -> None:
        # Who was told an article while it was a story of its own was told the story that it is part of now.
        told = {story for story, ids in pool.retold.items() if not ids.isdisjoint(history)}
        self._pool, self._interests, self._history = pool, interests, history | told if told else history
        self._joined = since - pool.rules.look_back if since else None
        self._followed = {each.topic: each.since for each in interests.follows if each.since}
        if interests.everything:
            self._followed = {}

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
        if not speaks(interests, pool.candidates[position].article):
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


def speaks(interests: Interests, article: StoredArticle) -> bool:
    """Whether *article* is in a language that these readers want, or in one that nobody knows."""
    language = article.article.language
    wanted = interests.languages
    return not language or not wanted or any(language == one or language.split("-")[0] == one for one in wanted)
