"""The program and the mail server that tests of commands share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from digest.cli.demo.catcher import Catcher
from tests.cli.program import Program


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Give the program in a new folder."""
    return Program(tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="module")
def catcher() -> Iterator[Catcher]:
    """Give a mail server that keeps what it is given."""
    with Catcher() as catching:
        yield catching
