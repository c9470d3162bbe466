"""Whole path (plan, splice, journal, send, log) against Postfix's smtp-source, both into the same smtp-sink.

On SQLite one process plans and sends. On PostgreSQL this process plans, while workers send what is planned already.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from digest.pipeline.planning.plan import Who, plan_newsletter
from scripts.benchmarks.databases import Databases, databases
from scripts.benchmarks.fleet import workers
from scripts.benchmarks.material import SLUG, dkim_settings, one_message, open_house, prepare
from scripts.benchmarks.measured import Measured, Stretch, against, alternating, medians, options, report
from scripts.benchmarks.once import once, once_sent
from scripts.benchmarks.sinks import Sink, smtp_sink, tool

_BAR = {"sqlite": 1.0, "postgres": 0.8}
_CPU_BAR = 1.5


def with_workers(
    source: Databases, prepared: str, folder: Path, sink: Sink, connections: int, *, dkim: bool, count: int
) -> Measured:
    """Plan here, while *count* workers that share the connections send."""
    more = {f"DIGEST_{name.upper()}": value for name, value in dkim_settings().items()} if dkim else {}
    with (
        source.copy(prepared) as url,
        workers(count, folder, url, port=sink.port, connections=connections // count, more=more) as fleet,
    ):
        house = open_house(folder, url)
        busy = fleet.cpu()
        with Stretch(sink.pid) as at_sink, Stretch() as whole:
            with Stretch() as planning:
                ready = plan_newsletter(house, SLUG, at=house.clock.now(), who=Who.EVERYONE).ready
            fleet.wait_until_sent(ready)
        sent_with = fleet.cpu() - busy
        house.engine.dispose()
        return {
            "rate": ready / whole.seconds,
            "seconds": whole.seconds,
            "plan_seconds": planning.seconds,
            "cpu_us_per_message": (sent_with + planning.cpu) / ready * 1e6,
            "send_cpu_us_per_message": sent_with / ready * 1e6,
            "peak_rss_mb": fleet.peak_rss_mb(),
            "sink_busy": at_sink.cpu / at_sink.seconds,
        }


def main() -> None:
    """Measure in rounds and print medians."""
    asked = options(__doc__, readers=100_000, profiles=1_000, articles=200)
    asked.add_argument("--connections", type=int, default=10, help="of smtp-source, and of ours altogether")
    asked.add_argument("--database", choices=tuple(_BAR), default="sqlite")
    asked.add_argument("--workers", type=int, default=2, help="sending processes, with --database postgres")
    asked.add_argument("--dkim", action="store_true", help="measure a third side too: ours with an RSA-2048 signature")
    given = asked.parse_args()
    if given.database == "sqlite":
        given.workers = 1
    tool("smtp-source")
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as temporary, smtp_sink() as sink:
        folder = Path(temporary)
        with databases(given.database, folder) as source:
            prepared = source.new()
            prepare(folder, prepared, readers=given.readers, profiles=given.profiles, article_count=given.articles)
            source.settle(prepared)
            size = len(one_message(folder, prepared))
            where = (source, prepared, folder, sink, given.connections)
            ours: Callable[..., Measured] = partial(once_sent, *where)
            if given.database == "postgres":
                ours = partial(with_workers, *where, count=given.workers)
            theirs = partial(
                once,
                "with_smtp_source",
                port=sink.port,
                sink_pid=sink.pid,
                connections=given.connections,
                messages=given.readers,
                size=size,
            )
            sides = [partial(ours, dkim=False), theirs, *([partial(ours, dkim=True)] if given.dkim else [])]
            rounds = alternating(given.runs, *sides)
    tell_result(given, size, rounds)


def tell_result(given: argparse.Namespace, size: int, rounds: list[tuple[Measured, ...]]) -> None:
    """Print the medians and what they come to; DKIM on lines of its own, without a bar."""

    def ratios(name: str, side: int = 0) -> list[float]:
        return [each[side][name] / each[1][name.removeprefix("send_")] for each in rounds]

    names = ("ours", "smtp_source", "ours_with_dkim")
    bars = {
        "rate": against(ratios("rate"), at_least=_BAR[given.database]),
        "send_cpu": against(ratios("send_cpu_us_per_message"), at_most=_CPU_BAR),
        "whole_path_cpu": against(ratios("cpu_us_per_message")),
    }
    if given.dkim:
        bars["rate_with_dkim"] = against(ratios("rate", 2))
        bars["send_cpu_with_dkim"] = against(ratios("send_cpu_us_per_message", 2))
    report(
        "whole path (plan, splice, journal, send, log) against smtp-source -d",
        given,
        {name: medians(list(runs)) for name, runs in zip(names, zip(*rounds, strict=True), strict=False)},
        bars,
        message_bytes=size,
    )


if __name__ == "__main__":
    main()
