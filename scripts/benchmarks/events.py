"""Events accepted a second through batches of a thousand, by one process or several, and windows closed a second."""

from __future__ import annotations

import argparse
import json
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from digest.clock import SystemClock
from digest.model.api_token import Scope
from digest.model.stream import Stream, WindowKind, WindowPolicy
from digest.pipeline.events.add_events import MOST, add_events
from digest.pipeline.planning.plan import Who, plan_newsletter
from digest.pipeline.staff.api_tokens import make_token
from scripts.benchmarks.databases import databases
from scripts.benchmarks.measured import Stretch
from tests.house import House

BARS = {"sqlite": 10_000, "postgres": 5_000}
_HOUR = WindowPolicy(WindowKind.FIXED, wait=timedelta(hours=1))


def house_of(folder: Path, url: str) -> House:
    """Return the installation on the database *url*."""
    return House(folder, url, clock=SystemClock())  # type: ignore[arg-type]


def batches(events: int, readers: int, seed: int) -> Iterator[list[dict[str, Any]]]:
    """Give *events* events for *readers* readers in batches of a thousand."""
    chance = random.Random(seed)
    for first in range(0, events, MOST):
        yield [
            {
                "stream": "comments",
                "recipient": f"r{chance.randrange(readers)}@example.org",
                "actor": {"id": f"u{number % 50}", "name": f"User {number % 50}"},
                "object": {"id": f"article:{number % 300}", "name": f"Article {number % 300}"},
                "dedupe_key": f"{seed}-{number}",
                "payload": {"title": f"Comment {number}", "text": "What somebody said about it, in a sentence or two."},
            }
            for number in range(first, min(first + MOST, events))
        ]


def add(folder: Path, url: str, events: int, readers: int, seed: int) -> float:
    """Add events; return the seconds that the batches took, without making them."""
    house, seconds = house_of(folder, url), 0.0
    for batch in batches(events, readers, seed):
        with Stretch() as took:
            add_events(house.installation, batch)
        seconds += took.seconds
    house.engine.dispose()
    return seconds


def serve(folder: Path, url: str) -> None:
    """Answer on a free port of this machine, which is told; the rest of the line is a token to add events with."""
    import uvicorn

    from digest.garbage import search_less
    from digest.web.site import build_site

    house = house_of(folder, url)
    _, key = make_token(house.installation, "bench", (Scope.EVENTS_WRITE,), by="bench")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], key, flush=True)
        site = build_site(house.installation)
        search_less()
        uvicorn.Server(uvicorn.Config(site, log_level="error")).run([listening])


def post(port: int, key: str, events: int, readers: int) -> float:
    """Post events over one connection; return the seconds from the first byte of each batch to its whole answer."""
    told, seconds = HTTPConnection("127.0.0.1", port), 0.0
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Host": "news.example.org"}
    for batch in batches(events, readers, 1):
        body = json.dumps(batch)
        with Stretch() as took:
            told.request("POST", "/api/v1/events", body, headers)
            answer = told.getresponse()
            items = json.loads(answer.read())
        if answer.status != HTTPStatus.OK or {each["answer"] for each in items["items"]} != {"accepted"}:
            raise SystemExit(f"{answer.status}: {str(items)[:300]}")
        seconds += took.seconds
    return seconds


def through_http(folder: Path, url: str, events: int, readers: int) -> float:
    """Let a server of its own take events; return the seconds."""
    command = [sys.executable, "-m", "scripts.benchmarks.events", "--serve", str(folder), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port, key = server.stdout.readline().split()
            return post(int(port), key, events, readers)
        finally:
            server.terminate()


def one(folder: Path, url: str, *, events: int, readers: int, clients: int, http: bool) -> dict[str, float]:
    """Measure on an empty database."""
    house = house_of(folder, url)
    house.newsletter("comments", template="events", stream=Stream(_HOUR))
    house.readers([{"email": f"r{number}@example.org"} for number in range(readers)], "comments")
    each = events // clients
    order = [str(folder), url, str(each), str(readers)]
    if http:
        seconds = through_http(folder, url, each, readers)
    elif clients == 1:
        seconds = add(folder, url, each, readers, 1)
    else:
        command = [sys.executable, "-m", "scripts.benchmarks.events", "--client", *order]
        started = [
            subprocess.Popen([*command, str(seed)], stdout=subprocess.PIPE, text=True) for seed in range(clients)
        ]
        seconds = max(float(client.communicate()[0]) for client in started)
    later = house.clock.now() + timedelta(hours=2)
    with Stretch() as closing:
        planned = plan_newsletter(house.installation, "comments", at=later, who=Who.DUE)
    house.engine.dispose()
    return {
        "events_per_second": round(each * clients / seconds),
        "windows": planned.ready,
        "windows_per_second": round(planned.ready / closing.seconds),
    }


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--database", choices=tuple(BARS), default="sqlite")
    asked.add_argument("--events", type=int, default=100_000)
    asked.add_argument("--readers", type=int, default=10_000)
    asked.add_argument("--clients", type=int, help="processes that add at once (default 1, on PostgreSQL 4)")
    asked.add_argument("--http", action="store_true", help="POST /api/v1/events to a server, over one connection")
    asked.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    asked.add_argument("--client", nargs=5, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.client:
        folder, url, *numbers = given.client
        print(add(Path(folder), url, *map(int, numbers)))
        return
    if given.serve:
        serve(Path(given.serve[0]), given.serve[1])
        return
    clients = 1 if given.http else given.clients or (1 if given.database == "sqlite" else 4)
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as folder, databases(given.database, Path(folder)) as have:
        result = one(
            Path(folder), have.new(), events=given.events, readers=given.readers, clients=clients, http=given.http
        )
    bar = BARS[given.database]
    parameters = {
        "database": given.database,
        "events": given.events,
        "readers": given.readers,
        "clients": clients,
        "http": given.http,
    }
    said = {"what": "events in, windows closed", "parameters": parameters, **result, "bar": f"{bar:,} events a second"}
    print(json.dumps({**said, "met": result["events_per_second"] >= bar}, indent=2))


if __name__ == "__main__":
    main()
