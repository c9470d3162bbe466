"""One thing that is measured, in a process of its own, so that its memory and its processor time are its own.

Nothing is loaded that only another function needs.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.benchmarks.material import SLUG, fill, open_house
from scripts.benchmarks.measured import Measured, Stretch, peak_rss_mb
from scripts.benchmarks.sinks import Sink, tool

if TYPE_CHECKING:
    from scripts.benchmarks.databases import Databases


def once(do: str, **order: Any) -> Measured:
    """Return what one of the functions below measures, each in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.benchmarks.once", do, json.dumps(order)], stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        sys.exit(f"{do} ended with status {done.returncode}")
    found: Measured = json.loads(done.stdout.splitlines()[-1])
    return found


def once_sent(source: Databases, prepared: str, folder: Path, sink: Sink, connections: int, **how: Any) -> Measured:
    """Return what `send` measures on a fresh copy of the *prepared* database."""
    with source.copy(prepared) as url:
        where = {"folder": str(folder), "url": url, "port": sink.port, "sink_pid": sink.pid}
        return once("send", **where, connections=connections, **how)


def import_readers(folder: str, url: str, file: str) -> Measured:
    """Import the rows of *file* into an empty database."""
    from digest.pipeline.subscribers.import_subscribers import import_file

    house = open_house(Path(folder), url)
    fill(house, 0)
    with Stretch() as importing:
        done = import_file(house.engine, Path(file), newsletter=SLUG, now=house.clock.now(), secret=house.secret)
    return {"rows": done.added, "seconds": round(importing.seconds, 2), "peak_rss_mb": peak_rss_mb()}


def plan(folder: str, url: str) -> Measured:
    """Plan everybody."""
    from digest.pipeline.planning.plan import Who, plan_newsletter

    house = open_house(Path(folder), url)
    with Stretch() as planning:
        planned = plan_newsletter(house, SLUG, at=house.clock.now(), who=Who.EVERYONE)
    house.engine.dispose()
    return {
        "messages": planned.ready,
        "seconds": planning.seconds,
        "cpu_us_per_message": planning.cpu / planned.ready * 1e6,
        "peak_rss_mb": peak_rss_mb(),
    }


def send(
    folder: str,
    url: str,
    port: int,
    sink_pid: int,
    connections: int,
    planned_before: int = 0,
    dkim: bool = False,
    without: Sequence[str] = (),
) -> Measured:
    """Plan everybody, unless so many were *planned_before*, and send; with stand-ins for what it is to be *without*."""
    from pydantic import SecretStr

    from digest.garbage import search_less
    from digest.pipeline.delivering.dispatch import Sending, dispatch
    from digest.pipeline.planning.plan import Who, plan_newsletter
    from digest.settings.relay import relay_of
    from scripts.benchmarks.stand_ins import stand_ins

    house = open_house(Path(folder), url, dkim=dkim)
    search_less()
    sending = Sending(relay_of(SecretStr(f"smtp://127.0.0.1:{port}?starttls=never")), connections=connections)
    with ExitStack() as replaced, Stretch(sink_pid) as sink:
        with Stretch() as planning:
            ready = planned_before or plan_newsletter(house, SLUG, at=house.clock.now(), who=Who.EVERYONE).ready
        replaced.enter_context(stand_ins(house, without))
        with Stretch() as at_work:
            done = dispatch(house, sending, newsletter=SLUG)
    if done.states["sent"] != ready:
        sys.exit(f"planned {ready}, sent {done.states['sent']}: {done}")
    house.engine.dispose()
    found = {
        "rate": ready / (planning.seconds + at_work.seconds),
        "seconds": planning.seconds + at_work.seconds,
        "cpu_us_per_message": (planning.cpu + at_work.cpu) / ready * 1e6,
        "peak_rss_mb": peak_rss_mb(),
        "sink_busy": sink.cpu / sink.seconds,
    }
    if not planned_before:
        found |= {"plan_seconds": planning.seconds, "send_cpu_us_per_message": at_work.cpu / ready * 1e6}
    return found


def with_aiosmtplib(port: int, sink_pid: int, connections: int, messages: int, message: str) -> Measured:
    """Send the bytes in the file *message* so many times, each connection used for one after the other."""
    import aiosmtplib

    from digest.pipeline.delivering.event_loop import run_loop

    content = Path(message).read_bytes()
    numbers = iter(range(messages))

    async def one_connection() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False) as client:
            for number in numbers:
                await client.sendmail("editors@news.example.org", [f"reader{number}@example.org"], content)

    async def all_connections() -> None:
        await asyncio.gather(*(one_connection() for _ in range(connections)))

    with Stretch(sink_pid) as sink, Stretch() as at_work:
        run_loop(all_connections())  # the loop that we use as well
    return {
        "rate": messages / at_work.seconds,
        "seconds": at_work.seconds,
        "cpu_us_per_message": at_work.cpu / messages * 1e6,
        "peak_rss_mb": peak_rss_mb(),
        "sink_busy": sink.cpu / sink.seconds,
    }


def with_smtp_source(port: int, sink_pid: int, connections: int, messages: int, size: int) -> Measured:
    """Let Postfix's smtp-source push so many fixed messages of *size* bytes."""
    command = [tool("smtp-source"), "-d", "-s", str(connections), "-l", str(size), "-m", str(messages)]
    with Stretch(sink_pid) as sink, Stretch(children=True) as at_work:
        subprocess.run([*command, f"127.0.0.1:{port}"], check=True)
    return {
        "rate": messages / at_work.seconds,
        "seconds": at_work.seconds,
        "cpu_us_per_message": at_work.cpu / messages * 1e6,
        "sink_busy": sink.cpu / sink.seconds,
    }


def rate_without_delay(sink: Sink, connections: int, messages: int, size: int) -> float:
    """Return how many messages a second a server takes; its delay must be 0."""
    return with_smtp_source(sink.port, sink.pid, connections, messages, size)["rate"]


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
