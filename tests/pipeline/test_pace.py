"""How many mails are taken at a time."""

from __future__ import annotations

import pytest

from digest.pipeline.delivering.pace import Pace


@pytest.mark.parametrize(
    ("answered", "seconds", "room"),
    [
        pytest.param(1, 1.0, 20, id="slow servers"),
        pytest.param(40, 0.1, 40, id="a tenth of a second's"),
        pytest.param(900, 0.1, 60, id="quick ones"),
        pytest.param(5, 0.0, 60, id="at once"),
    ],
)
def test_where_rows_are_shared_the_servers_pace_is_followed(answered: int, seconds: float, room: int):
    """From two to six for each of ten connections."""
    pace = Pace(10, shares_rows=True)
    pace.note(1, 1_000.0)
    pace.note(answered, 1_000.0 + seconds)

    assert pace.room == pytest.approx(room, abs=1)


def test_nobody_is_known_to_be_quick_at_first_and_silence_says_nothing():
    """A run begins with two for each connection; a commit without answers changes nothing."""
    pace = Pace(10, shares_rows=True)
    at_first = pace.room
    pace.note(30, 1_000.0)
    pace.note(0, 2_000.0)
    pace.note(50, 1_000.1)

    assert (at_first, pace.room) == (20, pytest.approx(50, abs=1))


def test_who_has_the_rows_alone_takes_two_for_each_connection():
    """The file answers at once."""
    pace = Pace(10, shares_rows=False)
    pace.note(1, 1_000.0)
    pace.note(900, 1_000.1)

    assert pace.room == 20
