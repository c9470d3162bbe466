"""The program and the mail server that tests of commands share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.cli.demo.catcher import Catcher
from tests.cli.program import Program


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of compiled modules: without one, every command would compile all libraries anew."""
    return tmp_path_factory.getbasetemp().parent / "compiled"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Program:
    """Give the program in a new folder."""
    return Program(tmp_path_factory.mktemp("installation"), compiled)


@pytest.fixture(scope="module")
def catcher() -> Iterator[Catcher]:
    """Give a mail server that keeps what it is given."""
    with Catcher() as catching:
        yield catching
