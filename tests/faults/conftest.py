"""What tests about faults share: a process that makes senders in no time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.faults.killing import born


@pytest.fixture(scope="session")
def cradle() -> Iterator[subprocess.Popen[str]]:
    """Give what `Nursery` takes; it has everything loaded once."""
    with born() as process:
        yield process
