"""What many tests of a file begin with, lived through once: the others begin with a copy of what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.house import House
from tests.postgres import Rows, Server
from tests.sink import Mail, Script, Sink

Story = Callable[[House, Sink], None]


@dataclass(frozen=True)
class _End:
    """How a story ended: what is in the database, on the clock and at the mail server."""

    content: bytes | Rows
    at: datetime
    articles: int
    script: Script
    mails: tuple[Mail, ...]
    tries: dict[str, int]
    said: tuple[str, ...]


_ends: dict[tuple[str, str, str], _End] = {}


def live(story: Story, house: House, sink: Sink, server: Server | None) -> House:
    """Return *house* after *story*, which changes nothing but its rows, its clock and *sink*.

    *server* is the PostgreSQL that it is on, None on SQLite. Once the story was lived through, its end is copied.
    """
    key = (story.__module__, story.__qualname__, house.engine.dialect.name)
    if key in _ends:
        _begin_at(_ends[key], house, sink, server)
        return house
    story(house, sink)
    house.engine.dispose()  # which brings an SQLite file up to date
    content = server.rows(_name(house)) if server else Path(_name(house)).read_bytes()
    mails, said = tuple(sink.mails), tuple(sink.said)
    _ends[key] = _End(content, house.clock.at, house._articles, sink.script, mails, dict(sink.tries), said)
    return house


def _begin_at(end: _End, house: House, sink: Sink, server: Server | None) -> None:
    house.engine.dispose()
    if isinstance(end.content, bytes):
        Path(_name(house)).write_bytes(end.content)
    else:
        assert server is not None
        server.refill(_name(house), end.content)
    house.clock.at, house._articles = end.at, end.articles
    sink.script = end.script
    sink.mails += end.mails
    sink.tries.update(end.tries)
    sink.said += end.said


def _name(house: House) -> str:
    name = house.engine.url.database
    assert name is not None
    return name
