"""One article from outside a reader's interests, for those who asked to be surprised."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from digest.model.digest import Choice, Ground
from digest.selection.pool import Pool


def surprise(pool: Pool, free: Iterable[int], told: Collection[int]) -> Choice | None:
    """Return the best of the *free* positions that tells no story of *told*; None when there is none.

    The best is what is most about its own topic and fresh, so that a stranger to the topic gets a good start in it.
    """
    worth = [
        (round(_strongest(pool, position) * pool.freshness[position], 6), position)
        for position in free
        if pool.story[position] not in told
    ]
    if not worth:
        return None
    score, position = min(worth, key=lambda each: (-each[0], pool.order[each[1]]))
    return Choice(pool.candidates[position].article, score, (), Ground.SURPRISE)


def _strongest(pool: Pool, position: int) -> float:
    return max((why.score for why in pool.candidates[position].topics.values()), default=0.0)
