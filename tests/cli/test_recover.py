"""`digest recover`: after a backup was put back nothing goes out twice, and a person says what is sent after all."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from digest.cli.demo.catcher import Catcher
from tests.cli.program import HEADER, NEWSLETTERS, TARIFF, Program, Told, noon_zone

STEPS = {
    "refused": ("send", "daily", "--everyone"),
    "recovered": ("recover", "--after-restore"),
    "again": ("recover", "--after-restore", "--json"),
    "held": ("deliveries", "--json"),
    "sent": ("send", "daily", "--everyone"),
    "retried": ("deliveries", "--state", "in_doubt", "--retry"),
    "sent once more": ("send", "daily", "--everyone"),
}


@pytest.fixture(scope="module")
def told(program: Program, catcher: Catcher) -> dict[str, tuple[Told, int]]:
    """Send, put a backup of the time before back, and go through the steps: what each told, and the mails by then."""
    program.configure(catcher.smtp_url)
    program.write("newsletters.toml", NEWSLETTERS)
    program.write("articles/tariff.txt", TARIFF)
    program.write("readers.csv", f"{HEADER}ada@example.org,Ada,{noon_zone()},trade,06:00\n")
    program.run("init")
    program.run("newsletters", "apply", "newsletters.toml")
    program.run("subscribers", "import", "readers.csv", "--newsletter", "daily")
    program.run("articles", "add", "articles")
    (database,) = Path(program.folder).rglob("*.db")
    with closing(sqlite3.connect(database)) as plain:
        plain.execute("VACUUM INTO ?", (str(program.folder / "backup"),))
    program.run("send", "daily", "--everyone")
    for part in database.parent.glob(f"{database.name}-*"):
        part.unlink()
    shutil.copy(program.folder / "backup", database)
    return {name: (program.run(*words), len(catcher.messages)) for name, words in STEPS.items()}


def test_a_backup_that_was_put_back_is_noticed_and_nothing_is_sent(told: dict[str, tuple[Told, int]]):
    """One line says what to do."""
    said, mails = told["refused"]

    assert (said.status, mails) == (1, 1)
    assert said.err.rstrip().endswith("digest recover --after-restore")


def test_what_may_have_gone_out_is_held_until_a_person_says_otherwise(told: dict[str, tuple[Told, int]]):
    """Once held it stays so, however often it is said; then the same mail goes out once more."""
    assert "1 delivery held, with the reason `restored`." in told["recovered"][0].out
    assert told["again"][0].json == {"settled": 0, "held": 0}
    assert (told["sent"][1], told["sent once more"][1]) == (1, 2)
    assert "1 delivery will be sent once more" in told["retried"][0].out
