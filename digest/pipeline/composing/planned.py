"""What planning did, for who asked for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Planned:
    """What planning did: editions touched, rows ready, rows skipped by reason, older rows superseded."""

    editions: dict[str, int] = field(default_factory=dict)
    ready: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    superseded: int = 0

    def add(self, other: Planned) -> None:
        """Count *other* in."""
        self.editions |= other.editions
        self.ready += other.ready
        self.skipped += other.skipped
        self.superseded += other.superseded


def planned_rows(rows: Counter[str]) -> Planned:
    """Return rows that were written, counted by reason ("" for those with a digest), as what planning did."""
    return Planned(ready=rows[""], skipped=Counter({reason: n for reason, n in rows.items() if reason}))
