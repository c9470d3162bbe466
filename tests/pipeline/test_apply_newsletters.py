"""Applying newsletter files to a real database."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from digest.errors import BadNewsletter
from digest.pipeline.newsletters.apply_newsletters import Applied, apply_file
from digest.pipeline.subscribers.import_subscribers import import_file
from digest.store.engine import open_engine
from digest.store.newsletters import load_newsletters, load_sources, load_topics
from digest.store.tables import metadata

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LETTER = """
[topics.trade]
name = "Trade"
[newsletters.daily]
name = "Daily"
postal_address = "1 Example Street"
sender = {name = "Press", address = "digest@news.example.org"}
schedule = {days = "daily", at = "07:00", zone = "subscriber"}
"""
FEED = '[sources.world]\nkind = "feed"\nlocation = "https://www.example.org/a.xml"\n'


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def apply(engine: Engine, tmp_path: Path):
    def run(content: str, *, dry_run: bool = False, now: datetime = NOW) -> Applied:
        path = tmp_path / "letters.toml"
        path.write_text(content, "utf-8")
        return apply_file(engine, path, postal_address="", dry_run=dry_run, now=now)

    return run


def cadences(engine: Engine) -> list[tuple[str, str, str]]:
    query = (
        "SELECT u.address, c.rule, c.zone FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
        " JOIN cadences c ON c.id = s.cadence_id ORDER BY u.address"
    )
    with engine.connect() as conn, conn.begin():
        return [tuple(row) for row in conn.execute(text(query))]


def stored(engine: Engine):
    with engine.connect() as conn, conn.begin():
        return load_newsletters(conn), load_topics(conn), load_sources(conn)


def test_applying_twice_is_the_same_as_once(engine: Engine, apply):
    """The second run finds nothing to do."""
    assert apply(LETTER + FEED).changes == ("topic trade: new", "source world: new", "newsletter daily: new")
    assert apply(LETTER + FEED).changes == ()


def test_a_dry_run_shows_the_changes_and_makes_none(engine: Engine, apply):
    """Look before you leap."""
    apply(LETTER)

    shown = apply(LETTER.replace("07:00", "08:00"), dry_run=True)

    assert shown.changes == ("newsletter daily: schedule.at 07:00 → 08:00",)
    assert apply(LETTER).changes == ()


def test_a_file_with_one_mistake_changes_nothing(engine: Engine, apply):
    """Nothing half-applied."""
    apply(LETTER)
    before = stored(engine)

    with pytest.raises(BadNewsletter):
        apply(LETTER.replace('"Trade"', '"Commerce"') + '[newsletters.other]\nname = "Other"\n')

    assert stored(engine) == before


def test_what_the_file_does_not_mention_is_left_alone(engine: Engine, apply):
    """Two files may keep two newsletters; the second may use the first one's topics."""
    apply(LETTER)

    apply(
        LETTER.replace("daily]", "evening]").replace('[topics.trade]\nname = "Trade"\n', "").replace("Daily", "Evening")
    )

    letters, topics, _ = stored(engine)
    assert list(letters) == ["daily", "evening"]
    assert list(topics) == ["trade"]


def test_a_new_hour_moves_every_reader_but_those_with_their_own(engine: Engine, apply):
    """Zones stay, own hours stay, and cadences that nobody is under are gone."""
    apply(LETTER)
    readers = b"email,timezone,send_at\na@example.org,Asia/Seoul,\nb@example.org,Europe/Berlin,\nc@example.org,Asia/Seoul,06:30\n"
    import_file(engine, io.BytesIO(readers), newsletter="daily", now=NOW, secret="s" * 32)

    apply(LETTER.replace("07:00", "08:15").replace('"daily", at', '["sat", "sun"], at'))

    assert cadences(engine) == [
        ("a@example.org", "sat,sun|08:15", "Asia/Seoul"),
        ("b@example.org", "sat,sun|08:15", "Europe/Berlin"),
        ("c@example.org", "sat,sun|06:30", "Asia/Seoul"),
    ]
    with engine.connect() as conn, conn.begin():
        assert conn.execute(text("SELECT count(*) FROM cadences")).scalar() == 3
        saturday = datetime(2026, 11, 27, 21, 30, tzinfo=UTC).timestamp() * 1_000_000
        assert conn.execute(text("SELECT min(next_slot_at) FROM cadences")).scalar() == saturday


def test_one_zone_for_all_and_back_again(engine: Engine, apply):
    """A fixed zone gathers the readers; giving it up lets each have their own."""
    apply(LETTER)
    readers = b"email,timezone\na@example.org,Asia/Seoul\nb@example.org,Europe/Berlin\n"
    import_file(engine, io.BytesIO(readers), newsletter="daily", now=NOW, secret="s" * 32)

    apply(LETTER.replace('"subscriber"', '"UTC"'))
    gathered = {zone for _, _, zone in cadences(engine)}
    apply(LETTER)

    assert gathered == {"UTC"}
    assert [zone for _, _, zone in cadences(engine)] == ["Asia/Seoul", "Europe/Berlin"]


def test_a_source_that_moved_is_read_afresh(engine: Engine, apply):
    """What the old address said about freshness is worth nothing at the new one."""
    apply(LETTER + FEED)
    with engine.connect() as conn, conn.begin():
        conn.execute(text("UPDATE sources SET etag = 'x', next_visit_at = 9e18"))

    apply(LETTER + FEED.replace("a.xml", "b.xml"))

    with engine.connect() as conn, conn.begin():
        etag, visit = conn.execute(text("SELECT etag, next_visit_at FROM sources")).one()
    assert (etag, visit) == ("", NOW.timestamp() * 1_000_000)


@pytest.mark.parametrize(
    "content", [pytest.param(b"\xff\xfe\x00", id="not UTF-8"), pytest.param(b"#" * 5_000_001, id="too large")]
)
def test_a_file_that_cannot_be_text_is_refused(engine: Engine, tmp_path: Path, content: bytes):
    """In words."""
    (tmp_path / "x.toml").write_bytes(content)
    with pytest.raises(BadNewsletter, match=r"x\.toml"):
        apply_file(engine, tmp_path / "x.toml", now=NOW)


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "[newsletters]\n"])
def test_a_file_that_names_nothing_is_told_so(engine: Engine, tmp_path: Path, content: str):
    """It is a mistake rather than what the database says already."""
    (tmp_path / "empty.toml").write_text(content)

    with pytest.raises(BadNewsletter, match=r"empty\.toml names no newsletter, stream, topic or source"):
        apply_file(engine, tmp_path / "empty.toml", now=NOW)


def test_a_missing_file_is_told_by_its_path(engine: Engine, tmp_path: Path):
    """Check the path."""
    with pytest.raises(BadNewsletter, match="check the path"):
        apply_file(engine, tmp_path / "none.toml", now=NOW)
