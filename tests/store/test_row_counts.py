"""PostgreSQL counts a list that was just imported before it is planned."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from digest.store.row_counts import count_anew
from tests.house import House

READERS = [{"email": f"r{n}@example.org", "topics": "trade"} for n in range(1_500)]


def counted(house: House) -> dict[str, bool]:
    """Whether PostgreSQL knows how many readers and subscriptions there are."""
    with house.engine.begin() as connection:
        found = connection.execute(
            text("SELECT relname, reltuples >= 1500 FROM pg_class WHERE relname IN ('subscribers', 'subscriptions')")
        )
        return {row[0]: row[1] for row in found}


@pytest.mark.postgres
def test_a_list_that_was_just_imported_is_counted_once(unknown: House):
    """Twice would cost time and tell nothing new."""
    unknown.readers(READERS)

    assert {"subscribers", "subscriptions"} <= set(count_anew(unknown.engine))
    assert counted(unknown) == {"subscribers": True, "subscriptions": True}
    assert count_anew(unknown.engine) == []


@pytest.mark.postgres
def test_planning_counts_what_it_is_to_join(unknown: House):
    """Else each reader would be compared with every other."""
    unknown.readers(READERS)
    unknown.article("trade")

    unknown.plan()

    assert counted(unknown) == {"subscribers": True, "subscriptions": True}


@pytest.mark.sqlite
def test_sqlite_needs_no_counts(house: House):
    """It joins as it is told."""
    assert count_anew(house.engine) == []
