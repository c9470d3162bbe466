"""Long tables are read page by page, each row once, in order, and by an index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from digest.errors import BadInput
from digest.model.delivery import DeliveryState
from digest.store import browsing
from digest.store.articles import list_articles
from digest.store.browsing import (
    browse_articles,
    browse_deliveries,
    browse_editions,
    browse_subscribers,
    count_deliveries,
    states_of_edition,
)
from digest.store.engine import reading
from tests.house import House

STATES = list(DeliveryState)


@pytest.fixture
def full(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a log of two editions with every state; a page has seven rows."""
    monkeypatch.setattr(browsing, "PAGE", 7)
    house.article()
    house.readers([{"email": f"r{n:02}@example.org", "topics": "trade"} for n in range(40)])
    house.plan(at=house.move(hours=2))
    house.article()
    house.plan(at=house.move(days=1))
    for number, state in enumerate(STATES):
        waits = "NULL" if state not in ("ready", "deferred") else "planned_at"
        leased = "1" if state == "claimed" else "NULL"
        house.change(
            f"UPDATE deliveries SET state = :s, next_attempt_at = {waits}, lease_until = {leased}"
            f" WHERE id % {len(STATES)} = :n AND (:s <> 'claimed' OR edition_id = 2)",
            s=state.value,
            n=number,
        )
    return house


def walked(house: House, **which: Any) -> Iterator[int]:
    """Give the ids of a list, page after page."""
    after: tuple[int, ...] = ()
    while True:
        with reading(house.engine) as connection:
            page = browse_deliveries(connection, **which, after=after)
        yield from (row.delivery_id for row in page.rows)
        after = page.after
        if not after:
            return


@pytest.mark.parametrize("oldest_first", [False, True])
def test_a_list_has_each_row_once_whatever_it_is_narrowed_by(full: House, oldest_first: bool) -> None:
    """As one query over the whole table says."""
    for edition, state, reader in product((None, 1, 2), ("", *STATES), (None, 3)):
        wheres = [
            *(["edition_id = :edition"] if edition else []),
            *(["state = :state"] if state else []),
            *(["subscriber_id = :reader"] if reader else []),
        ]
        query = f"SELECT id FROM deliveries WHERE {' AND '.join(wheres) or '1 = 1'}"
        values = {"edition": edition, "state": str(state), "reader": reader}
        expected = sorted(
            row[0] for row in full.rows(query, **{k: v for k, v in values.items() if v and f":{k}" in query})
        )
        which = {"edition_id": edition, "state": str(state), "subscriber_id": reader}
        found = list(walked(full, **which, oldest_first=oldest_first))
        with reading(full.engine) as connection:
            assert count_deliveries(connection, **which) == len(expected)

        assert sorted(found) == expected, which
        if not wheres:
            assert found == sorted(expected, reverse=not oldest_first)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("which", "index"),
    [
        ({}, "SCAN d"),
        ({"edition": True}, "uq_deliveries_edition_id_subscriber_id|sqlite_autoindex_deliveries"),
        ({"state": "refused"}, "ix_deliveries_unusual"),
        ({"edition": True, "state": "refused"}, "ix_deliveries_unusual"),
        ({"reader": True}, "ix_deliveries_subscriber_id"),
        ({"reader": True, "edition": True, "state": "refused"}, "ix_deliveries_subscriber_id"),
        ({"state": "claimed", "edition": True}, "uq_deliveries_under_way"),
        ({"state": "ready", "edition": True}, "ix_deliveries_work"),
    ],
    ids=lambda each: str(each) if isinstance(each, dict) else None,
)
def test_a_list_is_read_by_its_index_and_not_sorted(full: House, which: dict[str, Any], index: str) -> None:
    """SQLite says which one."""
    walk = browsing.walk_deliveries(**{"edition": False, "state": "", "reader": False, **which})
    query = (
        f"EXPLAIN QUERY PLAN SELECT d.id FROM deliveries d WHERE {' AND '.join(walk.wheres) or '1 = 1'}"
        f" ORDER BY {', '.join(f'{each} DESC' for each in walk.order)} LIMIT 7"
    )
    with reading(full.engine) as connection:
        plan = " ".join(row[3] for row in connection.execute(text(query), {"edition": 1, "reader": 3}))

    assert any(each in plan for each in index.split("|")), plan
    assert "TEMP B-TREE" not in plan


def test_a_count_stops_at_its_bound(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the bound is the bound and one; an edition's states add up."""
    with reading(full.engine) as connection:
        assert sum(states_of_edition(connection, 1).values()) == 40
        monkeypatch.setattr(browsing, "COUNTED", 5)
        assert count_deliveries(connection) == 6

        assert all(count <= 6 for count in states_of_edition(connection, 1).values())


def test_what_was_sent_is_told_exactly_without_reading_the_rows(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are beside the others, up to the bound; the unique index has all that is needed."""
    with reading(full.engine) as connection:
        true = states_of_edition(connection, 1)
        for bound in (12, 39):
            monkeypatch.setattr(browsing, "COUNTED", bound)
            with full.statements() as seen:
                told = states_of_edition(connection, 1)
            assert told == {state: min(count, bound + 1) for state, count in true.items()}
            for statement in seen:
                assert "SCAN deliveries" not in _plan(full, statement), statement


def _plan(house: House, statement: str) -> str:
    if house.engine.dialect.name != "sqlite":
        return ""  # so small a table PostgreSQL reads whole, whatever its indexes
    with house.engine.connect() as connection:
        values = (1,) * statement.count("?")
        return " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values))


def test_the_latest_articles_are_read_and_no_others(house: House) -> None:
    """A list without a search asks the database for as many as it shows."""
    for _ in range(3):
        house.article()
    with reading(house.engine) as connection, house.statements() as seen:
        assert len(list(list_articles(connection, limit=2))) == 2

    assert "LIMIT" in seen[-1]


def test_a_cursor_of_another_list_is_refused(full: House) -> None:
    """It would skip rows in silence."""
    with reading(full.engine) as connection, pytest.raises(BadInput, match="another list"):
        browse_deliveries(connection, after=(1, 2))


def test_subscribers_editions_and_articles_come_in_pages_too(full: House) -> None:
    """Each once, in order."""
    seen: list[str] = []
    after: tuple[int, ...] = ()
    with reading(full.engine) as connection:
        for _ in range(10):
            page = browse_subscribers(connection, beginning="r", after=after, limit=7)
            seen += [row.address for row in page.rows]
            after = page.after
            if not after:
                break
        assert seen == [f"r{n:02}@example.org" for n in range(40)]
        assert [row.period for row in browse_editions(connection).rows] == ["2026-11-24", "2026-11-23"]
        assert [row.period for row in browse_editions(connection, after=(2,)).rows] == ["2026-11-23"]
        found, unread = browse_articles(connection, search="STORY 1")
        assert [each.article.title for each in found.rows] == ["Tariff story 1"]
        assert not unread


def test_a_search_for_articles_stops_and_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many articles it says so, and its cursor goes on from there."""
    monkeypatch.setattr(browsing, "SEARCHED", 4)
    monkeypatch.setattr(browsing, "PAGE", 2)
    ids = [house.article(title=f"Tariff on rope {n}" if n % 3 == 0 else "") for n in range(10)]
    seen: list[int] = []
    after: tuple[int, ...] = ()
    with reading(house.engine) as connection:
        for _ in range(20):
            page, _unread = browse_articles(connection, search="rope", after=after)
            seen += [each.article_id for each in page.rows]
            after = page.after
            if not after:
                break

    assert seen == [ids[9], ids[6], ids[3], ids[0]]
