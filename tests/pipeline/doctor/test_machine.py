"""What the machine itself has to be: its clock, its zones, its files, and a key that nobody guesses."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.pipeline.doctor import machine
from digest.pipeline.doctor.verdict import Verdict


def test_a_key_as_the_manual_makes_it_is_good() -> None:
    """It comes from openssl rand -hex 32; nothing of it is told."""
    for _ in range(50):
        key = secrets.token_hex(32)
        (line,) = machine.secret(key, "")
        assert line.verdict is Verdict.OK
        assert key[:6] not in line.says


@pytest.mark.parametrize(
    ("key", "verdict"),
    [
        pytest.param("a" * 64, Verdict.FAIL, id="one letter"),
        pytest.param("k3y" * 12, Verdict.FAIL, id="a word again and again"),
        pytest.param("0123456789abcdef" * 3, Verdict.FAIL, id="a row again and again"),
        pytest.param("please change me to a secret of yours 42", Verdict.WARN, id="words"),
    ],
)
def test_a_key_that_can_be_guessed_is_told(key: str, verdict: Verdict) -> None:
    """Whoever has it can unsubscribe everybody."""
    (line,) = machine.secret(key, "")

    assert line.verdict is verdict
    assert "openssl rand -hex 32" in line.remedy
    assert key not in line.says + line.remedy


def test_a_rotation_needs_two_keys() -> None:
    """The same twice is none."""
    key = secrets.token_hex(32)

    assert next(machine.secret(key, key)).verdict is Verdict.WARN


@pytest.mark.parametrize(("year", "verdict"), [(1970, Verdict.FAIL), (2027, Verdict.OK), (2106, Verdict.FAIL)])
def test_a_clock_that_cannot_be_right_is_told(year: int, verdict: Verdict) -> None:
    """Before this release was made, or in another century."""
    assert next(machine.clock(datetime(year, 1, 1, tzinfo=UTC))).verdict is verdict


def test_a_zone_that_is_missing_is_named() -> None:
    """As a newsletter of that zone would never be due."""
    assert next(machine.zones(["Asia/Tokyo"])).verdict is Verdict.OK
    missing = next(machine.zones(["Mars/Olympus"]))
    assert missing.verdict is Verdict.FAIL
    assert "Mars/Olympus" in missing.says


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 11, 7), Verdict.WARN), ((3, 11, 10), Verdict.OK), ((3, 12, 4), Verdict.WARN), ((3, 13, 0), Verdict.OK)],
    ids=str,
)
def test_a_python_with_a_hole_in_its_headers_is_told(version: tuple[int, int, int], verdict: Verdict) -> None:
    """CVE-2024-6923."""
    assert next(machine.python(version)).verdict is verdict


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [(0o600, Verdict.OK), (0o640, Verdict.WARN), (0o644, Verdict.FAIL), (0o606, Verdict.FAIL)],
    ids=str,
)
def test_who_else_may_read_a_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, verdict: Verdict
) -> None:
    """With the command that ends it."""
    monkeypatch.setattr(machine, "_is_reachable", lambda path, bit: True)
    env = tmp_path / ".env"
    env.write_text("DIGEST_SECRET_KEY=x")
    env.chmod(mode)

    (line,) = machine.permissions([("settings", env), ("database", tmp_path / "none.db")])

    assert line.verdict is verdict
    assert verdict is Verdict.OK or line.remedy == f"run: chmod 600 {env}"


def test_a_file_in_a_closed_folder_is_closed(tmp_path: Path) -> None:
    """Whatever its own mode says."""
    closed = tmp_path / "var"
    closed.mkdir(mode=0o700)
    (closed / "digest.db").write_text("")
    (closed / "digest.db").chmod(0o666)

    assert [each.verdict for each in machine.permissions([("database", closed / "digest.db")])] == [Verdict.OK]
