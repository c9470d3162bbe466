"""How often somebody may try to sign in: few wrong tries for a name, some more for a network, counted in memory."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

WINDOW = timedelta(minutes=15)
_MOST = {"pair": 5, "network": 20, "name": 50}
_REMEMBERED = 10_000  # keys; above that everything is forgotten rather than memory filled


class Failures:
    """The wrong tries of the last quarter of an hour, of one process."""

    def __init__(self) -> None:
        self._seen: defaultdict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._lock = threading.Lock()

    def too_many(self, name: str, client: str, now: datetime) -> bool:
        """Whether the next try must wait."""
        with self._lock:
            return any(self._count(key, now) >= _MOST[key[0]] for key in _keys(name, client))

    def note(self, name: str, client: str, now: datetime) -> None:
        """Remember a wrong try."""
        with self._lock:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            for key in _keys(name, client):
                self._seen[key].append(now)

    def _count(self, key: tuple[str, str], now: datetime) -> int:
        times = self._seen.get(key)
        while times and times[0] <= now - WINDOW:
            times.popleft()
        return len(times or ())


def _keys(name: str, client: str) -> list[tuple[str, str]]:
    name, network = name.strip().casefold()[:80], _network(client)
    return [("pair", f"{name}\n{network}"), ("network", network), ("name", name)]


def _network(client: str) -> str:
    """Return the network that one party commands: /24 of IPv4, /64 of IPv6."""
    try:
        address = ip_address(client)
    except ValueError:
        return "?"
    return str(ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))
