"""What tests about the whole way of a mail share: an installation and a mail server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import House
from tests.sink import Sink


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Give an installation with a vocabulary and the newsletter "daily" (07:00 in each reader's zone)."""
    made = House(tmp_path)
    made.newsletter("daily")
    yield made
    made.engine.dispose()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Give a mail server that takes everything, until it is told otherwise."""
    with Sink() as server:
        yield server
