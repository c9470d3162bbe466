"""On PostgreSQL a claim costs what it takes, also while the database believes that an edition has no rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from digest.pipeline.delivering.dispatch import dispatch
from digest.store import dispatching
from digest.store.engine import Exchange
from digest.store.prepared import Prepared
from digest.store.tables import to_micros
from tests.house import House
from tests.sink import Sink

pytestmark = pytest.mark.postgres
READERS = [{"email": f"r{n}@example.org", "topics": "trade"} for n in range(1_500)]
CLAIMED = 50


@pytest.fixture
def uncounted(unknown: House) -> House:
    """Give an edition of which PostgreSQL does not know yet."""
    house = unknown
    house.readers(READERS)
    house.article("trade")
    house.plan()
    with house.engine.begin() as connection:
        rows = connection.execute(text("DELETE FROM deliveries RETURNING *")).mappings().all()
    with house.engine.begin() as connection:
        connection.execute(text("ANALYZE deliveries"))
        names = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        connection.execute(text(f"INSERT INTO deliveries ({names}) VALUES ({values})"), [dict(row) for row in rows])
    return house


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every step of a plan."""
    yield plan
    for step in plan.get("Plans", ()):
        yield from steps(step)


def explained(house: House, statement: Prepared, values: Sequence[object]) -> dict[str, Any]:
    """Return how PostgreSQL runs a statement of the sender."""
    ledger = Exchange(house.engine)
    with ledger.begin():
        asked = Prepared(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement._texts['qmark']}")
        (((found,),),) = (asked.rows(ledger, values),)
    ledger.close()
    return found[0]["Plan"]


def test_the_rows_of_a_claim_are_looked_for_once(uncounted: House):
    """Not once for each row of the edition."""
    now = to_micros(uncounted.clock.now() + timedelta(hours=1))
    plan = explained(uncounted, dispatching._CLAIM_HELD, ("one", now, now, now, list(range(1, CLAIMED + 1))))

    assert plan["Actual Rows"] == CLAIMED
    assert max(step["Actual Loops"] for step in steps(plan)) <= CLAIMED


def test_only_as_many_of_the_rows_that_are_due_are_read_as_are_taken(uncounted: House):
    """Each claim of a large edition would else read, and sort, all that is left of it; also where rows are counted."""
    uncounted.change("ANALYZE deliveries")
    now = to_micros(uncounted.clock.now() + timedelta(hours=1))
    plan = explained(uncounted, dispatching._HOLD[False], (now, CLAIMED))

    assert plan["Actual Rows"] == CLAIMED
    assert max(step["Actual Rows"] * step["Actual Loops"] for step in steps(plan)) <= 2 * CLAIMED


def test_who_sends_has_the_rows_counted_first(unknown: House, sink: Sink):
    """PostgreSQL would do so within a minute or two, which is too late."""
    unknown.readers(READERS)
    unknown.article("trade")
    unknown.plan()
    unknown.move(hours=1)
    dispatch(unknown.installation, unknown.sending(sink), stop=lambda: True)

    ((known,),) = unknown.rows("SELECT reltuples FROM pg_class WHERE relname = 'deliveries'")
    assert known >= len(READERS)


def test_the_ways_that_a_sender_forgoes_are_given_back_with_its_connection(house: House):
    """Planning needs them."""
    with house.engine.connect() as connection:
        before = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    ledger = Exchange(house.engine)
    found = Prepared("SELECT current_setting('enable_sort'), pg_backend_pid()").rows(ledger, ())
    ledger.close()
    with house.engine.connect() as connection:
        after = connection.execute(text("SELECT current_setting('enable_sort'), pg_backend_pid()")).one()

    assert (found, tuple(after)) == ([("off", before)], ("on", before))
