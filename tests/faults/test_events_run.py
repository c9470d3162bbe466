"""Events in, mails out, and who adds or sends is killed: each event in exactly one mail, or in none and why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.faults import events_check
from tests.faults.events_run import run


def test_each_event_is_in_exactly_one_mail_whoever_is_killed(tmp_path: Path) -> None:
    """A short form of scripts/events-run: all policies, kills of who adds and of who closes and sends."""
    found = run(tmp_path, events=1_000, readers=60, kills=3, apart=1.5)

    assert found.wrong == []
    assert found.events == 1_000
    assert set(found.fates) == {"sent", "cancelled", "expired", "suppressed: own", "suppressed: unsubscribed"}


def test_the_checker_misses_a_mail_and_sees_an_event_that_came_twice(tmp_path: Path) -> None:
    """Run by itself, with nothing but the two files: the program is not even in its path."""
    run(tmp_path, events=100, readers=20, kills=0)

    assert _wrong(tmp_path) == []
    assert any("came to nobody" in each for each in _wrong(tmp_path, "a mail is missing"))
    assert any("in two mails" in each for each in _wrong(tmp_path, "its events come again"))


def _wrong(folder: Path, how: str = "") -> list[str]:
    """Return what the checker finds wrong with the record, or with the record changed."""
    first, *others = (folder / "mails.txt").read_text(encoding="ascii").splitlines()
    recipient, _, digest, *keys = first.split()
    again = [" ".join([recipient, "<another@example.org>", digest, *keys])]
    lines = {"": [first, *others], "a mail is missing": others, "its events come again": [first, *others, *again]}
    (folder / "changed.txt").write_text("\n".join(lines[how]) + "\n", encoding="ascii")
    command = [sys.executable, "-I", str(events_check.__file__), "events.jsonl", "changed.txt"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert told.returncode == int(bool(how)), told.stderr
    return list(json.loads(told.stdout)["wrong"])
