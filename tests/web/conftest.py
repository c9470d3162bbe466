"""What the tests about pages share: an installation that Anna reads, and a browser to ask it with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.house import House
from tests.web.asking import ANNA, browser


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an installation with two newsletters, both read by Anna; each test gets a copy."""
    folder = tmp_path_factory.mktemp("house")
    made = House(folder)
    for newsletter in ("daily", "weekly"):
        made.newsletter(newsletter)
        made.reader(ANNA, newsletter, topics="trade", name="Anna")
    made.engine.dispose()
    return folder


@pytest.fixture
def anna(made_once: Path, tmp_path: Path) -> Iterator[House]:
    """Give an installation with two newsletters, both read by Anna."""
    made = House(Path(shutil.copytree(made_once, tmp_path / "house")))
    yield made
    made.engine.dispose()


@pytest.fixture
def ask(anna: House) -> Iterator[TestClient]:
    """Give a browser without cookies that follows no redirect."""
    with browser(anna.installation) as client:
        yield client
