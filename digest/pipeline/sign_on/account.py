"""Whose account it is that a provider has named: found, made, given its role."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.staff import Role, User
from digest.pipeline.installation import Installation
from digest.pipeline.sign_on.person import Person
from digest.pipeline.staff.accounts import check_name, require_another_admin
from digest.settings.sign_on import SignOn
from digest.store import users
from digest.store.audit import record
from digest.store.identities import identity_of, tie, user_with_identity


def account_of(house: Installation, sign_on: SignOn, person: Person) -> User:
    """Return the account of *person*: the one they had before, or the one whose name is their verified address.

    Where groups give roles, the role follows them each time, and who has no account is given one.
    Raises BadInput, in words, for who may not come in.
    """
    role = max((Role(sign_on.roles[each]) for each in person.groups if each in sign_on.roles), key=_rank, default=None)
    if sign_on.roles and role is None:
        raise BadInput(f"at {sign_on.title} you are in none of the groups that may sign in here; ask an admin")
    identity = sha256(f"{sign_on.issuer}\n{person.subject}".encode()).hexdigest()
    with house.engine.begin() as connection:
        user = user_with_identity(connection, identity) or _tied(house, connection, sign_on, person, identity, role)
        if role is None or role is user.role:
            return user
        if role is not Role.ADMIN:
            require_another_admin(connection, user)
        users.change_role(connection, user.user_id, role)
        before, after, now = {"role": user.role.value}, {"role": role.value}, house.clock.now()
        record(connection, sign_on.title, "user.role", f"user {user.name}", now=now, before=before, after=after)
        return User(user.user_id, user.name, role, user.grants)


def _tied(
    house: Installation, connection: Connection, sign_on: SignOn, person: Person, identity: str, role: Role | None
) -> User:
    """Return the account of that address, which belongs to this identity from now on."""
    if not person.email:
        raise BadInput(f"{sign_on.title} gave no verified e-mail address of yours; ask who looks after it")
    found, now = users.find_user(connection, person.email), house.clock.now()
    if found is None:
        if role is None:
            raise BadInput(f"there is no account {person.email[:80]} here; ask an admin to make one")
        users.add_user(connection, check_name(person.email), role, "", now)
        record(connection, sign_on.title, "user.put", f"user {person.email}", now=now, after={"role": role.value})
        found = users.find_user(connection, person.email)
        assert found is not None
    user = found[0]
    if identity_of(connection, user.user_id):
        raise BadInput(
            f"the account {user.name} belongs to somebody else at {sign_on.title}; an admin sets it free with another"
            " password"
        )
    tie(connection, user.user_id, identity)
    record(connection, user.name, "user.sign_on", f"user {user.name}", now=now, after={"provider": sign_on.issuer})
    return user


def _rank(role: Role) -> int:
    return list(Role).index(role)
