"""Where mails lie: files, folders, mbox, Maildir."""

from __future__ import annotations

import os

import pytest

from digest.feedback.mailbox import find_mails
from digest.feedback.read import read_report
from tests.feedback.reports import dsn, group, plain

SEPARATOR = b"From mailer-daemon Mon Nov 23 07:00:00 2026\n"


def found_in(place):
    """Return the recipients of all reports in *place*, and the problems."""
    problems: list[str] = []
    recipients = [each.recipient for mail in find_mails(place, problems) for each in read_report(mail.data)]
    return recipients, problems


def test_a_folder_is_read_in_the_order_of_names_with_those_below_it(tmp_path):
    """Hidden files are not ours."""
    (tmp_path / "b").mkdir()
    (tmp_path / "2.eml").write_bytes(dsn(group(to="two@example.net")))
    (tmp_path / "b" / "3").write_bytes(dsn(group(to="three@example.net")))
    (tmp_path / "1.eml").write_bytes(dsn(group(to="one@example.net")))
    (tmp_path / ".hidden").write_bytes(dsn(group(to="no@example.net")))

    assert found_in(tmp_path) == (["one@example.net", "two@example.net", "three@example.net"], [])


def test_a_maildir_gives_its_new_and_its_seen_mails(tmp_path):
    """What is half written in tmp is left, and so are the notes of the server."""
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.host:2,S").write_bytes(dsn(group(to=f"{name}@example.net")))
    (tmp_path / "dovecot.index.cache").write_bytes(b"\x00")

    assert found_in(tmp_path) == (["cur@example.net", "new@example.net"], [])


def test_an_mbox_gives_each_mail_with_its_number(tmp_path):
    """RFC 4155; a quoted From in a text begins no mail, and loses its mark."""
    first, second = dsn(group(to="one@example.net")), plain(">From here on\n\n<two@example.net>:\n550 5.1.1 gone")
    (tmp_path / "box").write_bytes(SEPARATOR + first + b"\n" + SEPARATOR + second)

    mails = list(find_mails(tmp_path / "box", []))

    assert [mail.number for mail in mails] == [1, 2]
    assert b"\nFrom here on" in mails[1].data
    assert found_in(tmp_path / "box")[0] == ["one@example.net", "two@example.net"]


def test_a_single_mail_that_returns_one_with_a_from_line_stays_one(tmp_path):
    """What a server returns may begin as a mail of an mbox does."""
    returned = SEPARATOR + b"From: digest@news.example.org\nTo: ann@example.net\n\nTariffs fell.\n"
    (tmp_path / "one.eml").write_bytes(plain("<ann@example.net>:\n550 5.1.1 User unknown\n\n") + returned)

    assert found_in(tmp_path / "one.eml") == (["ann@example.net"], [])


def test_a_huge_mail_in_an_mbox_does_not_hide_the_next(tmp_path):
    """Of each the first megabyte is kept."""
    huge = dsn(group(to="one@example.net")) + b"x" * 70 + b"\n" + (b"y" * 70 + b"\n") * 40_000
    (tmp_path / "box").write_bytes(SEPARATOR + huge + b"\n" + SEPARATOR + dsn(group(to="two@example.net")))

    mails = list(find_mails(tmp_path / "box", []))

    assert [len(mail.data) < 1_200_000 for mail in mails] == [True, True]
    assert found_in(tmp_path / "box")[0] == ["one@example.net", "two@example.net"]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.eml", b"", "there is no mail in it"),
        ("list.txt", b"buy milk\nand bread\n", "there is no mail in it"),
        ("picture", b"\x89PNG\r\n\x1a\n" + b"\x00" * 500, "there is no mail in it"),
    ],
)
def test_a_file_without_a_mail_is_told_in_one_line(tmp_path, name, content, why):
    """It begins with the path."""
    (tmp_path / name).write_bytes(content)

    assert found_in(tmp_path / name) == ([], [f"{tmp_path / name}: {why}"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told_and_the_others_are_read(tmp_path):
    """With the reason that the system gives."""
    (tmp_path / "1.eml").write_bytes(b"")
    (tmp_path / "1.eml").chmod(0)
    (tmp_path / "2.eml").write_bytes(dsn(group()))

    recipients, problems = found_in(tmp_path)

    assert recipients == ["ann@example.net"]
    assert problems == [f"{tmp_path / '1.eml'}: it cannot be read: Permission denied"]


def test_a_pipe_is_not_waited_for(tmp_path):
    """A reader of a named pipe would hang."""
    os.mkfifo(tmp_path / "pipe")

    assert found_in(tmp_path) == ([], [f"{tmp_path / 'pipe'}: it is no file; give mails, mbox files or folders"])
