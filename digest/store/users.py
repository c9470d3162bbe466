"""Accounts of those who work with the pages, and their sessions, which are kept here so that each can be ended."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from digest.model.staff import Role, User
from digest.store.api_tokens import remove_tokens_of
from digest.store.tables import newsletters, sessions, user_roles, users

_USER = (users.c.id, users.c.name, users.c.role)


def list_users(connection: Connection) -> list[User]:
    """Return every account, by name."""
    granted = _grants(connection)
    rows = connection.execute(select(*_USER).order_by(users.c.name))
    return [_user(*row, granted.get(row.id, ())) for row in rows]


def has_users(connection: Connection) -> bool:
    """Whether there is any account."""
    return connection.execute(select(users.c.id).limit(1)).first() is not None


def find_user(connection: Connection, name: str) -> tuple[User, str] | None:
    """Return the account of *name* and the hash of its password, None when there is none."""
    row = connection.execute(select(*_USER, users.c.password).where(users.c.name == name)).first()
    return (_user(*row[:3], _grants(connection, row.id).get(row.id, ())), row.password) if row else None


def add_user(connection: Connection, name: str, role: Role, password: str, now: datetime) -> None:
    """Write a new account; *password* is a hash."""
    connection.execute(users.insert().values(name=name, role=role.value, password=password, made_at=now))


def change_user(connection: Connection, user_id: int, role: Role, password: str) -> None:
    """Give an account another role and password (a hash); end its second factor, sign-on, sessions and tokens."""
    values = {"role": role.value, "password": password, "identity": None}
    connection.execute(update(users).where(users.c.id == user_id).values(values))
    set_second_factor(connection, user_id, "", [])
    remove_tokens_of(connection, user_id)
    end_sessions(connection, user_id)


def change_password(connection: Connection, user_id: int, password: str) -> None:
    """Give an account another password (a hash), and end its sessions and tokens."""
    connection.execute(update(users).where(users.c.id == user_id).values(password=password))
    remove_tokens_of(connection, user_id)
    end_sessions(connection, user_id)


def change_role(connection: Connection, user_id: int, role: Role) -> None:
    """Give an account another role, and end its sessions and tokens."""
    connection.execute(update(users).where(users.c.id == user_id).values(role=role.value))
    remove_tokens_of(connection, user_id)
    end_sessions(connection, user_id)


def end_sessions(connection: Connection, user_id: int) -> None:
    """End every session of an account."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


class SecondFactor(NamedTuple):
    """What an account has beside its password: "" for nothing, the last step used, hashes of recovery codes."""

    seed: str
    used_step: int
    recovery_codes: list[str]


def second_factor_of(connection: Connection, user_id: int) -> SecondFactor:
    """Return the second factor of an account that is there; nobody else uses it until the transaction ends."""
    own = users.c
    query = select(own.second_factor, own.used_step, own.recovery_codes).where(own.id == user_id).with_for_update()
    return SecondFactor(*connection.execute(query).one())


def has_second_factor(connection: Connection, user_id: int) -> bool:
    """Whether an account has one."""
    found = connection.execute(select(users.c.second_factor).where(users.c.id == user_id)).scalar()
    return bool(found)


def set_second_factor(connection: Connection, user_id: int, seed: str, recovery_codes: list[str]) -> None:
    """Give an account a second factor, or with "" none."""
    values = {"second_factor": seed, "used_step": 0, "recovery_codes": recovery_codes}
    connection.execute(update(users).where(users.c.id == user_id).values(values))


def use_second_factor(connection: Connection, user_id: int, used_step: int, recovery_codes: list[str]) -> None:
    """Note what was used up."""
    values = {"used_step": used_step, "recovery_codes": recovery_codes}
    connection.execute(update(users).where(users.c.id == user_id).values(values))


def users_with_factors(connection: Connection) -> list[tuple[User, bool]]:
    """Return every account by name, and whether it has a second factor."""
    query = select(*_USER, users.c.second_factor).order_by(users.c.name)
    granted = _grants(connection)
    return [(_user(*row[:3], granted.get(row.id, ())), bool(row[3])) for row in connection.execute(query)]


def remove_user(connection: Connection, user_id: int) -> None:
    """Take an account out, with its sessions and its tokens of the API."""
    remove_tokens_of(connection, user_id)
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))
    connection.execute(delete(user_roles).where(user_roles.c.user_id == user_id))
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
    return _user(*row, _grants(connection, row.id).get(row.id, ())) if row else None


def grant_role(connection: Connection, user_id: int, newsletter_id: int, role: Role | None) -> None:
    """Give an account a role for one newsletter; None takes it back."""
    own = (user_roles.c.user_id == user_id) & (user_roles.c.newsletter_id == newsletter_id)
    connection.execute(delete(user_roles).where(own))
    if role is not None:
        values = {"user_id": user_id, "newsletter_id": newsletter_id, "role": role.value}
        connection.execute(user_roles.insert().values(values))


def _grants(connection: Connection, user_id: int | None = None) -> dict[int, tuple[tuple[str, Role], ...]]:
    query = select(user_roles.c.user_id, newsletters.c.slug, user_roles.c.role).join(newsletters)
    if user_id is not None:
        query = query.where(user_roles.c.user_id == user_id)
    found: dict[int, tuple[tuple[str, Role], ...]] = {}
    for row in connection.execute(query.order_by(newsletters.c.slug)):
        found[row.user_id] = (*found.get(row.user_id, ()), (row.slug, Role(row.role)))
    return found


def _user(user_id: int, name: str, role: str, grants: tuple[tuple[str, Role], ...]) -> User:
    return User(user_id, name, Role(role), grants)
