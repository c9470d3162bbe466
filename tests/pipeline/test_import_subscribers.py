"""Imports on a real database: nobody twice, nobody revived, nobody lost to somebody else's mistake."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from digest.errors import BadInput, NotFound
from digest.model.subscriber import Follow, Interests, SuppressionReason
from digest.pipeline.addresses import address_hash
from digest.pipeline.newsletters.apply_newsletters import apply_file
from digest.pipeline.subscribers.import_subscribers import Imported, ProblemReport, import_file
from digest.pipeline.subscribers.subscriber_columns import Columns
from digest.pipeline.subscribers.write_subscribers import merged_interests
from digest.shipped import shipped_folder
from digest.store.engine import open_engine
from digest.store.erasure import suppress
from digest.store.histories import history_of, stories_of
from digest.store.profiles import interests_from_text
from digest.store.tables import metadata

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=5)
SECRET = "s" * 32
NEWSLETTERS = """
[topics.trade]
name = "Trade"
[topics.energy]
name = "Energy"
[topics.sport]
name = "Sport"
[newsletters.daily]
name = "Daily"
postal_address = "1 Example Street"
sender = {name = "Press", address = "digest@news.example.org"}
[newsletters.weekly]
name = "Weekly"
postal_address = "1 Example Street"
sender = {name = "Press", address = "digest@news.example.org"}
schedule = {days = ["sun"], at = "09:00"}
"""


@pytest.fixture
def engine(database: str, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(database)
    metadata.create_all(engine)
    (tmp_path / "n.toml").write_text(NEWSLETTERS)
    apply_file(engine, tmp_path / "n.toml", now=NOW)
    yield engine
    engine.dispose()


def bring(
    engine: Engine, content: str | bytes, newsletter: str = "daily", now: datetime = NOW, **more: Any
) -> Imported:
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return import_file(engine, stream, newsletter=newsletter, now=now, secret=SECRET, **more)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as conn, conn.begin():
        return [tuple(row) for row in conn.execute(text(query))]


def interests(engine: Engine, address: str) -> Interests:
    (found,) = rows(
        engine,
        "SELECT interests FROM profiles p JOIN subscriptions s ON s.profile_id = p.id"
        f" JOIN subscribers u ON u.id = s.subscriber_id WHERE u.address = '{address}'",
    )
    return interests_from_text(found[0])


def test_the_shipped_readers_fit_the_shipped_newsletters(database: str):
    """Both examples work as they are."""
    engine = open_engine(database)
    metadata.create_all(engine)
    apply_file(engine, shipped_folder("subscribers") / "example.toml", now=NOW)

    found = import_file(
        engine, shipped_folder("subscribers") / "readers.example.csv", newsletter="daily", now=NOW, secret=SECRET
    )

    assert (found.added, found.problems) == (12, ())
    assert len(rows(engine, "SELECT DISTINCT locale FROM subscribers")) == 5
    engine.dispose()


def test_importing_the_same_file_again_changes_nothing(engine: Engine):
    """Safe to repeat, also days later."""
    content = (
        "email,name,timezone,topics,keywords,send_at,consent_source,consent_at\n"
        "kim@example.org,Kim,Asia/Seoul,trade:2,chips,06:30,form,2026-03-01T09:30:00Z\n"
        "lee@example.org,,,,,,,\n"
    )
    first = bring(engine, content)
    before = rows(engine, "SELECT * FROM subscriptions") + rows(engine, "SELECT * FROM consents")

    again = bring(engine, content, now=LATER)

    assert (first.added, first.unchanged) == (2, 0)
    assert (again.added, again.updated, again.unchanged) == (0, 0, 2)
    assert rows(engine, "SELECT * FROM subscriptions") + rows(engine, "SELECT * FROM consents") == before


def test_a_new_reader_is_due_at_their_own_hour_with_an_empty_history(engine: Engine):
    """Zone and hour make the cadence; nothing was shown yet; looking back starts at midnight UTC of today."""
    bring(engine, "email,timezone,send_at\nkim@example.org,Asia/Seoul,06:30\n")

    (row,) = rows(
        engine,
        "SELECT c.rule, c.zone, c.next_slot_at, s.since, u.history_id FROM subscriptions s"
        " JOIN cadences c ON c.id = s.cadence_id JOIN subscribers u ON u.id = s.subscriber_id",
    )
    with engine.connect() as conn, conn.begin():
        shown = stories_of(conn, row[4])
    micros = 1_000_000
    assert row[:2] == ("mon,tue,wed,thu,fri,sat,sun|06:30", "Asia/Seoul")
    assert row[2] == datetime(2026, 11, 23, 21, 30, tzinfo=UTC).timestamp() * micros
    assert row[3] == datetime(2026, 11, 23, tzinfo=UTC).timestamp() * micros
    assert shown == frozenset()


def test_a_topic_followed_later_is_followed_from_that_day(engine: Engine):
    """It does not bring back the archive; topics that stay keep their day, and a new weight does not move it."""
    bring(engine, "email,topics\nkim@example.org,trade\n")

    found = bring(engine, "email,topics\nkim@example.org,trade:2|energy\n", now=LATER)

    assert found.updated == 1
    assert interests(engine, "kim@example.org").follows == (Follow("energy", 1.0, LATER.date()), Follow("trade", 2.0))


def test_who_read_everything_and_then_chooses_has_followed_all_along():
    """Narrowing down is not following anew."""
    chosen = Interests(follows=(Follow("trade"),))

    found = merged_interests(Interests(), chosen, Columns({"email": 0, "topics": 1}, 2), LATER.date())

    assert found.follows == (Follow("trade", 1.0, None),)


def test_a_column_that_the_file_lacks_leaves_what_is_known(engine: Engine):
    """So does an empty name, zone or locale; an empty list of topics means everything."""
    bring(
        engine,
        "email,name,locale,timezone,topics,keywords,send_at\nkim@example.org,Kim,ko,Asia/Seoul,trade,chips,06:30\n",
    )

    without = bring(engine, "email\nkim@example.org\n")
    empty = bring(engine, "email,name,locale,timezone,topics\nkim@example.org,,,,\n")

    assert (without.unchanged, empty.updated) == (1, 1)
    assert rows(engine, "SELECT name, locale, zone FROM subscribers") == [("Kim", "ko", "Asia/Seoul")]
    assert rows(engine, "SELECT send_at FROM subscriptions") == [("06:30",)]
    assert interests(engine, "kim@example.org") == Interests(keywords=("chips",))


def test_a_reader_who_moves_gets_every_newsletter_at_their_new_hour(engine: Engine):
    """The zone belongs to the person, not to one list."""
    bring(engine, "email,timezone\nkim@example.org,Asia/Seoul\n", "weekly")

    bring(engine, "email,timezone\nkim@example.org,Europe/Berlin\n", "daily")

    assert rows(
        engine,
        "SELECT n.slug, c.zone FROM subscriptions s JOIN cadences c ON c.id = s.cadence_id"
        " JOIN newsletters n ON n.id = s.newsletter_id ORDER BY n.slug",
    ) == [("daily", "Europe/Berlin"), ("weekly", "Europe/Berlin")]


def test_the_last_row_of_a_mailbox_wins(engine: Engine):
    """However often and however written it stands in the file."""
    found = bring(engine, "email,name\nkim@example.org,One\nlee@example.org,Lee\nKIM@Example.org,Two\n")

    assert (found.added, found.repeated) == (2, 1)
    assert [tuple(each) for each in found.problems] == [
        (2, "email", "line 4 has the same mailbox; the last one counts")
    ]
    assert rows(engine, "SELECT name FROM subscribers ORDER BY name") == [("Lee",), ("Two",)]


def test_a_bad_row_is_reported_and_the_rest_goes_on(engine: Engine, tmp_path: Path):
    """With line, column and reason, also as a file."""
    content = "email,timezone,shoe size\nkim@example.org,,42\nbroken,Mars,\n\nlee@example.org,,\n"
    with ProblemReport(tmp_path / "report.csv") as report:
        found = bring(engine, content, on_problem=report)

    assert (found.added, found.refused) == (2, 1)
    assert [(one.line, one.column) for one in found.problems] == [(3, "email"), (3, "timezone")]
    assert found.notices == ("columns that were not understood and left out: shoe size",)
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [line[:2] for line in csv.reader(file)] == [["line", "column"], ["3", "email"], ["3", "timezone"]]


def test_a_suppressed_address_never_comes_back(engine: Engine):
    """Nor after the secret key was rotated."""
    with engine.connect() as conn, conn.begin():
        suppress(conn, address_hash(SECRET, "kim@example.org"), SuppressionReason.COMPLAINED, NOW)
        suppress(conn, address_hash("old" * 12, "lee@example.org"), SuppressionReason.BOUNCED, NOW)

    found = bring(engine, "email\nKim@EXAMPLE.org\nlee@example.org\nada@example.org\n", previous_secret="old" * 12)

    assert (found.added, found.suppressed) == (1, 2)
    assert "complained" in found.problems[0].reason
    assert rows(engine, "SELECT address FROM subscribers") == [("ada@example.org",)]


@pytest.mark.parametrize("reason", ["page", "one_click", "suppressed", "erased"])
def test_a_reader_who_left_is_not_brought_back_by_a_file(engine: Engine, reason: str):
    """An import cannot undo an unsubscribe; only the reader can."""
    bring(engine, "email,topics\nkim@example.org,trade\n")
    with engine.connect() as conn, conn.begin():
        conn.execute(text("UPDATE subscriptions SET state = 'ended', ended_reason = :r"), {"r": reason})

    found = bring(engine, "email,topics\nkim@example.org,sport\n", now=LATER)

    assert rows(engine, "SELECT state FROM subscriptions") == [("ended",)]
    assert (found.ended, found.updated) == (1, 0)
    assert len(rows(engine, "SELECT * FROM consents")) == 1


def test_a_reader_who_paused_stays_paused(engine: Engine):
    """New interests, same pause."""
    bring(engine, "email,topics\nkim@example.org,trade\n")
    with engine.connect() as conn, conn.begin():
        conn.execute(text("UPDATE subscriptions SET state = 'paused'"))

    assert bring(engine, "email,topics\nkim@example.org,sport\n").updated == 1
    assert rows(engine, "SELECT state FROM subscriptions") == [("paused",)]


def test_consent_is_appended_and_never_changed(engine: Engine):
    """A later consent stands beside the first."""
    row = "email,consent_source,consent_at\nkim@example.org,{},{}\n"
    bring(engine, row.format("form", "2026-03-01T09:30:00Z"))
    found = bring(engine, row.format("fair", "2026-04-01T09:30:00+02:00"))

    assert found.updated == 1
    assert rows(engine, "SELECT event, source FROM consents ORDER BY id") == [("given", "form"), ("given", "fair")]


def test_readers_with_equal_interests_share_one_profile(engine: Engine):
    """However they are written."""
    bring(
        engine, 'email,topics\na@example.org,trade|energy\nb@example.org,Energy;TRADE\nc@example.org,"energy,trade"\n'
    )

    assert len(rows(engine, "SELECT DISTINCT profile_id FROM subscriptions")) == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("name,topics\nKim,trade\n", id="no address column"),
        pytest.param('"email\n', id="open quotation mark"),
    ],
)
def test_a_file_without_a_usable_header_is_refused_whole(engine: Engine, content: str):
    """One line that says what the first line must be."""
    with pytest.raises(BadInput):
        bring(engine, content)


def test_an_unknown_newsletter_is_told_with_those_there_are(engine: Engine):
    """A typing mistake in the command."""
    with pytest.raises(NotFound, match="daily, weekly"):
        bring(engine, "email\n", "dayly")


def test_progress_is_told_to_the_end(engine: Engine, tmp_path: Path):
    """Bytes while reading, rows while writing."""
    path = tmp_path / "r.csv"
    path.write_text("email\n" + "".join(f"r{n}@example.org\n" for n in range(50)))
    told: list[tuple[str, int, int]] = []

    import_file(engine, path, newsletter="daily", now=NOW, secret=SECRET, progress=lambda *step: told.append(step))

    size = path.stat().st_size
    assert told == [("reading", size, size), ("writing", 50, 50)]


def test_an_import_that_was_killed_goes_on_when_it_is_run_again(engine: Engine, tmp_path: Path):
    """Whole batches or nothing; the second run adds what is missing and doubles nobody."""
    path = tmp_path / "r.csv"
    path.write_text("email,topics\n" + "".join(f"r{n}@example.org,trade\n" for n in range(6_000)))
    script = f"""
        import os, signal, sys
        from datetime import datetime, UTC
        from pathlib import Path
        from digest.store.engine import open_engine
        from digest.pipeline.subscribers.import_subscribers import import_file
        def die(stage, done, total):
            if stage == "writing":
                os.kill(os.getpid(), signal.SIGKILL)
        import_file(open_engine({engine.url.render_as_string()!r}), Path({str(path)!r}), newsletter="daily",
                    now=datetime(2026, 11, 23, 9, tzinfo=UTC), secret={SECRET!r}, progress=die)
    """
    engine.dispose()
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, env={**os.environ})
    half = rows(
        engine,
        "SELECT count(*), (SELECT count(*) FROM subscriptions), (SELECT count(*) FROM consents) FROM subscribers",
    )

    found = import_file(engine, path, newsletter="daily", now=NOW, secret=SECRET)

    assert killed.returncode == -signal.SIGKILL
    assert half == [(5_000, 5_000, 5_000)]
    assert (found.added, found.unchanged) == (1_000, 5_000)


def test_histories_are_named_by_what_they_hold(engine: Engine):
    """Equal sets are one row, whatever the order."""
    with engine.connect() as conn, conn.begin():
        one, same, other = (history_of(conn, frozenset(ids)) for ids in ([3, 1], [1, 3], [1]))

        assert one == same != other
        assert stories_of(conn, one) == frozenset({1, 3})
        with pytest.raises(NotFound):
            stories_of(conn, 10_000)
