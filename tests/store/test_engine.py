"""The door to the database: what is wrong with its file is told in words, and readers never wait for writers."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import make_url, text

from digest.errors import DatabaseBusy, DatabaseFailed, SettingsError
from digest.store import engine as door
from digest.store.engine import Exchange, open_engine, reading
from digest.store.lock import sender_lock
from digest.store.migrate import migrate, require_current
from digest.store.prepared import Prepared
from digest.store.tables import metadata


@pytest.fixture
def opened(tmp_path):
    """Give a function that opens a database of this folder, and closes it afterwards."""
    engines = []

    def open_one(name="digest.db"):
        engines.append(open_engine(f"sqlite:///{tmp_path}/{name}"))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.dispose()


def test_a_new_database_is_made_ready_with_its_folder_for_the_owner_only(opened, tmp_path):
    """Addresses of readers are nobody else's business."""
    engine = opened("var/digest.db")
    require_current(engine)

    with reading(engine) as connection:
        tables = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
    assert {"articles", "deliveries", "subscribers", "alembic_version"} <= tables
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_making_a_database_ready_twice_changes_nothing(opened):
    """`digest init` may stand in every deployment script."""
    first, second = migrate(opened()), migrate(opened())

    require_current(opened())
    assert first == second


def test_several_processes_may_meet_at_a_new_database(tmp_path):
    """`digest serve` and a cron job start in the same second."""
    wrong = []

    def start():
        engine = open_engine(f"sqlite:///{tmp_path}/digest.db")
        try:
            require_current(engine)
        except Exception as error:  # noqa: BLE001  # any of them
            wrong.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda path: path.mkdir(), "cannot be opened", id="a folder"),
        pytest.param(lambda path: path.write_text("Dear reader, " * 100), "not an SQLite database", id="a letter"),
        pytest.param(lambda path: _database(path, "CREATE TABLE articles (x)"), "another program", id="another's"),
        pytest.param(
            lambda path: _database(
                path, "CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('9999')"
            ),
            "install the release that made it",
            id="of a later release",
        ),
    ],
)
@pytest.mark.parametrize("use", [require_current, migrate])
def test_a_file_that_is_not_our_database_is_told_and_left_alone(opened, tmp_path, make, says, use):
    """One line, whichever command meets it first; the file is not touched."""
    path = tmp_path / "digest.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None

    with pytest.raises(DatabaseFailed, match=says):
        use(opened())

    assert before is None or _tables(path, before)


def _database(path, *statements):
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def _tables(path, before):
    if not before.startswith(b"SQLite"):
        return path.read_bytes() == before
    connection = sqlite3.connect(path)
    found = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    connection.close()
    return len(found) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """A file stands where the folder should."""
    (tmp_path / "var").write_text("")

    with pytest.raises(SettingsError, match="cannot make the folder"):
        open_engine(f"sqlite:///{tmp_path}/var/digest.db")


@pytest.fixture
def empty(postgres_server):
    """Give the URL of a PostgreSQL database without tables."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.mark.postgres
def test_several_processes_may_meet_at_an_empty_postgresql(empty):
    """Each finds the schema whole; one of them made it."""
    wrong = []

    def start():
        engine = open_engine(empty)
        try:
            require_current(engine)
        except Exception as error:  # noqa: BLE001  # any of them
            wrong.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


@pytest.mark.postgres
def test_the_migrations_make_what_the_tables_say(empty):
    """On PostgreSQL as on SQLite: columns, keys and indexes."""
    engine = open_engine(empty)
    migrate(engine)

    with engine.connect() as connection:
        ours = {"include_name": lambda name, *_: not str(name).startswith("procrastinate_")}
        differences = compare_metadata(MigrationContext.configure(connection, opts=ours), metadata)
    engine.dispose()
    assert differences == []


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"database": "absent"}, 'database "absent" does not exist', id="no database"),
        pytest.param({"username": "nobody-we-know"}, 'role "nobody-we-know" does not exist', id="no such user"),
        pytest.param({"query": {"host": "/nowhere"}}, "cannot be reached", id="no server"),
    ],
)
def test_a_postgresql_that_cannot_be_used_is_told(empty, change, says):
    """One line that says what to do."""
    engine = open_engine(make_url(empty).set(**change).render_as_string(hide_password=False))

    with pytest.raises(DatabaseFailed, match=says) as caught:
        require_current(engine)

    engine.dispose()
    assert "\n" not in str(caught.value)


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_postgresql_that_stops_is_told_and_used_again_when_it_is_back(postgres_server, empty, mode):
    """Restarted under our hands, at once or in peace; what was not committed is not there."""
    engine = open_engine(empty)
    require_current(engine)

    def write(ledger):
        postgres_server.stop(mode)
        postgres_server.start()
        Prepared("INSERT INTO topics (slug, spec) VALUES (?, '{}')").run_many(ledger, [(mode,)])

    with closing(Exchange(engine)) as ledger, pytest.raises(DatabaseFailed, match="cannot be"):
        ledger.transact(write)

    with reading(engine) as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM topics")).scalar_one() == 0
    engine.dispose()


@pytest.mark.postgres
def test_a_writer_waits_ten_seconds_for_another_ones_row(empty, monkeypatch):
    """Then it says so."""
    postgres = pytest.importorskip("digest.store.postgres", exc_type=ImportError)
    monkeypatch.setitem(postgres._SESSION, "lock_timeout", "50ms")
    engine = open_engine(empty)
    require_current(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO topics (slug, spec) VALUES ('a', '{}')"))

    change = text("UPDATE topics SET slug = 'b'")
    with engine.begin() as one, engine.connect() as other:
        one.execute(change)
        with pytest.raises(DatabaseBusy, match="try again"):
            other.execute(change)
    engine.dispose()


@pytest.mark.postgres
def test_a_transaction_that_a_deadlock_undid_is_done_again(empty):
    """Two that take the same rows in another order both end well."""
    engine = open_engine(empty)
    require_current(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO topics (slug, spec) VALUES ('a', '0'), ('b', '0')"))
    both_hold_one = threading.Barrier(2, timeout=20)
    tried = []

    def take(order):
        def work(ledger):
            tried.append(order)
            for number, slug in enumerate(order):
                Prepared("UPDATE topics SET spec = to_json(spec::text::int + 1) WHERE slug = ?").run_many(
                    ledger, [(slug,)]
                )
                if number == 0 and len(tried) <= 2:
                    both_hold_one.wait()

        ledger = Exchange(engine)
        ledger.transact(work)
        ledger.close()

    threads = [threading.Thread(target=take, args=(order,)) for order in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading(engine) as connection:
        assert connection.execute(text("SELECT spec::text FROM topics")).scalars().all() == ["2", "2"]
    assert len(tried) == 3
    engine.dispose()


def test_who_reads_never_waits_for_who_writes(opened):
    """`digest deliveries` answers at once while an import of a million readers is under way."""
    engine = opened()
    require_current(engine)

    with engine.begin() as writer:
        writer.execute(text("INSERT INTO topics (slug, spec) VALUES ('a', '{}')"))
        before = time.monotonic()
        other = opened()
        require_current(other)
        with reading(other) as connection:
            seen = connection.execute(text("SELECT COUNT(*) FROM topics")).scalar_one()
        waited = time.monotonic() - before

    assert (seen, waited < 2) == (0, True)


def test_two_writers_that_meet_for_too_long_are_told_in_words(opened, monkeypatch):
    """After the wait, a sentence and no traceback."""
    monkeypatch.setattr(door, "_BUSY_MS", 50)
    engine, other = opened(), opened()
    require_current(engine)

    with engine.begin(), pytest.raises(DatabaseBusy, match="try again"), other.begin():
        pass

    with other.begin() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_mistake_of_our_own_keeps_its_traceback(opened):
    """Only what is wrong outside the program becomes a sentence."""
    with reading(opened()) as connection, pytest.raises(Exception, match="no such table") as caught:
        connection.execute(text("SELECT * FROM absent"))

    assert not isinstance(caught.value, DatabaseFailed)


def test_one_sender_at_a_time_holds_the_lock(opened, tmp_path):
    """The second is told; the first one's end lets go."""
    engine, state = opened(), tmp_path / "state"
    busy = pytest.raises(DatabaseBusy, match="another process is sending")
    with sender_lock(engine, state), busy, sender_lock(engine, state):
        pass

    with sender_lock(engine, state):
        assert (tmp_path / "state").stat().st_mode & 0o077 == 0


@pytest.mark.postgres
def test_a_connection_that_was_cut_is_made_anew(database, postgres_server):
    """As after a restart of the server: the next use finds out, and goes on."""
    engine = open_engine(database)
    for _ in range(2):
        with engine.connect() as connection:
            found = connection.execute(text("SELECT 1")).scalar_one()
        postgres_server.part(engine.url.database)
    engine.dispose()

    assert found == 1
