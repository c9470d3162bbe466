"""What keeps an article that suits readers from them: editors, age, their history, what they mute, their languages."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, time

from digest.model.article import StoredArticle
from digest.model.digest import Rejection
from digest.model.subscriber import Interests
from digest.selection.pool import Pool
from digest.selection.scores import Scores


class Gate:
    """What keeps a candidate that suits these readers from them."""

    def __init__(
        self, pool: Pool, interests: Interests, scores: Scores, history: AbstractSet[int], since: datetime | None
    ) -> None:
        """*since* is when they joined, None when that is longer ago than stories live."""
        # Who was told an article while it was a story of its own was told the story that it is part of now.
        told = {pool.story_of_version[each] for each in pool.versions & history}
        self._pool, self._interests, self._scores = pool, interests, scores
        self._told = (pool.stories & history) | told
        self._joined = since - pool.rules.look_back if since else None
        self._followed = {
            each.topic: datetime.combine(each.since, time(), UTC) - pool.rules.look_back
            for each in interests.follows
            if each.since
        }
        if interests.everything:
            self._followed = {}

    def passed_by(self, positions: AbstractSet[int]) -> AbstractSet[int]:
        """Return those of *positions* that can be theirs."""
        pool = self._pool
        shut = pool.shut.union(*(pool.by_story[story] for story in self._told), *map(pool.about, self._interests.muted))
        if self._joined is not None:
            shut |= pool.older_than(self._joined) - pool.pinned
        new = positions - shut if shut else positions
        if self._followed:
            old = pool.older_than(max(self._followed.values()))
            new -= {each for each in new & old if self._is_older_than_its_topics(each)}
        if self._interests.languages:
            new -= {each for each in new if not speaks(self._interests, pool.candidates[each].article)}
        return new

    def reason(self, position: int) -> Rejection | None:
        """Return why the candidate at *position* cannot be theirs, None when it can."""
        pool, interests = self._pool, self._interests
        if any(pool.is_about(position, slug) for slug in interests.muted):
            return Rejection.MUTED
        barred = pool.barred[position]
        if barred is not Rejection.WITHDRAWN and pool.story[position] in self._told:
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
        return position in self._pool.older_than(self._joined)

    def _is_older_than_its_topics(self, position: int) -> bool:
        """Whether each reason is a topic that was followed only after the article, less `look_back`."""
        if not self._followed or position in self._pool.pinned:
            return False
        days = [self._followed.get(why.topic) for why in self._scores.why(position)]
        earliest = min((day for day in days if day is not None), default=None)
        if earliest is None or None in days:
            return False
        return self._pool.candidates[position].article.collected_at < earliest


def speaks(interests: Interests, article: StoredArticle) -> bool:
    """Whether *article* is in a language that these readers want, or in one that nobody knows."""
    language = article.article.language
    wanted = interests.languages
    return not language or not wanted or any(language == one or language.split("-")[0] == one for one in wanted)
