"""Accounts of those who work with the pages, and their sessions, which are kept here so that each can be ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from digest.model.staff import Role, User
from digest.store.api_tokens import remove_tokens_of
from digest.store.tables import sessions, users

_USER = (users.c.id, users.c.name, users.c.role)


def list_users(connection: Connection) -> list[User]:
    """Return every account, by name."""
    return [_user(*row) for row in connection.execute(select(*_USER).order_by(users.c.name))]


def has_users(connection: Connection) -> bool:
    """Whether there is any account."""
    return connection.execute(select(users.c.id).limit(1)).first() is not None


def find_user(connection: Connection, name: str) -> tuple[User, str] | None:
    """Return the account of *name* and the hash of its password, None when there is none."""
    row = connection.execute(select(*_USER, users.c.password).where(users.c.name == name)).first()
    return (_user(*row[:3]), row.password) if row else None


def add_user(connection: Connection, name: str, role: Role, password: str, now: datetime) -> None:
    """Write a new account; *password* is a hash."""
    connection.execute(users.insert().values(name=name, role=role.value, password=password, made_at=now))


def change_user(connection: Connection, user_id: int, role: Role, password: str) -> None:
    """Give an account another role and password (a hash), and end its sessions and its tokens of the API."""
    remove_tokens_of(connection, user_id)
    connection.execute(update(users).where(users.c.id == user_id).values(role=role.value, password=password))
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


def remove_user(connection: Connection, user_id: int) -> None:
    """Take an account out, with its sessions and its tokens of the API."""
    remove_tokens_of(connection, user_id)
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))
    connection.execute(delete(users).where(users.c.id == user_id))


def open_session(connection: Connection, key_hash: str, user_id: int, *, now: datetime, ends_at: datetime) -> None:
    """Write a session; those that are over are deleted on the way."""
    connection.execute(delete(sessions).where(sessions.c.ends_at <= now))
    connection.execute(sessions.insert().values(key_hash=key_hash, user_id=user_id, ends_at=ends_at))


def close_session(connection: Connection, key_hash: str) -> None:
    """Delete a session."""
    connection.execute(delete(sessions).where(sessions.c.key_hash == key_hash))


def user_of_session(connection: Connection, key_hash: str, now: datetime) -> User | None:
    """Return whose session this is, None when there is no such session or it is over."""
    query = select(*_USER).join(sessions, sessions.c.user_id == users.c.id)
    row = connection.execute(query.where(sessions.c.key_hash == key_hash, sessions.c.ends_at > now)).first()
    return _user(*row) if row else None


def _user(user_id: int, name: str, role: str) -> User:
    return User(user_id, name, Role(role))
