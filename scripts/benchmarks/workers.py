"""Several workers against one, on PostgreSQL, sending to a server whose every reply is late.

Each is a `digest worker` with its own connections; the edition is planned before and resumed once they all wait.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from sqlalchemy import text

from digest.pipeline.planning.hold_edition import pause_edition, resume_edition
from digest.pipeline.planning.plan import Who, plan_newsletter
from digest.store.jobs import ask_for_workers
from scripts.benchmarks.databases import Databases, databases
from scripts.benchmarks.fleet import workers
from scripts.benchmarks.material import SLUG, one_message, open_house, prepare
from scripts.benchmarks.measured import Measured, Stretch, against, alternating, medians, options, report
from scripts.benchmarks.once import rate_without_delay
from scripts.benchmarks.sinks import Sink, late_sink, milliseconds_to_answer, tool

_BAR = 1.9  # of two


def plan_and_pause(folder: Path, url: str) -> str:
    """Plan everybody and pause the edition, without any job; return the edition's name."""
    house = open_house(folder, url)
    (name,) = plan_newsletter(house, SLUG, at=house.clock.now(), who=Who.EVERYONE).editions
    pause_edition(house, name)
    with house.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    house.engine.dispose()
    return name


def one_side(
    source: Databases, planned: str, folder: Path, sink: Sink, edition: str, readers: int, connections: int, count: int
) -> Measured:
    """Let *count* workers, each with so many connections, send everything from a fresh copy of the database."""
    with (
        source.copy(planned) as url,
        workers(count, folder, url, port=sink.port, connections=connections) as fleet,
    ):
        house = open_house(folder, url)
        busy = fleet.cpu()
        with Stretch(sink.pid) as at_sink:
            held = resume_edition(house, edition)
            with house.engine.begin() as connection:
                ask_for_workers(connection, held.edition.edition_id, readers)
            fleet.wait_until_sent(readers)
        house.engine.dispose()
        return {
            "rate": readers / at_sink.seconds,
            "seconds": at_sink.seconds,
            "cpu_us_per_message": (fleet.cpu() - busy) / readers * 1e6,
            "peak_rss_mb": fleet.peak_rss_mb(),
            "sink_busy": at_sink.cpu / at_sink.seconds,
        }


def main() -> None:
    """Measure in pairs and print medians."""
    asked = options(__doc__, readers=20_000, profiles=200, articles=100)
    asked.add_argument("--connections", type=int, default=10, help="of each worker")
    asked.add_argument("--answers-after", type=float, default=20.0, metavar="MS")
    asked.add_argument("--workers", type=int, default=2)
    given = asked.parse_args()
    tool("smtp-source")
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as temporary:
        folder = Path(temporary)
        with databases("postgres", folder) as source:
            planned = source.new()
            prepare(folder, planned, readers=given.readers, profiles=given.profiles, article_count=given.articles)
            size = len(one_message(folder, planned))
            edition = plan_and_pause(folder, planned)
            source.settle(planned)
            with late_sink(0, every_reply=True) as sink:
                most = rate_without_delay(sink, given.connections * given.workers, given.readers, size)
            with late_sink(given.answers_after, every_reply=True) as sink:
                measured_ms = milliseconds_to_answer(sink.port, size)
                side = partial(one_side, source, planned, folder, sink, edition, given.readers, given.connections)
                rounds = alternating(given.runs, partial(side, given.workers), partial(side, 1))
    report(
        "several workers against one, with a server that answers late",
        given,
        {
            f"{given.workers} workers": medians([each for each, _ in rounds]),
            "1 worker": medians([each for _, each in rounds]),
        },
        {
            "rate": against(
                [several["rate"] / one["rate"] for several, one in rounds], at_least=_BAR / 2 * given.workers
            )
        },
        message_bytes=size,
        sink={"rate_without_delay": round(most, 1), "measured_ms": measured_ms},
    )


if __name__ == "__main__":
    main()
