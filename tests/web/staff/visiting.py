"""Visiting the staff pages: accounts without the wait for their passwords, the tokens that forms hold."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.pipeline.staff.accounts import new_key
from digest.pipeline.staff.passwords import hash_password
from digest.store import users
from tests.house import House

PASSWORD = "rope ladder at noon"
COOKIE = "__Host-digest"


@lru_cache(maxsize=1)
def hashed() -> str:
    return hash_password(PASSWORD)


def account(house: House, role: Role) -> int:
    """Make the account that has the name of its role."""
    with house.engine.begin() as connection:
        if users.find_user(connection, role.value) is None:
            users.add_user(connection, role.value, role, hashed(), house.clock.now())
        found = users.find_user(connection, role.value)
    assert found is not None
    return found[0].user_id


def open_session(house: House, key: str, user_id: int) -> None:
    """Let who has *key* be signed in as *user_id*."""
    now = house.clock.now()
    with house.engine.begin() as connection:
        ends_at = now + timedelta(hours=12)
        users.open_session(connection, sha256(key.encode()).hexdigest(), user_id, now=now, ends_at=ends_at)


def enter(house: House, client: TestClient, role: Role) -> None:
    """Sign *client* in, as the page does once the password is right."""
    key = new_key()
    open_session(house, key, account(house, role))
    client.cookies.set(COOKIE, key, domain="news.example.org", path="/")


def token(client: TestClient, path: str = "/staff/sign-in") -> str:
    """Return the token in the first form of a page."""
    found = lxml_html.document_fromstring(client.get(path).text).xpath("//input[@name='csrf']/@value")
    return str(found[0])


def press(client: TestClient, path: str, page: str = "/staff/editions", **fields: str) -> Any:
    """Post a form as the browser does from *page*."""
    return client.post(path, data={"csrf": token(client, page), **fields})
