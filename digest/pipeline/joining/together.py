"""A reader's wish for one mail a day, in which all their newsletters are."""

from __future__ import annotations

from digest.model.subscriber import Joins
from digest.pipeline.installation import Installation
from digest.store import subscriptions
from digest.store.engine import reading


def wants_together(house: Installation, reader: int) -> bool:
    """Whether the newsletters of *reader* are one mail a day."""
    with reading(house.engine) as connection:
        return bool(subscriptions.joins_of(connection, reader) & Joins.NEWSLETTERS)


def choose_together(house: Installation, reader: int, *, wanted: bool) -> None:
    """Let the newsletters of *reader* be one mail a day, or each its own again.

    What was waiting for a mail to go with then goes by itself at the next tick; nothing comes twice.
    """
    with house.engine.begin() as connection:
        subscriptions.set_joins(connection, reader, newsletters=wanted, now=house.clock.now())
