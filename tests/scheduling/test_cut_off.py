"""Until when what is collected counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from digest.model.newsletter import CutOff
from digest.scheduling.cut_off import Cut, cut_of

DAY = date(2026, 11, 23)
SEVEN = datetime(2026, 11, 23, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIVE_IN_BERLIN = CutOff(at=time(5), zone="Europe/Berlin")  # 04:00 UTC in winter
EVENING_BEFORE = CutOff(at=time(18), zone="Europe/Berlin", days_before=1)


@pytest.mark.parametrize(
    ("rule", "slot_at", "asked_at", "expected"),
    [
        pytest.param(CutOff(), SEVEN, None, Cut(SEVEN, SEVEN, SEVEN), id="the slot itself"),
        pytest.param(CutOff(HOUR), SEVEN, None, Cut(SEVEN - HOUR, SEVEN, SEVEN), id="an hour before the slot"),
        pytest.param(
            CutOff(HOUR), SEVEN, SEVEN + 3 * HOUR, Cut(SEVEN + 2 * HOUR, SEVEN + 3 * HOUR, SEVEN), id="asked for later"
        ),
        pytest.param(
            CutOff(), SEVEN, SEVEN - 3 * HOUR, Cut(SEVEN, SEVEN - 3 * HOUR, SEVEN), id="asked for before its hour"
        ),
        pytest.param(FIVE_IN_BERLIN, SEVEN, None, Cut(*[SEVEN - 3 * HOUR] * 3), id="fixed"),
        pytest.param(FIVE_IN_BERLIN, SEVEN + 9 * HOUR, None, Cut(*[SEVEN - 3 * HOUR] * 3), id="fixed, a later slot"),
        pytest.param(FIVE_IN_BERLIN, SEVEN, SEVEN + HOUR, Cut(*[SEVEN - 3 * HOUR] * 3), id="fixed, asked for"),
        pytest.param(FIVE_IN_BERLIN, SEVEN - 9 * HOUR, None, Cut(*[SEVEN - 9 * HOUR] * 3), id="due before it"),
        pytest.param(EVENING_BEFORE, SEVEN, None, Cut(*[SEVEN - 14 * HOUR] * 3), id="the evening before"),
    ],
)
def test_the_cut_of_a_slot(rule: CutOff, slot_at: datetime, asked_at: datetime | None, expected: Cut):
    """Collected before, decided by, fresh from."""
    assert cut_of(rule, DAY, slot_at, asked_at) == expected
