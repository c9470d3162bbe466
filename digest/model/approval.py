"""An approval: who stood up for what an edition may draw from, and how that ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """One word of one editor for one pool (its hash); withdrawn when `withdrawn_at` is set, by whom and why."""

    pool_hash: str
    by: str
    at: datetime
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None
    withdrawn_because: str = ""

    @property
    def stands(self) -> bool:
        """Whether it was not withdrawn."""
        return self.withdrawn_at is None
