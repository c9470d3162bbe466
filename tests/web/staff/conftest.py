"""What the tests about staff pages share: accounts of each role, and browsers that are signed in with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from digest.model.staff import Role
from tests.house import House
from tests.web.asking import browser
from tests.web.staff.visiting import enter


@pytest.fixture
def visit(anna: House) -> Iterator[Callable[[Role | None], TestClient]]:
    """Give what opens a browser, signed in with a role or with none."""
    opened: list[TestClient] = []

    def open_one(role: Role | None = Role.ADMIN) -> TestClient:
        client = browser(anna.installation)
        client.__enter__()
        opened.append(client)
        if role is not None:
            enter(anna, client, role)
        return client

    yield open_one
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def admin(visit: Callable[[Role | None], TestClient]) -> TestClient:
    """Give a browser that an admin has signed in with."""
    return visit(Role.ADMIN)
