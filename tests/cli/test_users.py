"""`digest users`: accounts for the staff pages."""

from __future__ import annotations

from tests.cli.program import Program

PASSWORD = "rope ladder at noon"


def test_accounts_are_made_listed_changed_and_taken_out(program: Program) -> None:
    """The password comes from the first line of stdin; it is never shown."""
    program.configure("smtp://127.0.0.1:1?starttls=never")
    program.run("init")
    assert "digest users put" in program.run("users", "list").out

    made = program.run("users", "put", "Mina", "--role", "admin", typed=f"{PASSWORD}\n")
    again = program.run("users", "put", "mina", "--role", "editor", typed=f"{PASSWORD}!\n")
    weak = program.run("users", "put", "ben", typed="short\n")
    unknown = program.run("users", "put", "ben", "--role", "king", typed=f"{PASSWORD}\n")

    assert (made.status, "Mina is admin" in made.out) == (0, True)
    assert "mina is now editor" in again.out
    assert (weak.status, "12 to 256" in weak.err) == (1, True)
    assert (unknown.status, "viewer" in unknown.err) == (2, True)
    assert '"editor"' in program.run("users", "list", "--json").out
    assert PASSWORD not in made.out + made.err + again.out + again.err
    assert program.run("users", "remove", "MINA").status == 0
    assert program.run("users", "remove", "mina").status == 1
