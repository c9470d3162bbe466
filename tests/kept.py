"""PostgreSQL connections that outlive a test: a new backend reads the catalogue anew, which costs more than most tests.

Only the socket is kept. Whoever connects gets a connection object of their own, on a backend that has forgotten its
session (DISCARD ALL); one that is gone, or was closed in the middle of something, is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import psycopg
from psycopg import pq
from psycopg.adapt import AdaptersMap

_MOST = 12
_parked: dict[str, list[pq.abc.PGconn]] = {}


class _Kept(psycopg.Connection[Any]):
    """A connection whose socket is parked when it is closed."""

    asked = ""

    def close(self) -> None:
        link = self.pgconn
        waiting = _parked.setdefault(self.asked, [])
        if link.transaction_status == pq.TransactionStatus.INTRANS:
            link.exec_(b"ROLLBACK")
        if self.asked and link.transaction_status == pq.TransactionStatus.IDLE and len(waiting) < _MOST:
            self.pgconn = _closed()
            waiting.append(link)
            return
        super().close()


def connect(conninfo: str = "", *, context: Any = None, **parameters: Any) -> psycopg.Connection[Any]:
    """Return a connection as `psycopg.connect` does, on a parked socket where there is one that was asked for so."""
    asked = repr((conninfo, sorted(parameters.items())))
    waiting = _parked.get(asked, [])
    while waiting:
        link = waiting.pop()
        if link.status == pq.ConnStatus.OK and link.exec_(b"DISCARD ALL").status == pq.ExecStatus.COMMAND_OK:
            connection = _Kept(link)
            if context is not None:
                connection._adapters = AdaptersMap(context.adapters)
            break
        link.finish()
    else:
        connection = _Kept.connect(conninfo, context=context, **parameters)
    connection.asked = asked
    return connection


def backends() -> list[int]:
    """Return the process ids of the parked sockets' backends."""
    return [link.backend_pid for links in _parked.values() for link in links if link.status == pq.ConnStatus.OK]


@contextmanager
def keeping() -> Iterator[None]:
    """Let everybody's connections be kept, until the end."""
    with mock.patch.object(psycopg, "connect", connect):
        yield
    while _parked:
        for link in _parked.popitem()[1]:
            link.finish()


def _closed() -> pq.abc.PGconn:
    """Return what a closed connection has for a socket."""
    link = pq.PGconn.connect_start(b"host=/nonexistent")
    link.finish()
    return link
