"""Importing over readers who chose for themselves, and over an address that was corrected, by the real program."""

from __future__ import annotations

from tests.cli.program import HEADER, NEWSLETTERS, Program


def test_an_import_tells_what_it_left_alone(program: Program) -> None:
    """How many readers were kept, why, and the option that would not have kept them."""
    program.write("newsletters.toml", NEWSLETTERS)
    program.write("readers.csv", HEADER + "ada@example.org,Ada,UTC,trade,\nben@exmaple.org,Ben,UTC,,\n")
    program.configure("smtp://127.0.0.1:1?starttls=never")
    program.run("init")
    program.run("newsletters", "apply", "newsletters.toml")
    program.run("subscribers", "import", "readers.csv", "--newsletter", "daily")
    program.run("subscribers", "correct", "ben@exmaple.org", "ben@example.org")
    program.change("UPDATE subscriptions SET chosen_at = 1 WHERE id = 1")
    program.write("readers.csv", HEADER + "ada@example.org,Ada,UTC,trade,06:30\nben@exmaple.org,Ben,UTC,,\n")

    kept = program.run("subscribers", "import", "readers.csv", "--newsletter", "daily")
    counted = program.run("subscribers", "import", "readers.csv", "--newsletter", "daily", "--json")
    over = program.run("subscribers", "import", "readers.csv", "--newsletter", "daily", "--overwrite")

    assert "1 unchanged, 1 corrected\n" in kept.out
    assert "kept: 1 reader chose for themselves" in kept.out
    assert "this reader chose for themselves (hour)" in kept.err
    assert "this address was corrected to another" in kept.err
    assert (counted.json["kept"], counted.json["corrected"], kept.status) == (1, 1, 0)
    assert ("1 updated" in over.out, "kept" in over.out) == (True, False)
    assert program.rows("SELECT address FROM subscribers") == [("ada@example.org",), ("ben@example.org",)]
    assert program.rows("SELECT send_at FROM subscriptions WHERE id = 1") == [("06:30",)]
