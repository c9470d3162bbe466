"""Accounts of those who work with the pages: made, signed in, signed out, taken back.

A session is a random key in a cookie and its hash in the database: whoever reads the database cannot use it. It ends
after twelve hours whatever was done meanwhile, so that looking at a page writes nothing.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import Connection

from digest.errors import BadInput, NotFound
from digest.model.staff import Role, User
from digest.pipeline.installation import Installation
from digest.pipeline.staff.passwords import LONGEST, check_password, hash_password, is_password
from digest.store import users
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter

SESSION = timedelta(hours=12)
MACHINE = "command line"  #: who the audit log names when whoever owns the machine did it
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 random bits
_NAME = re.compile(r"[^\s\x00-\x1f\x7f<>\"'&]{2,80}")


def sign_in(house: Installation, name: str, password: str) -> str | None:
    """Return the key of a new session, None when name and password do not belong together."""
    user = recognise(house, name, password)
    return begin_session(house, user) if user else None


def recognise(house: Installation, name: str, password: str) -> User | None:
    """Return whose name and password these are, None when they do not belong together.

    It takes as long for a name that nobody has.
    """
    with reading(house.engine) as connection:
        found = users.find_user(connection, name.strip().casefold())
    if not is_password(password[:LONGEST], found[1] if found else "") or found is None:
        return None
    return found[0]


def named(house: Installation, name: str) -> User | None:
    """Return the account of *name*, None when there is none."""
    with reading(house.engine) as connection:
        found = users.find_user(connection, name.strip().casefold())
    return found[0] if found else None


def sign_out(house: Installation, key: str) -> None:
    """End the session of *key*; for one that is over nothing happens."""
    with house.engine.begin() as connection:
        users.close_session(connection, _hashed(key))


def user_of(house: Installation, key: str) -> User | None:
    """Return who is signed in with *key*, None for nobody."""
    if not _KEY.fullmatch(key):
        return None
    with reading(house.engine) as connection:
        return users.user_of_session(connection, _hashed(key), house.clock.now())


def new_key() -> str:
    """Return a key that nobody can guess."""
    return secrets.token_urlsafe(32)


def put_user(house: Installation, name: str, role: Role, password: str, *, by: str = MACHINE) -> bool:
    """Make an account, or give the one of that name this role and password; return whether it is new.

    Who had signed in with it is signed out, and its second factor goes. *by* is who did it.
    Raises BadInput for a name or a password that cannot be taken, and for staff when it was the last admin.
    """
    name, hashed = _checked(name, password)
    with house.engine.begin() as connection:
        found = users.find_user(connection, name)
        if found is None:
            users.add_user(connection, name, role, hashed, house.clock.now())
        else:
            if role is not Role.ADMIN and by != MACHINE:
                require_another_admin(connection, found[0])
            users.change_user(connection, found[0].user_id, role, hashed)
        before = {"role": found[0].role.value} if found else None
        after = {"role": role.value, "password": "set"}
        record(connection, by, "user.put", f"user {name}", now=house.clock.now(), before=before, after=after)
        return found is None


def change_role(house: Installation, name: str, role: Role, *, by: str) -> None:
    """Give an account another role, which ends its sessions; raises NotFound, BadInput for the last admin."""
    with house.engine.begin() as connection:
        user = _found(connection, name)
        if role is not Role.ADMIN:
            require_another_admin(connection, user)
        users.change_role(connection, user.user_id, role)
        before, after = {"role": user.role.value}, {"role": role.value}
        record(connection, by, "user.role", f"user {user.name}", now=house.clock.now(), before=before, after=after)


def grant_role(house: Installation, name: str, newsletter: str, role: Role | None, *, by: str = MACHINE) -> None:
    """Give an account a role for one newsletter beside its own; None takes it back. Raises NotFound."""
    with house.engine.begin() as connection:
        user = _found(connection, name)
        newsletter_id, _ = load_newsletter(connection, newsletter)
        users.grant_role(connection, user.user_id, newsletter_id, role)
        before = {newsletter: dict(user.grants).get(newsletter)}
        after, now = {newsletter: role}, house.clock.now()
        record(connection, by, "user.grant", f"user {user.name}", now=now, before=before, after=after)


def change_password(house: Installation, user: User, before: str, after: str) -> None:
    """Give *user*, who knows the password until now, another one, which ends their sessions; raises BadInput."""
    if recognise(house, user.name, before) is None:
        raise BadInput("that is not your password")
    _, hashed = _checked(user.name, after)
    with house.engine.begin() as connection:
        users.change_password(connection, user.user_id, hashed)
        record(connection, user.name, "user.password", f"user {user.name}", now=house.clock.now())


def remove_user(house: Installation, name: str, *, by: str = MACHINE) -> None:
    """Take an account out and end its sessions; raises NotFound, and for staff BadInput for the last admin."""
    with house.engine.begin() as connection:
        user = _found(connection, name)
        if by != MACHINE:
            require_another_admin(connection, user)
        users.remove_user(connection, user.user_id)
        before = {"role": user.role.value}
        record(connection, by, "user.remove", f"user {user.name}", now=house.clock.now(), before=before)


def first_word(house: Installation) -> str:
    """Return the word that makes the first admin on the pages, "" once there is an account.

    Only who can read the secret key, or what `digest serve` prints, knows it.
    """
    with reading(house.engine) as connection:
        return "" if users.has_users(connection) else house.tokens.derive("first admin", house.base_url)


def make_first_admin(house: Installation, word: str, name: str, password: str) -> str:
    """Make the first account and return the key of its session.

    Raises BadInput when *word* is not the one of `first_word`, or name or password cannot be taken.
    """
    expected = first_word(house)
    if not expected or not hmac.compare_digest(expected.encode(), word.strip().encode()):
        raise BadInput("that is not the word that digest serve has printed")
    name, hashed = _checked(name, password)
    with house.engine.begin() as connection:
        if users.has_users(connection):
            raise BadInput("there is an account by now; sign in with it")
        users.add_user(connection, name, Role.ADMIN, hashed, house.clock.now())
        record(connection, name, "user.put", f"user {name}", now=house.clock.now(), after={"role": Role.ADMIN.value})
        found = users.find_user(connection, name)
    assert found is not None
    return begin_session(house, found[0])


def _found(connection: Connection, name: str) -> User:
    found = users.find_user(connection, name.strip().casefold())
    if found is None:
        raise NotFound(f"there is no account {name[:80]}; see: digest users list")
    return found[0]


def require_another_admin(connection: Connection, user: User) -> None:
    """Raise BadInput when *user* is the only admin."""
    admins = {each.user_id for each in users.list_users(connection) if each.role is Role.ADMIN}
    if admins == {user.user_id}:
        raise BadInput("this is the only admin; make another one first")


def _checked(name: str, password: str) -> tuple[str, str]:
    name = check_name(name)
    check_password(password, name)
    return name, hash_password(password)


def check_name(name: str) -> str:
    """Return *name* as an account has it; raises BadInput."""
    name = name.strip().casefold()
    if not _NAME.fullmatch(name):
        raise BadInput("the name must have 2 to 80 characters, without blanks, quotes, < > and &")
    return name


def begin_session(house: Installation, user: User) -> str:
    """Return the key of a new session of *user*, who has shown who they are."""
    key, now = new_key(), house.clock.now()
    with house.engine.begin() as connection:
        users.open_session(connection, _hashed(key), user.user_id, now=now, ends_at=now + SESSION)
    return key


def _hashed(key: str) -> str:
    return sha256(key.encode()).hexdigest()
