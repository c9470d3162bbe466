"""Workers whose machines disagree about the time agree by the database's clock."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from sqlalchemy import text

from digest.store.clock import DatabaseClock
from digest.store.engine import open_engine, reading

pytestmark = pytest.mark.postgres


@pytest.fixture
def engine(database):
    """Give an engine of an empty database."""
    opened = open_engine(database)
    yield opened
    opened.dispose()


def shown_by(engine):
    with reading(engine) as connection:
        return connection.execute(text("SELECT clock_timestamp()")).scalar_one()


def test_a_worker_goes_by_the_clock_of_the_database(engine, monkeypatch):
    """Not by its own, which may be ten minutes ahead."""
    monkeypatch.setattr("time.time", lambda: 0.0)
    before = shown_by(engine)
    now = DatabaseClock(engine).now()
    after = shown_by(engine)

    assert before <= now <= after + timedelta(milliseconds=5)
    assert now.tzinfo is UTC


def test_the_clock_goes_on_while_the_database_is_away(engine, postgres_server, database):
    """A mail server's reply is written down with its time, whatever became of the database."""
    ticks = iter([100.0, 101.0, 101.0, 200.0, 200.0, 200.0])
    clock = DatabaseClock(engine, seconds=lambda: next(ticks))
    start = clock.now()
    engine.dispose()
    postgres_server.stop()
    away = clock.now()
    postgres_server.start()

    assert away - start == timedelta(seconds=99)
