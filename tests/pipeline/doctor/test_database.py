"""What the database has to be, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from digest.pipeline.doctor.database import database
from digest.pipeline.doctor.verdict import Verdict, guarded
from digest.store.engine import open_engine
from tests.house import MONDAY, House


def by_name(engine: Engine) -> dict[str, Verdict]:
    return {each.check: each.verdict for each in guarded("database", lambda: database(engine, MONDAY))}


def test_a_database_as_we_make_it_is_right(house: House) -> None:
    """Version, wholeness, migrations; a PostgreSQL of tests has another clock, and does without fsync."""
    found = by_name(house.engine)

    assert found.pop("database clock", Verdict.WARN) is Verdict.WARN
    assert found.pop("database settings", Verdict.FAIL) is Verdict.FAIL
    assert set(found.values()) == {Verdict.OK}
    assert {"database", "migrations"} <= set(found)


def test_a_database_of_another_release_is_told(house: House) -> None:
    """With what to run; nothing is migrated by looking."""
    ((head,),) = house.rows("SELECT version_num FROM alembic_version")
    house.change("UPDATE alembic_version SET version_num = '0000'")
    found = by_name(house.engine)
    after = house.rows("SELECT version_num FROM alembic_version")
    house.change("UPDATE alembic_version SET version_num = :head", head=head)  # tests share a PostgreSQL database

    assert found["migrations"] is Verdict.FAIL
    assert after == [("0000",)]


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[Engine]:
    """Give a database of which a page in the middle is noise."""
    house = House(tmp_path)
    house.newsletter()
    for _ in range(5):
        house.article()
    house.rows("SELECT 1")
    house.engine.dispose()
    file = tmp_path / "digest.db"
    content = bytearray(file.read_bytes())
    for page in range(2 * 4096, len(content), 4096):
        content[page : page + 2_000] = b"\xa5" * 2_000
    file.write_bytes(content)
    engine = open_engine(f"sqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.mark.sqlite
def test_a_damaged_file_is_told_and_is_no_error_of_ours(damaged: Engine) -> None:
    """Whether quick_check finds it or SQLite gives up before."""
    lines = guarded("database", lambda: database(damaged, MONDAY))

    assert [each for each in lines if each.verdict is not Verdict.OK]
    assert "damaged" in " ".join(each.says for each in lines)
