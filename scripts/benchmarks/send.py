"""Whole path (plan, splice, send, log) against Postfix's smtp-source, both into the same smtp-sink, in one run."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from material import fill, open_house, write_csv
from pydantic import SecretStr

from digest.clock import SystemClock
from digest.pipeline.dispatch import Sending, dispatch
from digest.pipeline.import_subscribers import import_file
from digest.pipeline.plan import Who, plan_newsletter
from digest.settings import relay_of


def tool(name: str) -> str:
    """Return the path of one of Postfix's tools, or say what is missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/lib/postfix/sbin")
    if not found:
        sys.exit(f"{name} is not here; it is in Debian's package postfix: apt-get install postfix")
    return found


@contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink and give its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([tool("smtp-sink"), *as_user, f"127.0.0.1:{port}", "1000"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def cpu() -> float:
    """Return the CPU seconds this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def one_run(folder: Path, prepared: Path, port: int, connections: int) -> dict[str, float]:
    """Plan and send everything once from a fresh copy of the prepared database."""
    name = "run.db"
    for old in folder.glob(f"{name}*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copy(prepared, folder / name)
    house = open_house(folder, SystemClock(), name)
    sending = Sending(relay_of(SecretStr(f"smtp://127.0.0.1:{port}?starttls=never")), connections=connections)
    started, busy = time.perf_counter(), cpu()
    planned = plan_newsletter(house, "bench", at=house.clock.now(), who=Who.EVERYONE)
    planned_at = time.perf_counter()
    done = dispatch(house, sending, newsletter="bench")
    ended = time.perf_counter()
    sent = done.states["sent"]
    if sent != planned.ready:
        sys.exit(f"planned {planned.ready}, sent {sent}: {done}")
    house.engine.dispose()
    return {
        "messages": sent,
        "seconds": ended - started,
        "plan_seconds": planned_at - started,
        "rate": sent / (ended - started),
        "send_rate": sent / (ended - planned_at),
        "cpu_us_per_message": (cpu() - busy) / sent * 1e6,
    }


def message_size(folder: Path, prepared: Path) -> int:
    """Return the bytes of one message of the run."""
    from digest.pipeline.preview import preview

    shutil.copy(prepared, folder / "size.db")
    house = open_house(folder, SystemClock(), "size.db")
    return len(preview(house, "bench", "reader0@example.org", at=house.clock.now()).raw)


def source_rate(port: int, size: int, count: int, connections: int) -> dict[str, float]:
    """Return how fast smtp-source pushes fixed messages of *size* into the sink."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [tool("smtp-source"), "-d", "-s", str(connections), "-l", str(size), "-m", str(count), f"127.0.0.1:{port}"],
        check=True,
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": count / seconds, "cpu_us_per_message": used / count * 1e6}


def main() -> None:
    """Measure in pairs and print medians."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--readers", type=int, default=50_000)
    asked.add_argument("--profiles", type=int, default=1_000)
    asked.add_argument("--articles", type=int, default=200)
    asked.add_argument("--connections", type=int, default=10)
    asked.add_argument("--runs", type=int, default=5)
    given = asked.parse_args()
    tool("smtp-source")
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as temporary, sink() as port:
        folder = Path(temporary)
        house = open_house(folder, SystemClock(), "prepared.db")
        fill(house, given.articles)
        write_csv(folder / "readers.csv", given.readers, given.profiles)
        import_file(
            house.engine, folder / "readers.csv", newsletter="bench", now=house.clock.now(), secret=house.secret
        )
        house.engine.dispose()  # the last one to leave folds SQLite's write-ahead log into the file
        prepared = folder / "prepared.db"
        size = message_size(folder, prepared)
        pairs = []
        for number in range(given.runs):
            ours = one_run(folder, prepared, port, given.connections)
            theirs = source_rate(port, size, given.readers, given.connections)
            pairs.append((ours, theirs))
            print(f"run {number + 1}: {ours['rate']:.0f}/s against {theirs['rate']:.0f}/s", file=sys.stderr)
        ratios = [ours["rate"] / theirs["rate"] for ours, theirs in pairs]
        print(
            json.dumps(
                {
                    "what": "whole path (plan, splice, send, log) against smtp-source -d",
                    **vars(given),
                    "message_bytes": size,
                    "ratio_median": round(statistics.median(ratios), 3),
                    "ratio_min": round(min(ratios), 3),
                    "ratio_max": round(max(ratios), 3),
                    "ours": {key: round(statistics.median(ours[key] for ours, _ in pairs), 2) for key in pairs[0][0]},
                    "smtp_source": {
                        key: round(statistics.median(theirs[key] for _, theirs in pairs), 2) for key in pairs[0][1]
                    },
                    "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                    "bar": "ratio_median >= 0.7",
                },
                indent=2,
            )
        )


if __name__ == "__main__":
    main()
