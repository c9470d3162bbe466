"""Charts drawn on the server: bars by day, as numbers that a template writes into an SVG; a table says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT, WIDTH = 120, 600  # units of the picture
_GAP = 0.25  # of a bar's share


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where its bar stands, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    """One thing that is counted, day by day; `top` is the highest count."""

    event: str
    bars: tuple[Bar, ...]
    total: int
    top: int


def chart(event: str, counts: Sequence[tuple[str, int]]) -> Chart:
    """Return the bars of (day, count)."""
    top = max((count for _, count in counts), default=0)
    step = WIDTH / max(1, len(counts))
    bars = []
    for number, (day, count) in enumerate(counts):
        height = round(HEIGHT * count / top, 2) if top else 0.0
        # What happened at all can be seen.
        height = max(height, 1.5) if count else 0.0
        bars.append(
            Bar(round(number * step, 2), round(HEIGHT - height, 2), round(step * (1 - _GAP), 2), height, day, count)
        )
    return Chart(event, tuple(bars), sum(count for _, count in counts), top)
