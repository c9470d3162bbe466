"""Server times of the staff pages, with a crowd of subscribers and deliveries behind them.

Each page is asked for without a network, signed in, again and again in another order each time; the first round, which
fills the caches, is not counted. The bar holds for the 95th percentile of each page.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.staff.accounts import put_user, sign_in
from digest.pipeline.staff.tally import tally
from digest.web.site import build_site
from scripts.benchmarks.crowded import crowd, domain
from scripts.benchmarks.databases import databases
from scripts.benchmarks.material import SLUG, TOPICS, fill, open_house
from scripts.benchmarks.measured import rounded, tell

_BAR = 100.0  # milliseconds
_ARTICLES = 500
_PASSWORD = "rope ladder at noon"


def filtered(*said: tuple[str, str], order: str = "newest", after: int = 0) -> str:
    """Return the address of the list of subscribers with these conditions."""
    query: dict[str, str | int] = {"order": order} | ({"after": after} if after else {})
    for number, (claim, value) in enumerate(said, 1):
        query |= {f"c{number}": claim, f"v{number}": value}
    return f"/subscribers?{urlencode(query)}"


def paths(subscribers: int, deliveries: int) -> dict[str, str]:
    """Return what each page is called here -> its path below /staff."""
    middle = subscribers // 2
    return {
        "today": "",
        "subscribers": "/subscribers",
        "subscribers, far down": filtered(after=middle),
        "subscribers by address, far down": filtered(order="address", after=middle),
        "subscribers: one address": filtered(("address-is", _address(middle))),
        "subscribers: beginning": filtered(("address-begins", "reader5"), order="address"),
        "subscribers: a large domain": filtered(("domain-is", "example1.org")),
        "subscribers: a small domain": filtered(("domain-is", "mail10.example.net")),
        "subscribers: a topic of many": filtered(("topic-followed", "topic3"), ("state-is", "active")),
        "subscribers: a topic of few": filtered(("topic-followed", f"topic{TOPICS - 1}"), ("zone-is", "Asia/Seoul")),
        "subscribers: paused, by address": filtered(("newsletter-is", SLUG), ("state-is", "paused"), order="address"),
        "subscribers: bounced": filtered(("bounced", "hard"), ("language-is", "ko")),
        "subscribers: complained": filtered(("bounced", "complaint"), ("language-is", "ko")),
        "subscribers: silent": filtered(("not-sent-since", "2026-01-01")),
        "subscribers: a name nobody has": filtered(("name-has", "zzz")),
        "subscribers: everything at once": filtered(
            ("zone-is", "UTC"),
            ("domain-is-not", "example1.org"),
            ("topic-not-followed", "topic3"),
            ("state-is", "active"),
            ("sent-since", "2026-01-02"),
        ),
        "a subscriber": f"/subscribers/{middle}",
        "changes": "/changes",
        "dashboard": "/dashboard?days=90",
        "suppressions": "/suppressions",
        "topics": "/topics",
        "a topic": "/topics/topic3",
        "sources": "/sources",
        "schedules": "/schedules",
        "users": "/users",
        "audit": "/audit",
        "editions": "/editions",
        "an edition": "/editions/1",
        "deliveries": "/deliveries",
        "deliveries: refused": "/deliveries?state=refused",
        "deliveries: refused of an edition": "/deliveries?edition=1&state=refused",
        "deliveries: of an address": f"/deliveries?{urlencode({'address': _address(middle)})}",
        "deliveries: oldest": "/deliveries?order=oldest",
        "a delivery": f"/deliveries/{deliveries // 2}",
        "articles": "/articles",
        "articles: search": "/articles?q=keyword3x",
        "an article": "/articles/1",
    }


def _address(number: int) -> str:
    return f"reader{number}@{domain(number)}"


class Browser:
    """Asks the application as a server would, on one thread."""

    def __init__(self, house: Installation) -> None:
        self._app = build_site(house)
        put_user(house, "bench", Role.ADMIN, _PASSWORD)
        self._cookie = f"__Host-digest={sign_in(house, 'bench', _PASSWORD)}"

    async def get(self, path: str) -> tuple[int, int, float]:
        """Return status, bytes and milliseconds of a page."""
        path, _, query = f"/staff{path}".partition("?")
        told: dict[str, Any] = {"bytes": 0, "status": 0}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"news.example.org"), (b"cookie", self._cookie.encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 443),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            told["status"] = message.get("status", told["status"])
            told["bytes"] += len(message.get("body", b""))

        began = time.perf_counter()
        await self._app(scope, receive, send)  # type: ignore[arg-type]
        return told["status"], told["bytes"], (time.perf_counter() - began) * 1000


async def measure(house: Installation, asked: dict[str, str], runs: int) -> dict[str, dict[str, float]]:
    """Return p50, p95 and the longest time of each page in milliseconds, and its bytes."""
    browser, order = Browser(house), random.Random(1)
    times: dict[str, list[float]] = {name: [] for name in asked}
    sizes: dict[str, int] = {}
    for run in range(runs + 1):
        names = list(asked)
        order.shuffle(names)
        for name in names:
            status, sizes[name], took = await browser.get(asked[name])
            if status != 200:
                raise SystemExit(f"{name} ({asked[name]}) answered {status}")
            if run:
                times[name].append(took)
        tell(f"round {run} of {runs}")
    return {
        name: {
            "p50_ms": rounded(_percentile(each, 50)),
            "p95_ms": rounded(_percentile(each, 95)),
            "max_ms": rounded(max(each)),
            "bytes": sizes[name],
        }
        for name, each in times.items()
    }


def _percentile(values: list[float], share: int) -> float:
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]


def main() -> None:
    """Fill, measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--subscribers", type=int, default=1_000_000)
    asked.add_argument("--deliveries", type=int, default=10_000_000)
    asked.add_argument("--runs", type=int, default=20)
    asked.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as temporary:
        folder = Path(temporary)
        with databases(given.database, folder) as source:
            url = source.new()
            house = open_house(folder, url)
            fill(house, min(_ARTICLES, given.subscribers))
            crowd(house, subscribers=given.subscribers, deliveries=given.deliveries)
            tell("counting for the dashboard")
            tally(house)
            source.settle(url)
            pages = asyncio.run(measure(house, paths(given.subscribers, given.deliveries), given.runs))
            house.engine.dispose()
    slow = {name: each["p95_ms"] for name, each in pages.items() if each["p95_ms"] > _BAR}
    result = {
        "what": "server time of staff pages",
        "parameters": vars(given),
        "pages": pages,
        "bar": f"p95 <= {_BAR:g} ms",
        "slow": slow,
        "met": not slow,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
