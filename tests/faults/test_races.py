"""Many at once: schedulers that plan one slot, workers that send one edition."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from digest.pipeline.tick import plan_due
from tests.conftest import BOTH
from tests.faults.story import TIMES
from tests.house import House
from tests.sink import Sink

READERS = 30
SCHEDULERS = 10
ON_BOTH = pytest.mark.parametrize("database", BOTH, indirect=True)


@pytest.fixture
def house(tmp_path: Path, database: str) -> House:
    """Give a newsletter with some readers; it is seven o'clock."""
    made = House(tmp_path, database)
    made.newsletter("daily")
    made.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(READERS)])
    made.move(hours=1)
    return made


@ON_BOTH
def test_ten_schedulers_that_plan_one_slot_make_one_edition(house: House):
    """Q1: day after day; a row for each reader, and none of them left out."""
    days = 2 * TIMES
    with ThreadPoolExecutor(SCHEDULERS) as pool:
        for _ in range(days):
            house.article("trade")
            for each in [pool.submit(plan_due, house.installation) for _ in range(SCHEDULERS)]:
                each.result(30)
            house.move(days=1)
    rows = house.rows("SELECT edition_id, subscriber_id FROM deliveries")
    editions = house.rows("SELECT newsletter_id, period FROM editions")
    house.engine.dispose()

    assert len(editions) == len(set(editions)) == days
    assert len(rows) == len(set(rows)) == days * READERS


@pytest.mark.postgres
def test_two_workers_that_begin_one_edition_at_once_send_each_mail_once(house: House, sink: Sink):
    """Q2: day after day, over two connections each; ten schedulers' work or one's is the same to them."""
    days = 5 * TIMES
    for _ in range(days):
        house.article("trade")
        plan_due(house.installation)
        with ThreadPoolExecutor(2) as pool:
            for each in [pool.submit(house.dispatch, sink) for _ in range(2)]:
                each.result(30)
        house.move(days=1)
    house.engine.dispose()

    assert Counter(Counter(mail.recipient for mail in sink.mails).values()) == {days: READERS}
    assert len({mail.message_id for mail in sink.mails}) == days * READERS
