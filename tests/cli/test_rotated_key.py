"""A new DIGEST_SECRET_KEY, the old one beside it: who must not be mailed stays so."""

from __future__ import annotations

from tests.cli.program import HEADER, NEWSLETTERS, Program

OLD, NEW = "old-k3y-" * 5, "new-k3y-" * 5


def test_an_erased_reader_stays_erased_when_the_key_is_rotated(program: Program) -> None:
    """Neither an import nor a corrected address brings them back; the old key may go once it was looked up."""
    program.write("newsletters.toml", NEWSLETTERS)
    program.write("readers.csv", HEADER + "ada@example.org,Ada,UTC,,\nben@example.org,Ben,UTC,,\n")
    program.configure("smtp://127.0.0.1:1?starttls=never", SECRET_KEY=OLD)
    program.run("init")
    program.run("newsletters", "apply", "newsletters.toml")
    program.run("subscribers", "import", "readers.csv", "--newsletter", "daily")
    program.run("subscribers", "erase", "ben@example.org", "--yes")
    program.configure("smtp://127.0.0.1:1?starttls=never", SECRET_KEY=NEW, SECRET_KEY_PREVIOUS=OLD)

    corrected = program.run("subscribers", "correct", "ada@example.org", "ben@example.org")
    imported = program.run("subscribers", "import", "readers.csv", "--newsletter", "daily")
    erased = program.run("subscribers", "erase", "ben@example.org", "--yes")
    program.configure("smtp://127.0.0.1:1?starttls=never", SECRET_KEY=NEW)
    without = program.run("subscribers", "import", "readers.csv", "--newsletter", "daily")

    assert (corrected.status, "suppressed" in corrected.err) == (1, True)
    assert "1 suppressed" in imported.out
    assert erased.status == 0
    assert "1 suppressed" in without.out
    assert program.rows("SELECT address FROM subscribers WHERE address <> ''") == [("ada@example.org",)]
    assert program.rows("SELECT count(*) FROM suppressions") == [(1,)]
