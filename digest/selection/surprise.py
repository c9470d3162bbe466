"""One article from outside a reader's interests, for those who asked to be surprised."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet

from digest.model.digest import Choice, Ground
from digest.selection.pool import Pool


def surprise(pool: Pool, free: AbstractSet[int], told: Collection[int]) -> Choice | None:
    """Return the best of the *free* positions that tells no story of *told*; None when there is none.

    The best is what is most about its own topic and fresh, so that a stranger to the topic gets a good start in it.
    """
    fitting = (at for at in pool.telling if at in free and pool.story[at] not in told)
    position = next(fitting, None)
    if position is None:
        return None
    return Choice(pool.candidates[position].article, pool.strength[position], (), Ground.SURPRISE)
