"""`digest worker` and `digest serve --no-sender`: the programs, as they are installed on several machines."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.cli.program import HEADER, NEWSLETTERS, TARIFF, Program, free_port, noon_zone, wait_until
from tests.house import House
from tests.sink import Sink


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Give the program in an empty folder."""
    return Program(tmp_path)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param(("worker",), "on SQLite `digest serve` sends", id="worker"),
        pytest.param(("serve", "--no-sender", "--port", "0"), "on SQLite nobody else sends", id="no sender"),
    ],
)
def test_on_sqlite_the_one_sender_is_named(program: Program, command: tuple[str, ...], says: str):
    """One line that says what to do."""
    program.configure("smtp://127.0.0.1:9?starttls=never")
    assert program.run("init").status == 0
    done = program.run(*command)

    assert done.status == 1
    (line,) = done.error_lines
    assert says in line


@pytest.mark.postgres
def test_a_scheduler_plans_and_a_worker_sends(program: Program, database: str, sink: Sink):
    """From the tables to the mail, with two processes that share nothing but the database."""
    program.configure(f"smtp://127.0.0.1:{sink.port}?starttls=never", DATABASE_URL=database)
    program.write("newsletters.toml", NEWSLETTERS)
    program.write("tariff.txt", TARIFF)
    program.write("readers.csv", f"{HEADER}ada@example.org,Ada,{noon_zone()},trade,06:00\n")
    for command in (
        ("init",),
        ("init",),
        ("newsletters", "apply", "newsletters.toml"),
        ("articles", "add", "tariff.txt"),
        ("subscribers", "import", "readers.csv", "--newsletter", "daily"),
    ):
        assert program.run(*command).status == 0
    house = House(program.folder, database)
    house.change("UPDATE articles SET collected_at = collected_at - 86400000000")
    with program.started("serve", "--no-sender", "--port", free_port(), "--every", "0.5") as scheduler:
        house.change("UPDATE cadences SET next_slot_at = :now", now=int(time.time() * 1_000_000))
        wait_until(lambda: house.rows("SELECT 1 FROM procrastinate_jobs"))
        unsent = len(sink.mails)
        ended = scheduler.send_signal(signal.SIGTERM) or scheduler.wait(20)
    house.change("DELETE FROM procrastinate_jobs")  # H6: the worker's own sweep brings it back
    with program.started("worker") as worker:
        wait_until(lambda: house.states() == {"ada@example.org": "sent"})
        wait_until(lambda: not house.rows("SELECT 1 FROM procrastinate_jobs"))
        stopped = worker.send_signal(signal.SIGTERM) or worker.wait(20)
    house.engine.dispose()

    assert (unsent, ended, stopped) == (0, 0, 0), (program.folder / "started.log").read_text()
    assert [mail.recipient for mail in sink.mails] == ["ada@example.org"]
