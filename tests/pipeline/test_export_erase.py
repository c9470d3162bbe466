"""What leaves the database: exports, "my data", and people who ask to be forgotten."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from digest.errors import NotFound
from digest.pipeline.newsletters.apply_newsletters import apply_file
from digest.pipeline.subscribers.erase_subscriber import erase_subscriber
from digest.pipeline.subscribers.export_subscribers import EXPORTED, export_subscribers
from digest.pipeline.subscribers.import_subscribers import Imported, import_file
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from digest.store.engine import open_engine
from digest.store.tables import metadata

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECRET = "s" * 32
NEWSLETTERS = """
[topics.trade]
name = "Trade"
[topics.sport]
name = "Sport"
[newsletters.daily]
name = "Daily"
postal_address = "1 Example Street"
sender = {name = "Press", address = "digest@news.example.org"}
"""
READERS = (
    "email,name,locale,timezone,topics,muted,keywords,languages,send_at,consent_source,consent_at\n"
    "kim.secretive@example.org,Kimberly Secretive,ko,Asia/Seoul,trade:2,sport,secretive-keyword,ko|pt-BR,06:30,secretive form,2026-03-01T09:30:00Z\n"
    "lee@example.org,Lee,en,UTC,trade,,,,,,\n"
)


def fresh(path: Path, database: str = "") -> Engine:
    engine = open_engine(database or f"sqlite:///{path}/digest.db")
    metadata.create_all(engine)
    (path / "n.toml").write_text(NEWSLETTERS)
    apply_file(engine, path / "n.toml", now=NOW)
    return engine


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Iterator[Engine]:
    engine = fresh(tmp_path, database)
    yield engine
    engine.dispose()


def bring(engine: Engine, content: str) -> Imported:
    return import_file(engine, io.BytesIO(content.encode()), newsletter="daily", now=NOW, secret=SECRET)


def export(engine: Engine) -> str:
    out = io.StringIO()
    export_subscribers(engine, out, newsletter="daily")
    return out.getvalue()


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as conn, conn.begin():
        return [tuple(row) for row in conn.execute(text(query))]


def send_something(engine: Engine, address: str, state: str = "sent") -> None:
    """Put one delivery with an attempt on record, as a send would."""
    with engine.connect() as conn, conn.begin():
        who = conn.execute(
            text(
                "SELECT s.id, u.id, u.name FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
                " WHERE u.address = :a"
            ),
            {"a": address},
        ).one()
        conn.execute(
            text("INSERT INTO editions (newsletter_id, period, state, created_at) VALUES (1, :p, 'open', 0)"),
            {"p": f"2026-11-23-{state}"},
        )
        conn.execute(
            text(
                "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, state, address, name,"
                " planned_at, next_attempt_at) VALUES ((SELECT max(id) FROM editions), :u, :s, 0, :st, :a, :n, 0, :next)"
            ),
            {"u": who[1], "s": who[0], "a": address, "n": who[2], "st": state, "next": 1 if state == "ready" else None},
        )
        conn.execute(
            text(
                "INSERT INTO attempts (delivery_id, attempt_no, outcome, phase, reply_code, enhanced, text, server,"
                " started_at, finished_at) VALUES ((SELECT max(id) FROM deliveries), 1, 'sent', 'dot', 250, '2.0.0',"
                " :t, 'mx.example.org', 0, 0)"
            ),
            {"t": f"queued for <{address}>"},
        )


def test_an_export_imports_into_an_empty_database_as_it_was(engine: Engine, tmp_path: Path):
    """Export, import, export: the same bytes."""
    bring(engine, READERS)
    (tmp_path / "other").mkdir()
    other = fresh(tmp_path / "other")

    found = bring(other, export(engine))

    assert (found.added, found.problems, found.notices) == (2, (), ())
    assert export(other) == export(engine)
    assert bring(engine, export(engine)).unchanged == 2
    other.dispose()


def test_an_export_brings_nobody_back_who_had_left(engine: Engine, tmp_path: Path):
    """Moving house revives no one."""
    bring(engine, READERS)
    with engine.connect() as conn, conn.begin():
        conn.execute(text("UPDATE subscriptions SET state = 'ended', ended_reason = 'page' WHERE id = 2"))
    (tmp_path / "other").mkdir()
    other = fresh(tmp_path / "other")

    found = bring(other, export(engine))

    assert (found.added, found.ended) == (1, 1)
    other.dispose()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "'="])
def test_a_formula_for_a_name_is_harmless_in_the_export_and_whole_after_it(engine: Engine, start: str):
    """A spreadsheet shows it as text; an import has the name back."""
    name = f"{start}cmd|'/C calc'!A0"
    bring(engine, "email\nkim@example.org\n")
    with engine.connect() as conn, conn.begin():
        conn.execute(text("UPDATE subscribers SET name = :n"), {"n": name})
    content = export(engine)

    cell = next(iter(csv.DictReader(io.StringIO(content))))["name"]
    assert cell == f"'{name}"
    assert bring(engine, content).unchanged == 1


_names = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_names, min_size=1, max_size=5))
def test_names_of_all_kinds_survive_the_round_trip(engine: Engine, names: list[str]):
    """Law: importing an export changes nothing."""
    out = io.StringIO()
    csv.writer(out).writerows([("email", "name"), *((f"r{n}@example.org", name) for n, name in enumerate(names))])
    bring(engine, out.getvalue())

    again = bring(engine, export(engine))

    assert (again.added, again.updated, again.refused) == (0, 0, 0)


def test_an_export_can_be_read_by_programs(engine: Engine):
    """One JSON object per line, the same columns."""
    bring(engine, READERS)
    out = io.StringIO()

    assert export_subscribers(engine, out, newsletter="daily", as_json=True) == 2
    first = json.loads(out.getvalue().splitlines()[0])
    assert tuple(first) == EXPORTED
    assert (first["topics"], first["state"]) == ("trade:2", "active")


def test_my_data_is_all_that_is_stored(engine: Engine):
    """Agreements, proofs, deliveries and what the servers said."""
    bring(engine, READERS)
    send_something(engine, "kim.secretive@example.org")

    found = subscriber_as_json(engine, "Kim.Secretive@EXAMPLE.org")

    assert found["name"] == "Kimberly Secretive"
    assert found["subscriptions"][0]["interests"]["follows"] == [{"topic": "trade", "weight": 2.0, "since": None}]
    assert found["consents"][0]["source"] == "secretive form"
    assert found["deliveries"][0]["attempts"][0]["reply_code"] == 250
    assert json.dumps(found)
    with pytest.raises(NotFound):
        subscriber_as_json(engine, "nobody@example.org")


@pytest.mark.sqlite
def test_after_an_erasure_no_byte_of_the_reader_is_left(engine: Engine, tmp_path: Path):
    """Not in rows, free pages, the slack of pages, or the write-ahead log; others lose nothing."""
    many = "email,name\n" + "".join(f"r{n}@example.org,Reader {n}\n" for n in range(2_000))
    bring(engine, READERS)
    send_something(engine, "kim.secretive@example.org")
    bring(engine, many)
    with engine.connect() as conn, conn.begin():  # leaves old text behind, where nothing points to it
        conn.execute(text("UPDATE subscribers SET name = name || ' the Third and a good deal more'"))
        conn.execute(text("DELETE FROM consents WHERE subscriber_id > 500"))

    done = erase_subscriber(engine, "Kim.Secretive@example.org", secret=SECRET, now=NOW)

    assert (done.deliveries, done.cleared) == (1, True)
    for path in tmp_path.glob("digest.db*"):
        content = path.read_bytes().lower()
        for trace in (b"secretive", b"kimberly"):
            assert trace not in content, path.name
    assert rows(engine, "SELECT count(*) FROM subscribers WHERE address <> ''") == [(2_001,)]
    assert rows(engine, "PRAGMA integrity_check") == [("ok",)]


def test_what_stays_of_an_erased_reader_is_counts_and_a_hash(engine: Engine):
    """The log still adds up, and the address can never be mailed again."""
    bring(engine, READERS)
    send_something(engine, "kim.secretive@example.org")

    erase_subscriber(engine, "kim.secretive@example.org", secret=SECRET, now=NOW)

    assert rows(engine, "SELECT address, name, state FROM deliveries") == [("", "", "sent")]
    assert rows(engine, "SELECT reply_code, text FROM attempts") == [(250, "")]
    assert rows(engine, "SELECT event, source FROM consents WHERE subscriber_id = 1") == [("given", "")]
    assert rows(engine, "SELECT state, ended_reason FROM subscriptions WHERE id = 1") == [("ended", "erased")]
    assert rows(engine, "SELECT reason FROM suppressions") == [("erased",)]
    again = bring(engine, READERS)
    assert (again.suppressed, again.unchanged) == (1, 1)
    assert "lee@example.org" in export(engine)
    assert len(export(engine).splitlines()) == 2


def test_mail_that_was_waiting_for_an_erased_reader_is_not_sent(engine: Engine):
    """It is skipped, with a reason."""
    bring(engine, READERS)
    send_something(engine, "kim.secretive@example.org", "ready")

    erase_subscriber(engine, "kim.secretive@example.org", secret=SECRET, now=NOW)

    assert rows(engine, "SELECT state, reason, next_attempt_at FROM deliveries") == [("skipped", "unsubscribed", None)]


@pytest.mark.sqlite
def test_an_erasure_that_could_not_clear_the_file_says_so_and_can_be_run_again(engine: Engine, tmp_path: Path):
    """Somebody else was reading; the rows are clean already."""
    bring(engine, READERS)
    with open_engine(str(engine.url)).connect() as reader:
        driver = reader.connection.driver_connection
        driver.execute("BEGIN")
        driver.execute("SELECT count(*) FROM subscribers").fetchone()
        with engine.connect() as conn, conn.begin():
            conn.exec_driver_sql("PRAGMA busy_timeout = 50")
        held = erase_subscriber(engine, "kim.secretive@example.org", secret=SECRET, now=NOW)
        driver.execute("ROLLBACK")
        reader.engine.dispose()
    freed = erase_subscriber(engine, "kim.secretive@example.org", secret=SECRET, now=NOW)

    assert (held.cleared, freed.cleared) == (False, True)
    assert b"secretive" not in b"".join(path.read_bytes() for path in tmp_path.glob("digest.db*"))


def test_who_was_never_here_cannot_be_erased(engine: Engine):
    """A typing mistake must not look like success."""
    with pytest.raises(NotFound, match="check its spelling"):
        erase_subscriber(engine, "nobody@example.org", secret=SECRET, now=NOW)
