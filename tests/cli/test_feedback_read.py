"""`digest feedback read`, as a program and a person read it."""

from __future__ import annotations

import json

from tests.feedback.reports import complaint, dsn, group


def test_a_program_that_reads_reports_is_given_one_object_for_each_recipient(program):
    """The names are those of the design; what follows them helps people."""
    full = group("552 5.2.2 Mailbox full", to="bo@example.net", status="5.2.2")
    (program.folder / "back").mkdir()
    (program.folder / "back" / "1.eml").write_bytes(dsn(group(), full))
    (program.folder / "back" / "2.eml").write_bytes(complaint())

    told = program.run("feedback", "read", "back", "--json")

    objects = [json.loads(line) for line in told.out.splitlines()]
    assert told.status == 0
    assert list(objects[0])[2:7] == ["kind", "class", "status", "reply_code", "recipient"]
    assert [(each["path"], each["class"], each["recipient"]) for each in objects] == [
        ("back/1.eml", "hard", "ann@example.net"),
        ("back/1.eml", "soft", "bo@example.net"),
        ("back/2.eml", "complaint", "ann@example.net"),
    ]


def test_a_person_is_shown_a_table(program):
    """With the finer word for why."""
    (program.folder / "one.eml").write_bytes(dsn(group()))

    told = program.run("feedback", "read", "one.eml")

    assert told.status == 0
    assert all(word in told.out for word in ("bounce", "hard", "5.1.1", "550", "ann@example.net", "no-such-user"))


def test_what_cannot_be_read_has_a_line_each_and_the_others_are_read_all_the_same(program):
    """Exit status 1; nothing is stored, not even a database."""
    (program.folder / "good.eml").write_bytes(dsn(group()))
    (program.folder / "note.txt").write_text("buy milk\n")

    told = program.run("feedback", "read", "nowhere", "note.txt", "good.eml", "--json")

    assert told.status == 1
    assert told.error_lines == [
        "digest: nowhere: there is no such file or folder",
        "digest: note.txt: there is no mail in it",
    ]
    assert json.loads(told.out)["class"] == "hard"
    assert not (program.folder / "var").exists()
