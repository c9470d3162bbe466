"""Planning against the database's own INSERT ... SELECT of the same rows into the same table with its indexes.

The second such statement of a process counts, when everything that it reads is in memory. With --growth each round
plans a tenth of the readers and profiles as well.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from digest.store.engine import open_engine
from scripts.benchmarks.databases import Databases, databases
from scripts.benchmarks.material import prepare
from scripts.benchmarks.measured import Measured, Stretch, against, alternating, medians, options, report, tell
from scripts.benchmarks.once import once
from scripts.benchmarks.planned_rows import empty_deliveries, insert_planned_rows, keep_planned_rows

_BAR, _RSS_BAR, _GROWTH_BAR = 3.0, 300, 10.5
_TENTH = 10


def plan(source: Databases, prepared: str, folder: Path) -> Measured:
    """Plan everybody in a fresh copy of the prepared database."""
    with source.copy(prepared) as url:
        return once("plan", folder=str(folder), url=url)


def insert_select(source: Databases, planned: str) -> Measured:
    """Insert the rows that planning wrote, in a fresh copy of a database where they were kept aside."""
    with source.copy(planned) as url:
        engine = open_engine(url)
        insert_planned_rows(engine)
        empty_deliveries(engine)
        with Stretch() as inserting:
            rows = insert_planned_rows(engine)
        engine.dispose()
        return {"messages": rows, "seconds": inserting.seconds}


def keep_aside(source: Databases, folder: Path, url: str) -> None:
    """Plan everybody in the database *url* and keep the rows aside."""
    tell("planning once for the rows to compare with")
    once("plan", folder=str(folder), url=url)
    engine = open_engine(url)
    keep_planned_rows(engine)
    engine.dispose()
    source.settle(url)


def main() -> None:
    """Measure in rounds and print medians."""
    asked = options(__doc__, readers=1_000_000, profiles=10_000, articles=1_000)
    asked.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    asked.add_argument("--growth", action="store_true", help="also: ten times the readers against ten times the time")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as temporary:
        folder = Path(temporary)
        with databases(given.database, folder) as source:

            def prepared(part: int = 1) -> str:
                url = source.new()
                prepare(
                    folder,
                    url,
                    readers=given.readers // part,
                    profiles=given.profiles // part,
                    article_count=given.articles,
                )
                source.settle(url)
                return url

            whole = prepared()
            sides = [partial(plan, source, whole, folder)]
            with source.copy(whole) as planned:
                keep_aside(source, folder, planned)
                sides.append(partial(insert_select, source, planned))
                if given.growth:
                    sides.append(partial(plan, source, prepared(_TENTH), folder))
                rounds = alternating(given.runs, *sides)
    bars = {
        "time": against([each[0]["seconds"] / each[1]["seconds"] for each in rounds], at_most=_BAR),
        "peak_rss_mb": against([each[0]["peak_rss_mb"] for each in rounds], at_most=_RSS_BAR),
    }
    if given.growth:
        bars["growth"] = against([each[0]["seconds"] / each[2]["seconds"] for each in rounds], at_most=_GROWTH_BAR)
    names = ("plan", "insert_select", "plan_a_tenth")
    report(
        "planning against a warm INSERT ... SELECT of the same rows",
        given,
        {name: medians(list(runs)) for name, runs in zip(names, zip(*rounds, strict=True), strict=False)},
        bars,
    )


if __name__ == "__main__":
    main()
