"""Measuring: seconds, processor time and memory; medians of pairs; what is printed."""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")
Measured = dict[str, float]
"""What one run of one side came to: name with its unit -> value."""


class Stretch:
    """Seconds, and processor seconds of this process, of its *children* or of the process *pid*, inside of a `with`."""

    def __init__(self, pid: int | None = None, *, children: bool = False) -> None:
        self._pid = pid
        self._whose = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
        self.seconds = self.cpu = 0.0

    def __enter__(self) -> Stretch:
        self._began, self._busy = time.perf_counter(), self._used()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu = time.perf_counter() - self._began, self._used() - self._busy

    def _used(self) -> float:
        if self._pid is not None:
            return cpu_of(self._pid)
        used = resource.getrusage(self._whose)
        return used.ru_utime + used.ru_stime


def cpu_of(pid: int) -> float:
    """Return the processor seconds of another process, to the hundredth."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_rss_mb(pid: int | str = "self") -> float:
    """Return the most memory that was resident; getrusage would count the process that started this one as well."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return round(int(next(each for each in lines if each.startswith("VmHWM")).split()[1]) / 1024, 1)


def medians(runs: Sequence[Measured]) -> Measured:
    """Return the median of each value."""
    return {name: rounded(statistics.median(run[name] for run in runs)) for name in runs[0]}


def against(
    values: Sequence[float], *, at_least: float | None = None, at_most: float | None = None
) -> dict[str, float | str | bool | None]:
    """Return the median of *values* and whether it meets its bar; without one it is only told."""
    middle = statistics.median(values)
    bar, met = None, None
    if at_least is not None:
        bar, met = f">= {at_least}", middle >= at_least
    if at_most is not None:
        bar, met = f"<= {at_most}", middle <= at_most
    spread = {"median": rounded(middle), "min": rounded(min(values)), "max": rounded(max(values))}
    return {**spread, "bar": bar, "met": met}


def report(
    what: str,
    given: argparse.Namespace,
    sides: Mapping[str, Measured],
    bars: Mapping[str, Mapping[str, Any]],
    **more: object,
) -> None:
    """Print the result; *sides* are the medians of each, *bars* what `against` says."""
    met = all(each["met"] for each in bars.values() if each["bar"] is not None)
    result = {"what": what, "parameters": vars(given), **more, "medians": sides, "bars": bars, "met": met}
    print(json.dumps(result, indent=2))


def rounded(value: float) -> float:
    """Return *value* with as many places as anybody reads."""
    return round(value, 3 if abs(value) < 10 else 1)


def tell(words: str) -> None:
    """Say how far it is; standard output is for the result."""
    print(words, file=sys.stderr, flush=True)


def alternating(runs: int, *sides: Callable[[], Measured]) -> list[tuple[Measured, ...]]:
    """Run each of *sides* once, one after the other, *runs* times over; every other time in the opposite order."""
    rounds = []
    for number in range(runs):
        order = range(len(sides)) if number % 2 == 0 else reversed(range(len(sides)))
        found = {place: sides[place]() for place in order}
        rounds.append(tuple(found[place] for place in range(len(sides))))
        tell(f"run {number + 1} of {runs}: " + " against ".join(_in_short(each) for each in rounds[-1]))
    return rounds


def _in_short(measured: Measured) -> str:
    return f"{measured['rate']:.0f}/s" if "rate" in measured else f"{measured['seconds']:.2f} s"


def options(about: str | None, *, readers: int, profiles: int, articles: int, runs: int = 5) -> argparse.ArgumentParser:
    """Return a parser with the options that all have, with these defaults."""
    asked = argparse.ArgumentParser(description=about)
    asked.add_argument("--readers", type=int, default=readers)
    asked.add_argument("--profiles", type=int, default=profiles, help="distinct sets of interests")
    asked.add_argument("--articles", type=int, default=articles)
    asked.add_argument("--runs", type=int, default=runs, help="each compares both sides; medians are told")
    return asked
