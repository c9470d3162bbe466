"""`digest feedback hear`, the evidence and the mailbox setting, as a person and a program meet them."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.cli.demo.catcher import Catcher
from digest.tokens import Purpose, Tokens
from tests.cli.program import HEADER, NEWSLETTERS, TARIFF, Program, noon_zone, wait_until
from tests.feedback.reports import dsn, group

ANNA, BEN = "anna@example.net", "ben@example.net"
DEAD = "550 5.1.1 User unknown"


@pytest.fixture(scope="module")
def sent(program: Program, catcher: Catcher) -> Program:
    """Give an installation that has sent Anna and Ben one mail each."""
    program.configure(f"smtp://127.0.0.1:{catcher.port}?starttls=never")
    program.write("letters.toml", NEWSLETTERS)
    rows = "".join(f"{each},,{noon_zone()},trade,06:00\n" for each in (ANNA, BEN))
    program.write("readers.csv", HEADER + rows)
    program.write("articles/tariff.txt", TARIFF)
    for command in (
        ("init",),
        ("newsletters", "apply", "letters.toml"),
        ("subscribers", "import", "readers.csv", "--newsletter", "daily"),
        ("articles", "add", "articles"),
        ("send", "daily"),
    ):
        told = program.run(*command)
        assert told.status == 0, told.err
    return program


def bounce(program: Program, address: str) -> bytes:
    (row,) = program.rows(f"SELECT id FROM deliveries WHERE address = '{address}'")
    tag = Tokens("k3y" * 12).make(Purpose.BOUNCE, row[0])
    return dsn(group(DEAD, to=address), to=address).replace(b"To: bounce@", f"To: bounces+{tag}@".encode(), 1)


def test_what_came_back_is_heard_once(sent: Program):
    """Anna's address is dead; the second time it is said that this was heard before."""
    (sent.folder / "back").mkdir()
    (sent.folder / "back" / "1.eml").write_bytes(bounce(sent, ANNA))
    (sent.folder / "back" / "2.eml").write_bytes(dsn(group(DEAD, to=BEN), to=BEN))

    first, again = (sent.run("feedback", "hear", "back") for _ in range(2))
    as_json = sent.run("feedback", "hear", "back", "nowhere", "--json")

    assert (first.status, first.out) == (0, "2 mails: 1 suppressed, 1 of no effect.\n")
    assert (again.status, again.out) == (0, "2 mails: 2 heard before.\n")
    assert as_json.status == 1
    assert as_json.error_lines == ["digest: nowhere: there is no such file or folder"]
    assert as_json.json == {
        "mails": 2, "known": 2, "nothing": 0, "counted": 0, "suppressed": 0, "left": 0, "paused": [],
    }  # fmt: skip
    assert sent.rows("SELECT state FROM subscriptions ORDER BY id") == [("ended",), ("active",)]


def test_the_evidence_about_one_reader_is_printed(sent: Program):
    """For people and for programs; of the other reader nothing."""
    told = sent.run("subscribers", "show", BEN, "--evidence")
    found = sent.run("subscribers", "show", BEN, "--evidence", "--json").json

    assert told.status == 0
    for words in ("Consent, oldest first", "AI-generated", "none on record", "disclaimer", "one click", "Tariff Truce"):
        assert words in told.out
    assert ANNA not in told.out
    assert found["shown"][0]["disclaimer"].startswith("This content is AI-generated.")
    assert found["shown"][0]["disclaimer_version"] in told.out


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("pop3://me:word@mail.example.org", "must look like imaps://user:password@host/INBOX or maildir:/path"),
        ("imaps://mail.example.org/INBOX", "must look like imaps://user:password@host/INBOX or maildir:/path"),
        ("imap://me:word@mail.example.org", "must be imaps://"),
        ("maildir:", "must look like"),
    ],
    ids=["another protocol", "no login", "in clear over the net", "no folder"],
)
def test_a_wrong_mailbox_is_told_in_words_and_without_its_password(sent: Program, url: str, words: str):
    """Before anything is read."""
    told = sent.run("newsletters", "list", DIGEST_BOUNCE_MAILBOX=url)

    assert told.status == 1
    assert len(told.error_lines) == 1
    assert told.error_lines[0].startswith("digest: DIGEST_BOUNCE_MAILBOX ")
    assert words in told.err
    assert "word@mail" not in told.err


def test_serve_hears_a_maildir(sent: Program):
    """As soon as it runs, and then every minute; the mail stays where it is."""
    for each in ("new", "cur", "tmp"):
        (sent.folder / "box" / each).mkdir(parents=True)
    mail = Path(sent.folder, "box", "new", "1764000000.M1P1.host")
    mail.write_bytes(bounce(sent, BEN))

    box = f"maildir:{sent.folder / 'box'} imap://me:secret@127.0.0.1:1/INBOX"
    with sent.started("serve", "--port", "0", DIGEST_BOUNCE_MAILBOX=box):
        ended = wait_until(lambda: sent.rows("SELECT 1 FROM subscriptions WHERE state = 'active'") == [])
        log = wait_until(lambda: "cannot be reached" in (text := (sent.folder / "started.log").read_text()) and text)

    assert ended
    assert mail.exists()
    assert "mailbox_unread" in log
    assert "secret" not in log
