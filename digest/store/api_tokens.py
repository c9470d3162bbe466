"""Tokens of the API, and what was answered to requests that carry an Idempotency-Key."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from digest.model.api_token import ApiToken, Scope
from digest.store.tables import api_requests, api_tokens

_TOKEN = (
    api_tokens.c.id,
    api_tokens.c.name,
    api_tokens.c.scopes,
    api_tokens.c.made_by,
    api_tokens.c.made_at,
    api_tokens.c.ends_at,
    api_tokens.c.last_used_at,
    api_tokens.c.newsletters,
)


def add_token(
    connection: Connection,
    name: str,
    scopes: frozenset[Scope],
    *,
    made_by: str,
    user_id: int | None,
    now: datetime,
    ends_at: datetime | None,
    newsletters: Collection[str] = (),
) -> int:
    """Write a token that no key opens yet; return its id."""
    row = insert(api_tokens).values(
        name=name,
        key_hash="",
        scopes=" ".join(sorted(scopes)),
        made_by=made_by,
        user_id=user_id,
        made_at=now,
        ends_at=ends_at,
        newsletters=" ".join(sorted(newsletters)),
    )
    made = connection.execute(row).inserted_primary_key
    assert made is not None
    return int(made[0])


def set_key(connection: Connection, token_id: int, key_hash: str) -> None:
    """Let the key with this hash open a token."""
    connection.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(key_hash=key_hash))


def find_token(connection: Connection, token_id: int) -> tuple[ApiToken, str] | None:
    """Return a token and the hash of its key, None when there is none."""
    row = connection.execute(select(*_TOKEN, api_tokens.c.key_hash).where(api_tokens.c.id == token_id)).first()
    return (_token(row), row.key_hash) if row else None


def list_tokens(connection: Connection) -> list[ApiToken]:
    """Return every token, the latest first."""
    return [_token(row) for row in connection.execute(select(*_TOKEN).order_by(api_tokens.c.id.desc()))]


def note_use(connection: Connection, token_id: int, now: datetime) -> None:
    """Note when a token was used last."""
    connection.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(last_used_at=now))


def remove_token(connection: Connection, token_id: int) -> bool:
    """Take a token out, with what was answered to it; False when there is none."""
    connection.execute(delete(api_requests).where(api_requests.c.token_id == token_id))
    return connection.execute(delete(api_tokens).where(api_tokens.c.id == token_id)).rowcount > 0


def remove_tokens_of(connection: Connection, user_id: int) -> None:
    """Take out every token of an account."""
    own = select(api_tokens.c.id).where(api_tokens.c.user_id == user_id)
    connection.execute(delete(api_requests).where(api_requests.c.token_id.in_(own)))
    connection.execute(delete(api_tokens).where(api_tokens.c.user_id == user_id))


class Answered(NamedTuple):
    """What is on record of a request: the hash of what it asked, and the answer; status 0 while it is under way."""

    request_hash: str
    status: int
    kind: str
    body: bytes
    at: datetime


def begin_request(
    connection: Connection, token_id: int, key_hash: str, request_hash: str, *, now: datetime, since: datetime
) -> Answered | None:
    """Put a request on record as under way and return None; or return the one that has its key.

    What is older than *since* is forgotten first.
    """
    forget_requests(connection, since)
    values = {"token_id": token_id, "key_hash": key_hash, "request_hash": request_hash, "status": 0, "at": now}
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(api_requests)
    made = insert.values(**values, body=b"").on_conflict_do_nothing().returning(api_requests.c.status)
    if connection.execute(made).first() is not None:
        return None
    known = select(*(api_requests.c[name] for name in Answered._fields)).where(_is(token_id, key_hash))
    return Answered(*connection.execute(known).one())


def end_request(connection: Connection, token_id: int, key_hash: str, status: int, kind: str, body: bytes) -> None:
    """Keep the answer to a request that is on record."""
    kept = update(api_requests).where(_is(token_id, key_hash))
    connection.execute(kept.values(status=status, kind=kind[:80], body=body))


def forget_requests(connection: Connection, since: datetime) -> None:
    """Forget what is older than *since*."""
    connection.execute(delete(api_requests).where(api_requests.c.at <= since))


def has_requests(connection: Connection, since: datetime) -> bool:
    """Whether there is anything older than *since*."""
    return connection.execute(select(api_requests.c.at).where(api_requests.c.at <= since).limit(1)).first() is not None


def drop_request(connection: Connection, token_id: int, key_hash: str) -> None:
    """Forget a request that came to nothing, so that it may be made again."""
    connection.execute(delete(api_requests).where(_is(token_id, key_hash)))


def _is(token_id: int, key_hash: str) -> ColumnElement[bool]:
    return (api_requests.c.token_id == token_id) & (api_requests.c.key_hash == key_hash)


def _token(row: Row) -> ApiToken:  # type: ignore[type-arg]  # rows of one fixed select
    known = {each.value for each in Scope}
    scopes = frozenset(Scope(each) for each in row.scopes.split() if each in known)
    of = frozenset(row.newsletters.split())
    return ApiToken(row.id, row.name, scopes, row.made_by, row.made_at, row.ends_at, row.last_used_at, of)
