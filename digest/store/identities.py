"""Which account belongs to whom at the provider that staff sign in with; and the ways back that were taken."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from digest.model.staff import User
from digest.store.tables import spent_states, users
from digest.store.users import find_user


def user_with_identity(connection: Connection, identity: str) -> User | None:
    """Return the account that is tied to *identity* (a hash), None when there is none."""
    name = connection.execute(select(users.c.name).where(users.c.identity == identity)).scalar()
    found = find_user(connection, name) if name else None
    return found[0] if found else None


def identity_of(connection: Connection, user_id: int) -> str:
    """Return to what an account is tied, "" for nothing; nobody else ties it until the transaction ends."""
    query = select(users.c.identity).where(users.c.id == user_id).with_for_update()
    return connection.execute(query).scalar() or ""


def tie(connection: Connection, user_id: int, identity: str) -> None:
    """Let *identity* (a hash) be that of an account."""
    connection.execute(update(users).where(users.c.id == user_id).values(identity=identity))


def spend_state(connection: Connection, state_hash: str, *, ends_at: datetime, now: datetime) -> bool:
    """Return whether this way back is taken for the first time; those that are over are deleted on the way."""
    connection.execute(delete(spent_states).where(spent_states.c.ends_at < now))
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(spent_states)
    made = insert.values(state_hash=state_hash, ends_at=ends_at).on_conflict_do_nothing()
    return connection.execute(made.returning(spent_states.c.state_hash)).first() is not None
