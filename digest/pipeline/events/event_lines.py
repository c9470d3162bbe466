"""Events from a file with one JSON object a line, added a thousand at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digest.model.event import Answer
from digest.pipeline.events.add_events import MOST, add_events
from digest.pipeline.installation import Installation

_LONGEST_LINE = 100_000  # bytes


@dataclass(slots=True)
class AddedLines:
    """How many events had which answer, and why a line (numbered from 1) was refused."""

    answers: Counter[str] = field(default_factory=Counter)
    refused: dict[int, str] = field(default_factory=dict)


def count_lines(file: Path) -> int:
    """Return how many lines a file has."""
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def add_lines(house: Installation, file: Path, progress: Callable[[int], None] | None = None) -> AddedLines:
    """Add the events of *file*; each thousand lines are in the database before the next are read."""
    done, batch, numbers = AddedLines(), list[Any](), list[int]()

    def send() -> None:
        for number, added in zip(numbers, add_events(house, batch), strict=True):
            done.answers[added.answer.value] += 1
            if added.answer is Answer.REFUSED:
                done.refused[number] = added.reason
        if progress is not None:
            progress(len(batch))
        batch.clear()
        numbers.clear()

    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            batch.append(_value_of(line))
            numbers.append(number)
            if len(batch) == MOST:
                send()
    if batch:
        send()
    return done


def _value_of(line: bytes) -> Any:
    """Return what a line says; None, which is no event, for what is no JSON."""
    try:
        return json.loads(line) if len(line) <= _LONGEST_LINE else None
    except (ValueError, RecursionError):
        return None
