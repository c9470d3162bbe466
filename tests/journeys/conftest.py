"""The morning's mail that the tests of the checklist look at; it is sent once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.post import Post, the_post


@pytest.fixture(scope="session")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """Give one morning's mail."""
    with the_post(tmp_path_factory.mktemp("post")) as made:
        yield made
