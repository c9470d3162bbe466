"""A long sending keeps nobody waiting who asked for a mail of their own, and takes no more memory for being long."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import BOTH
from tests.faults.rush import LONGEST_WAIT, MOST_MEMORY, prepare, rush
from tests.faults.story import TIMES

READERS = 1_500 * TIMES


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_who_waits_for_a_mail_gets_it_within_seconds_in_the_middle_of_a_long_sending(
    tmp_path: Path, database: str, cradle: subprocess.Popen[str]
):
    """Q10, Q11: three of them, one after the other; everybody has one copy."""
    house = prepare(tmp_path, database, READERS)
    found = rush(house, cradle, waiting=3, gap=0.05, connections=4)
    house.engine.dispose()

    assert (found.lost, found.doubled) == (0, 0)
    assert found.still_to_send[0] > 0, "the sending was over before anybody asked"
    assert max(found.waits) < LONGEST_WAIT
    assert found.peak_mb < MOST_MEMORY
