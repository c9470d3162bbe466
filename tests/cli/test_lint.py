"""`digest lint`: a mail in a file, or a newsletter's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import NEWSLETTERS, TARIFF, Program
from tests.rendering.lint.clean import mail


@pytest.fixture(scope="module")
def good(program: Program) -> Path:
    path = program.folder / "good.eml"
    path.write_bytes(mail())
    return path


def test_a_good_mail_has_nothing_wrong(program: Program, good: Path) -> None:
    """Status 0 and one sentence; no settings are needed."""
    told = program.run("lint", good)

    assert (told.status, told.out, told.err) == (0, "Nothing is wrong with it.\n", "")


def test_an_error_is_told_with_its_rule_and_what_to_do(program: Program) -> None:
    """Status 1; the line of the header is named."""
    bad = program.folder / "bad.eml"
    bad.write_bytes(mail(head=lambda head: head.replace("=One-Click", "=Click")))

    told = program.run("lint", bad)

    assert told.status == 1
    first, second, last = told.out.splitlines()
    assert first.startswith(
        "L2   error  List-Unsubscribe-Post is 'List-Unsubscribe=Click' (List-Unsubscribe-Post, line "
    )
    assert second.strip() == "write List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    assert last == "1 error and 0 warnings."


def test_a_program_reads_the_same_as_json(program: Program) -> None:
    """Each finding with rule, level, what, remedy, header, part and line; warnings leave the status 0."""
    warned = program.folder / "warned.eml"
    warned.write_bytes(mail(head=lambda head: head.replace("Feedback-ID", "X-Other")))

    told = program.run("lint", warned, "--json")

    assert told.status == 0
    assert (told.json["errors"], told.json["warnings"]) == (0, 1)
    (finding,) = told.json["findings"]
    assert finding["rule"] == "L17"
    assert finding["level"] == "warn"
    assert finding["header"] == "Feedback-ID"
    assert set(finding) == {"rule", "level", "what", "remedy", "header", "part", "line"}
    assert len(told.json["checked"]) + len(told.json["elsewhere"]) == 56


def test_a_hostile_mail_does_not_steer_the_terminal(program: Program) -> None:
    """Escape sequences in a header are spelled out."""
    bad = program.folder / "steering.eml"
    bad.write_bytes(mail(head=lambda head: head.replace("Precedence: bulk", "Precedence: \x1b]0;gone\x07")))

    told = program.run("lint", bad)

    assert told.status == 1
    assert "\x1b" not in told.out


@pytest.mark.parametrize("wrong", [["lint"], ["lint", "missing.eml"], ["lint", "good.eml", "--locale", "de"]], ids=str)
def test_what_cannot_be_asked_is_a_mistake_of_use(program: Program, good: Path, wrong: list[str]) -> None:
    """Status 2."""
    assert program.run(*wrong).status == 2


def test_a_newsletter_is_looked_at_as_a_sample_reader_would_get_it(program: Program) -> None:
    """Its own mail in its own language; without an article there is none to look at; nothing is written."""
    program.configure("smtp://127.0.0.1:9?starttls=never", base_url="https://news.example.org")
    program.write("newsletters.toml", NEWSLETTERS)
    program.write("tariff.txt", TARIFF)
    assert program.run("newsletters", "apply", "newsletters.toml").status == 0

    without = program.run("lint", "daily")
    assert program.run("articles", "add", "tariff.txt").status == 0
    told = program.run("lint", "daily", "--json")
    german = program.run("lint", "daily", "--locale", "de", "--json")
    unknown = program.run("lint", "nightly")

    assert without.status == 1
    assert "digest articles add" in without.err
    assert (told.status, german.status) == (0, 0)
    assert [each["rule"] for each in told.json["findings"]] == ["L3"]
    assert unknown.status == 1
    assert program.rows("SELECT count(*) FROM digests") == [(0,)]
