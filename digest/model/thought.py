"""A thought: what a reader wrote about an article; an editor decides whether others see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ThoughtState(StrEnum):
    """Where a thought stands."""

    WAITING = "waiting"  #: nobody but its writer and the editors has seen it
    PUBLISHED = "published"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Thought:
    """One thought of a reader about an article; `name` is what others see."""

    thought_id: int
    article_id: int
    subscriber_id: int
    address: str
    name: str
    text: str
    state: ThoughtState
    written_at: datetime
