"""What tests of the store share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house import House

_COUNTED = ("subscribers", "subscriptions", "deliveries")


@pytest.fixture
def unknown(house: House) -> Iterator[House]:
    """Give an installation of whose readers PostgreSQL knows nothing, as on the first day; nobody but us counts them."""
    house.change("TRUNCATE subscribers CASCADE")
    for table in _COUNTED:
        house.change(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    yield house
    for table in _COUNTED:
        house.change(f"ALTER TABLE {table} RESET (autovacuum_enabled)")
