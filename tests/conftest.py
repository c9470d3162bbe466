"""What tests about the whole way of a mail share: an installation and a mail server.

Tests of the store and the pipeline that use `database` (as `house` does) run twice: on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from digest.store.engine import open_engine
from digest.store.migrate import require_current
from tests import postgres
from tests.house import House
from tests.lived import Story, live
from tests.remembered import remembering
from tests.sink import Sink

# How long an example takes depends on what else the machine does.
settings.register_profile("digest", deadline=None)
settings.load_profile("digest")

BOTH = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]
_ON_BOTH = [Path(__file__).parent / name for name in ("store", "pipeline")]

_RENDERING = Path(__file__).parent / "rendering"
#: What takes longest, so that the last files of a run are short ones and no process waits for another.
_FIRST = [Path(__file__).parent / name for name in ("faults", "worker", "browser", "pipeline", "cli", "journeys")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    rank = {path: [not path.is_relative_to(folder) for folder in _FIRST] for path in {item.path for item in items}}
    items.sort(key=lambda item: rank[item.path])


def pytest_collection_finish() -> None:
    """Spare the search for garbage what stays to the end: thousands of tests, and all that was imported."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let tests of the store and the pipeline run on both databases, unless they are about one of them."""
    if "database" not in metafunc.fixturenames or metafunc.definition.get_closest_marker("sqlite"):
        return
    if metafunc.definition.get_closest_marker("postgres"):
        metafunc.parametrize("database", BOTH[1:], indirect=True)
    elif any(metafunc.definition.path.is_relative_to(folder) for folder in _ON_BOTH):
        metafunc.parametrize("database", BOTH, indirect=True)


@pytest.fixture(scope="module", autouse=True)
def _remembered(request: pytest.FixtureRequest) -> Iterator[None]:
    """Work out once what all tests share, but where that work is the subject."""
    if request.path.is_relative_to(_RENDERING):
        yield
        return
    with remembering():
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """Give a PostgreSQL of this test run's own, started when the first test needs it."""
    why = postgres.missing()
    if why:
        pytest.skip(why)
    from tests.kept import keeping

    with postgres.running() as server, keeping():
        yield server


@pytest.fixture(scope="session")
def migrated(postgres_server: postgres.Server) -> str:
    """Give the name of a PostgreSQL database with the schema of this release, for one test at a time."""
    name = postgres_server.create()
    engine = open_engine(postgres_server.url(name))
    require_current(engine)
    engine.dispose()
    return name


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database without any rows."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path}/digest.db"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name: str = request.getfixturevalue("migrated")
    server.empty(name)
    yield server.url(name)
    server.part(name)


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    """Give an installation with a vocabulary and the newsletter "daily" (07:00 in each reader's zone)."""
    made = House(tmp_path, database)
    made.newsletter("daily")
    yield made
    made.engine.dispose()


@pytest.fixture
def lived(request: pytest.FixtureRequest, house: House, sink: Sink) -> Callable[[Story], House]:
    """Give a function that returns the house after a story, which the tests of a file live through once."""
    on_postgres = house.engine.dialect.name == "postgresql"
    server = request.getfixturevalue("postgres_server") if on_postgres else None
    return lambda story: live(story, house, sink, server)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Give a mail server that takes everything, until it is told otherwise."""
    with Sink() as server:
        yield server
