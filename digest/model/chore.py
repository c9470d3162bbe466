"""Chores: long work that staff asked for, done in batches in the background and kept through a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class ChoreKind(StrEnum):
    """What sort of work it is."""

    CHANGE = "change"  #: the same change for many readers
    IMPORT = "import"


class ChoreState(StrEnum):
    """Where a chore stands."""

    LISTING = "listing"  #: it is found out whom it is about
    MAPPING = "mapping"  #: a file was brought; a person says what its columns are
    CHECKING = "checking"  #: the file is read, nothing is written
    ASKING = "asking"  #: everything is known; a person says yes or no
    RUNNING = "running"
    RESTING = "resting"  #: nobody is mailed any more; what cannot be undone comes when `due_at` has come
    ERASING = "erasing"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    DROPPED = "dropped"  #: a person said no
    FAILED = "failed"  #: `problem` says why


#: Somebody works on these, or is to.
AT_WORK = frozenset(
    {ChoreState.LISTING, ChoreState.CHECKING, ChoreState.RUNNING, ChoreState.ERASING, ChoreState.UNDOING}
)


@dataclass(frozen=True, slots=True)
class Chore:
    """One of them. `spec` says what is to be done, `counts` what came of it, `done` of `total` how far it is."""

    chore_id: int
    kind: ChoreKind
    state: ChoreState
    asked_by: str
    asked_at: datetime
    spec: Mapping[str, Any]
    counts: Mapping[str, int]
    done: int
    total: int
    due_at: datetime | None
    finished_at: datetime | None
    problem: str

    @property
    def source(self) -> str:
        """What the consent record says of what it did."""
        return f"staff: {self.asked_by} ({self.kind} {self.chore_id})"
