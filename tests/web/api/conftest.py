"""What the tests about the API share: programs with a token of some scopes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from digest.model.api_token import Scope
from digest.pipeline.staff.api_tokens import make_token
from digest.web.site import build_site
from tests.house import House

API = "https://news.example.org/api/v1"


def key_for(house: House, *scopes: Scope) -> str:
    return make_token(house.installation, "a program", scopes or tuple(Scope), by="test")[1]


@pytest.fixture
def program(anna: House) -> Iterator[Callable[..., TestClient]]:
    """Give what opens a program with a token of these scopes (none: all of them)."""
    site = build_site(anna.installation)
    opened: list[TestClient] = []

    def open_one(*scopes: Scope) -> TestClient:
        headers = {"authorization": f"Bearer {key_for(anna, *scopes)}"}
        client = TestClient(site, base_url=API, headers=headers, follow_redirects=False, raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def refusing(made_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Give a program for all tests of a file in which nothing is changed: each request of theirs is refused."""
    made = House(Path(shutil.copytree(made_once, tmp_path_factory.mktemp("refusing") / "house")))
    headers = {"authorization": f"Bearer {key_for(made)}"}
    with TestClient(build_site(made.installation), base_url=API, headers=headers, raise_server_exceptions=False) as one:
        yield one
    made.engine.dispose()


@pytest.fixture
def api(program: Callable[..., TestClient]) -> TestClient:
    """Give a program that may do everything."""
    return program()
