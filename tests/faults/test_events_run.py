"""Events in, mails out, and who adds or sends is killed: each event in exactly one mail, or in none and why."""

from __future__ import annotations

from pathlib import Path

from tests.faults.events_run import run


def test_each_event_is_in_exactly_one_mail_whoever_is_killed(tmp_path: Path) -> None:
    """A short form of scripts/events-run: all policies, kills of who adds and of who closes and sends."""
    found = run(tmp_path, events=1_000, readers=60, kills=3, apart=1.5)

    assert found.wrong == []
    assert found.events == 1_000
    assert set(found.fates) == {"sent", "cancelled", "expired", "suppressed: own", "suppressed: unsubscribed"}
