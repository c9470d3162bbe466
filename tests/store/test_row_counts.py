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


def forget(house: House) -> None:
    """Have PostgreSQL know nothing of readers, as on the first day, and let nobody but us count them."""
    with house.engine.begin() as connection:
        connection.execute(text("TRUNCATE subscribers CASCADE"))
        for table in ("subscribers", "subscriptions", "deliveries"):
            connection.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))


@pytest.mark.postgres
def test_a_list_that_was_just_imported_is_counted_once(house: House):
    """Twice would cost time and tell nothing new."""
    forget(house)
    house.readers(READERS)

    assert {"subscribers", "subscriptions"} <= set(count_anew(house.engine))
    assert counted(house) == {"subscribers": True, "subscriptions": True}
    assert count_anew(house.engine) == []


@pytest.mark.postgres
def test_planning_counts_what_it_is_to_join(house: House):
    """Else each reader would be compared with every other."""
    forget(house)
    house.readers(READERS)
    house.article("trade")

    house.plan()

    assert counted(house) == {"subscribers": True, "subscriptions": True}


@pytest.mark.sqlite
def test_sqlite_needs_no_counts(house: House):
    """It joins as it is told."""
    assert count_anew(house.engine) == []
