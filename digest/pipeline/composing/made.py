"""For whom a digest is, and what it came to; plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from digest.model.digest import Selection
from digest.model.subscriber import Interests


@dataclass(frozen=True, slots=True)
class Made:
    """One digest as made: what was chosen, and (unless skipped) its stored form."""

    selection: Selection
    subject: str = ""
    layout: str | None = None
    items: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """For whom a digest is: interests, the stories they were shown, the day they joined (if it matters), locale.

    `first` for who is welcomed with it.
    """

    interests: Interests
    history: frozenset[int]
    since: datetime | None
    locale: str
    first: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A digest as it was sent: its items as the log keeps them, for whom it was, in which locale."""

    items: Sequence[Mapping[str, Any]]
    interests: Interests
    locale: str
