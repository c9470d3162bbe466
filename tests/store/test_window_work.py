"""Closing windows, and looking at events, cost what is due, not what there ever was."""

from __future__ import annotations

import pytest

from digest.model.stream import WindowKind, WindowPolicy
from digest.store.engine import reading
from digest.store.event_search import browse_events, browse_windows, count_windows
from tests.house import House
from tests.pipeline.happenings import add, event, stream, tick

pytestmark = pytest.mark.sqlite
_GROWING = ("events", "event_windows", "deliveries", "subscriptions", "e", "w", "d", "s", "v")


def scans(house: House, statements: list[str]) -> list[str]:
    """Return how SQLite would read whole tables that grow for ever, or go through an index from end to end."""
    found: list[str] = []
    with reading(house.engine) as connection:
        for statement in statements:
            if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
                values = (None,) * statement.count("?")
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
                found += [
                    f"{step.detail}: {statement[:80]}"
                    for step in plan
                    if step.detail.startswith("SCAN") and step.detail.split()[1] in _GROWING
                ]
    return found


@pytest.mark.parametrize("kind", [WindowKind.INSTANT, WindowKind.SCHEDULE])
def test_a_tick_reads_no_table_from_end_to_end(house: House, kind: WindowKind) -> None:
    """Neither adding nor closing: a partial index is used only by a statement that says its very words."""
    stream(house, WindowPolicy(kind))
    house.reader("ana@example.org", "comments", topics="")
    with house.statements() as seen:
        add(house, event("a"), {"stream": "comments", "cancel": "b"})
        house.move(hours=2)
        tick(house)

    assert scans(house, [each for each in seen if "COALESCE(MAX" not in each.upper()]) == []


def test_looking_at_events_reads_the_rows_that_are_shown(house: House) -> None:
    """By key, object and reader; open windows in the order of their closing."""
    stream(house)
    house.reader("ana@example.org", "comments", topics="")
    add(house, event("a"))
    with house.statements() as seen, reading(house.engine) as connection:
        browse_events(connection, scopes={0, 1}, dedupe_key="a")
        browse_events(connection, scopes=(), object_key="tea")
        browse_events(connection, scopes=(), subscriber_id=1)
        browse_windows(connection, newsletter_id=1)
        count_windows(connection, house.clock.now())

    assert [each for each in scans(house, seen) if "ix_event_windows_work" not in each] == []
