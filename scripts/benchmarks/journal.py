"""What the journal and the group commit cost: the same sending with them and with stand-ins that do nothing.

The server is one of ours that answers the end of each message late. Without both there is no journal, and not one
statement to the database while it sends. `--without journal` or `ledger` replaces one of them; `--without small-groups`
has no journal and commits after 200 messages.
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
from scripts.benchmarks.stand_ins import WITHOUT

_BAR = {15.0: 0.05, 2.0: 0.15}


def main() -> None:
    """Measure in pairs, for each delay, and print medians."""
    asked = options(__doc__, readers=10_000, profiles=500, articles=200)
    asked.add_argument("--connections", type=int, default=10)
    asked.add_argument("--answers-after", type=float, nargs="+", default=list(_BAR), metavar="MS")
    asked.add_argument("--without", choices=tuple(WITHOUT), default="both")
    given = asked.parse_args()
    tool("smtp-source")
    sides, bars, sinks = {}, {}, {}
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as temporary:
        folder = Path(temporary)
        source = SqliteFiles(folder)
        planned = source.new()
        prepare(folder, planned, readers=given.readers, profiles=given.profiles, article_count=given.articles)
        size = len(one_message(folder, planned))
        once("plan", folder=temporary, url=planned)
        with late_sink(0, every_reply=False) as sink:
            most = rate_without_delay(sink, given.connections, given.readers, size)
        for delay in given.answers_after:
            tell(f"the sink answers after {delay:g} ms")
            with late_sink(delay, every_reply=False) as sink:
                sinks[f"{delay:g} ms"] = milliseconds_to_answer(sink.port, size)
                side = partial(
                    once_sent, source, planned, folder, sink, given.connections, planned_before=given.readers
                )
                rounds = alternating(given.runs, side, partial(side, without=list(WITHOUT[given.without])))
            sides[f"with, {delay:g} ms"] = medians([each for each, _ in rounds])
            sides[f"without, {delay:g} ms"] = medians([each for _, each in rounds])
            costs = [1 - ours["rate"] / bare["rate"] for ours, bare in rounds]
            bars[f"cost at {delay:g} ms"] = against(costs, at_most=_BAR.get(delay))
    report(
        "journal and group commit against the same sending without them",
        given,
        sides,
        bars,
        message_bytes=size,
        sink={"rate_without_delay": round(most, 1), "measured_ms": sinks},
    )


if __name__ == "__main__":
    main()
