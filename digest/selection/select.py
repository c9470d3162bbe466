"""Select one digest: match, gate, score, limit; every candidate that is not chosen has a reason.

A pure function of pool, interests and history: the same three give the same digest on any machine.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, time, timedelta

from digest.model.article import ArticleState, StoredArticle
from digest.model.digest import Choice, Rejected, Rejection, Selection, SkipReason, Why
from digest.model.subscriber import Interests
from digest.selection.pool import Pool, Rules

VERSION = 2  #: part of the pool's hash: raise it when the same inputs may give another digest


def select_digest(
    pool: Pool, interests: Interests, history: AbstractSet[int], since: datetime | None = None
) -> Selection:
    """Return what a reader with *interests* and *history* (story ids) gets from *pool*.

    *since* is the day the reader joined, None when that is longer ago than stories live. Only candidates that
    match are listed as rejected here; `explain` adds the rest.
    """
    matched = match(pool, interests)
    muted = {n for slug in interests.muted for n in pool.about(slug)}
    chosen: list[Choice] = []
    rejected: list[Rejected] = []
    told: set[int] = set()
    for score, position, why in _ranked(pool, interests, matched):
        article = pool.candidates[position].article
        reason = _gate(article, pool.rules, history, _floor(interests, why, since, pool.rules))
        if position in muted:
            reason = Rejection.MUTED
        elif reason is None and interests.languages and not _speaks(interests, article):
            reason = Rejection.OTHER_LANGUAGE
        elif reason is None and article.story_id in told:
            reason = Rejection.SAME_STORY
        elif reason is None and len(chosen) >= pool.rules.max_items:
            reason = Rejection.OVER_LIMIT
        if reason is None:
            chosen.append(Choice(article, score, why))
            told.add(article.story_id)
        else:
            rejected.append(Rejected(article, reason, score))
    return finish(tuple(chosen), tuple(rejected), pool.rules.min_items)


def finish(chosen: tuple[Choice, ...], rejected: tuple[Rejected, ...], min_items: int) -> Selection:
    """Return the selection, or its skip when *chosen* has fewer than *min_items*; nothing is lost by a skip."""
    if chosen and len(chosen) >= min_items:
        return Selection(chosen, rejected)
    kept = tuple(Rejected(choice.article, Rejection.BELOW_MIN_ITEMS, choice.score) for choice in chosen)
    return Selection((), kept + rejected, SkipReason.TOO_FEW if chosen else SkipReason.NOTHING_NEW)


def explain(pool: Pool, selection: Selection) -> Selection:
    """Return *selection* with a reason for every other candidate of the pool too."""
    known = {choice.article.article_id for choice in selection.chosen}
    known |= {rejected.article.article_id for rejected in selection.rejected}
    rest = tuple(
        Rejected(candidate.article, _gate(candidate.article, pool.rules, frozenset(), None) or Rejection.NO_MATCH)
        for candidate in pool.candidates
        if candidate.article.article_id not in known
    )
    return Selection(selection.chosen, selection.rejected + rest, selection.skip)


def why_outside(article: StoredArticle, rules: Rules, sources: Collection[str]) -> Rejection:
    """Return why *article* is not among the candidates of a pool with *rules* that draws from *sources* (none: all).

    For an article that was collected or brought back after the pool was read it is "not yet collected".
    """
    # What was added by hand has no source; it is for every newsletter.
    if article.state is not ArticleState.WITHDRAWN and sources and article.source and article.source not in sources:
        return Rejection.OTHER_SOURCE
    return _gate(article, rules, frozenset(), None) or Rejection.NOT_YET_COLLECTED


def match(pool: Pool, interests: Interests) -> dict[int, tuple[Why, ...]]:
    """Return position -> reasons, for each candidate that suits *interests*; "everything" needs no reason."""
    found: dict[int, list[Why]] = {}
    if interests.everything:
        return dict.fromkeys(range(len(pool.candidates)), ())
    for follow in interests.follows:
        for position in pool.by_topic.get(follow.topic, ()):
            found.setdefault(position, []).append(pool.candidates[position].topics[follow.topic])
    for keyword in interests.keywords:
        for position, why in pool.by_keyword(keyword).items():
            found.setdefault(position, []).append(why)
    return {n: tuple(sorted(whys, key=lambda why: (-why.score, why.topic, why.words))) for n, whys in found.items()}


def freshness(article: StoredArticle, rules: Rules) -> float:
    """Return 1.0 for now, one half after each half-life."""
    age = max(rules.slot_at - dated(article), timedelta())
    return float(0.5 ** (age / rules.half_life))


def dated(article: StoredArticle) -> datetime:
    """Return when *article* was published; the time of collection where its own date is missing or later."""
    published = article.article.published_at
    return min(published, article.collected_at) if published else article.collected_at


def _ranked(
    pool: Pool, interests: Interests, matched: dict[int, tuple[Why, ...]]
) -> list[tuple[float, int, tuple[Why, ...]]]:
    weights = {follow.topic: follow.weight for follow in interests.follows}
    scored = []
    for position, why in matched.items():
        article = pool.candidates[position].article
        worth = sum(weights.get(each.topic, 1.0) * each.score for each in why) if why else 1.0
        scored.append((round(worth * freshness(article, pool.rules), 6), position, why))
    # On a tie the earlier publication leads, then the article that was collected first.
    scored.sort(
        key=lambda each: (
            -each[0],
            dated(pool.candidates[each[1]].article),
            pool.candidates[each[1]].article.article_id,
        )
    )
    return scored


def _gate(article: StoredArticle, rules: Rules, history: AbstractSet[int], floor: datetime | None) -> Rejection | None:
    if article.state is ArticleState.WITHDRAWN:
        return Rejection.WITHDRAWN
    if article.story_id in history:
        return Rejection.ALREADY_SHOWN
    if article.collected_at >= rules.cut_off:
        return Rejection.NOT_YET_COLLECTED
    if article.collected_at < rules.cut_off - rules.expires_after:
        return Rejection.EXPIRED
    if floor is not None and article.collected_at < floor:
        return Rejection.BEFORE_LOOK_BACK
    return None


def _floor(interests: Interests, why: tuple[Why, ...], since: datetime | None, rules: Rules) -> datetime | None:
    """Return the moment this reader looks back to for an article with these reasons; None: no bound."""
    joined = since - rules.look_back if since else None
    since_of = {follow.topic: follow.since for follow in interests.follows}
    floors: list[datetime] = []
    for each in why:
        followed = since_of.get(each.topic)
        if followed is None:
            return joined
        floors.append(datetime.combine(followed, time(), UTC) - rules.look_back)
    if not floors:
        return joined
    lowest = min(floors)
    return max(lowest, joined) if joined else lowest


def _speaks(interests: Interests, article: StoredArticle) -> bool:
    language = article.article.language
    return not language or any(language == one or language.split("-")[0] == one for one in interests.languages)
