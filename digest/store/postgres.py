"""Opening PostgreSQL (door): how we connect, and what is wrong with it in words."""

from __future__ import annotations

import psycopg
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext

from digest.errors import DatabaseBusy, DatabaseFailed

_BUSY_MS = 10_000  # how long one writer waits for another's row
_SESSION = {
    "synchronous_commit": "on",  # an acknowledged message must survive a power cut
    "lock_timeout": f"{_BUSY_MS}ms",
    "timezone": "UTC",
    "jit": "off",  # compiling a statement that reads a hundred rows takes longer than ten thousand of them
    "client_min_messages": "warning",
}
# Over a network a server that is gone is noticed within half a minute; a socket file has no use for these.
_LINK = {
    "application_name": "digest",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}

# SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), whole or its class of two letters.
_BUSY = {
    "40001": "another process changed the same rows",
    "40P01": "another process changed the same rows",
    "55P03": "another process keeps the database busy",
    "53300": "it has no connection left for us",
}
_NOT_OURS = {
    "08": "the connection to it broke",
    "25006": "it may only be read (a standby server?)",
    "28": "it does not let this user in",
    "3D000": "there is no such database; create it, owned by this user",
    "42501": "this user may not do that in it; let the user own the database",
    "53100": "its disk is full",
    "53": "it is out of memory or files",
    "57P": "it was stopped, or is starting",
    "58": "its disk does not read or write it",
    "XX": "it is damaged, or its disk is",
}


def open_postgres(url: URL) -> Engine:
    """Return an engine for *url*; connections are made when needed, and looked at before they are used again."""
    settings = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        connect_args={**_LINK, "options": settings},
    )
    event.listen(engine, "handle_error", _in_words)
    return engine


def raise_in_words(wrong: BaseException, name: str) -> None:
    """Raise DatabaseBusy or DatabaseFailed when *wrong* comes from outside of this program; *name* the database."""
    if not isinstance(wrong, psycopg.Error):
        return
    state = wrong.sqlstate or ""
    if state in _BUSY:
        raise DatabaseBusy(f"{_BUSY[state]}; try again when it is done") from wrong
    for known in (state, state[:3], state[:2]):
        if known in _NOT_OURS:
            raise DatabaseFailed(f"the database {name} cannot be used: {_NOT_OURS[known]}") from wrong
    if not state and isinstance(wrong, psycopg.OperationalError):
        # The driver's own: nobody answered, or the answer broke off.
        said = (str(wrong).strip() or "no answer").splitlines()[0]
        raise DatabaseFailed(f"the database {name} cannot be reached: {said}") from wrong


def _in_words(context: ExceptionContext) -> None:
    if context.is_pre_ping:
        return  # that connection is gone, and another one is made instead
    name = context.engine.url.database if context.engine is not None else None
    raise_in_words(context.original_exception, name or "")
