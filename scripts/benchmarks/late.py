"""Sending to a server whose every reply is late, against aiosmtplib over as many connections, each kept open.

Once with a server that offers PIPELINING only, once with one that offers CHUNKING as well. Ours is the whole sender:
journal, ledger and a message spliced for each reader; aiosmtplib sends one fixed message of the same size.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from scripts.benchmarks.databases import SqliteFiles
from scripts.benchmarks.material import one_message, prepare
from scripts.benchmarks.measured import against, alternating, medians, options, report, tell
from scripts.benchmarks.once import once, once_sent, rate_without_delay
from scripts.benchmarks.sinks import late_sink, milliseconds_to_answer, tool

_BAR = {"pipelining": 1.9, "chunking": 3.5}


def main() -> None:
    """Measure in pairs, for each way, and print medians."""
    asked = options(__doc__, readers=3_000, profiles=100, articles=100)
    asked.add_argument("--connections", type=int, default=10)
    asked.add_argument("--answers-after", type=float, default=20.0, metavar="MS")
    given = asked.parse_args()
    tool("smtp-source")
    sides, bars, measured_ms = {}, {}, {}
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as temporary:
        folder = Path(temporary)
        source = SqliteFiles(folder)
        planned = source.new()
        prepare(folder, planned, readers=given.readers, profiles=given.profiles, article_count=given.articles)
        message = folder / "message.eml"
        message.write_bytes(one_message(folder, planned))
        size = message.stat().st_size
        once("plan", folder=temporary, url=planned)
        with late_sink(0, every_reply=True) as sink:
            most = rate_without_delay(sink, given.connections, given.readers, size)
        for way, bar in _BAR.items():
            tell(f"with {way}")
            with late_sink(given.answers_after, every_reply=True, chunking=way == "chunking") as sink:
                measured_ms[way] = milliseconds_to_answer(sink.port, size)
                rounds = alternating(
                    given.runs,
                    partial(once_sent, source, planned, folder, sink, given.connections, planned_before=given.readers),
                    partial(
                        once,
                        "with_aiosmtplib",
                        port=sink.port,
                        sink_pid=sink.pid,
                        connections=given.connections,
                        messages=given.readers,
                        message=str(message),
                    ),
                )
            sides[f"ours, {way}"] = medians([each for each, _ in rounds])
            sides[f"aiosmtplib, {way}"] = medians([each for _, each in rounds])
            bars[way] = against([ours["rate"] / theirs["rate"] for ours, theirs in rounds], at_least=bar)
    report(
        "sending to a server that answers late, against aiosmtplib",
        given,
        sides,
        bars,
        message_bytes=size,
        sink={"rate_without_delay": round(most, 1), "measured_ms": measured_ms},
    )


if __name__ == "__main__":
    main()
