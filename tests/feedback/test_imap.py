"""A mailbox on an IMAP server: what is new is read, once, and everything is left as it was."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from pydantic import SecretStr

from digest.errors import FetchRefused
from digest.feedback.imap import read_new
from digest.feedback.mailboxes import ImapFolder


@dataclass
class Server:
    """As much of an IMAP server as a reader of one folder needs; `said` are its clients' commands."""

    mails: dict[int, bytes] = field(default_factory=dict)
    validity: int = 7
    said: list[str] = field(default_factory=list)
    port: int = 0

    def folder(self, **changes: object) -> ImapFolder:
        facts = {"host": "127.0.0.1", "port": self.port, "tls": False, "username": "bounces", "folder": "INBOX"}
        return ImapFolder(**{**facts, "password": SecretStr("s3cret"), **changes})  # type: ignore[arg-type]


class Talk(socketserver.StreamRequestHandler):
    server_facts: ClassVar[Server]

    def handle(self) -> None:
        facts = self.server_facts
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline().decode().strip():
            mark, _, command = line.partition(" ")
            facts.said.append(command)
            word = command.upper().split()
            answer = b"OK done"
            if word[0] == "CAPABILITY":
                self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
            elif word[0] == "LOGIN" and '"s3cret"' not in command:
                answer = b"NO [AUTHENTICATIONFAILED] Authentication failed."
            elif word[0] == "EXAMINE" and "INBOX" not in command:
                answer = b"NO Mailbox doesn't exist"
            elif word[0] == "EXAMINE":
                self.wfile.write(b"* 0 EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n" % facts.validity)
            elif word[:2] == ["UID", "SEARCH"]:
                least = int(word[3].split(":")[0])
                uids = [uid for uid in facts.mails if uid >= least] or [*facts.mails][-1:]
                self.wfile.write(b"* SEARCH %s\r\n" % " ".join(map(str, uids)).encode())
            elif word[:2] == ["UID", "FETCH"]:
                mail = facts.mails[int(word[2])]
                self.wfile.write(b"* 1 FETCH (UID %s BODY[]<0> {%d}\r\n" % (word[2].encode(), len(mail)))
                self.wfile.write(mail + b")\r\n")
            elif word[0] == "LOGOUT":
                self.wfile.write(b"* BYE\r\n")
            self.wfile.write(mark.encode() + b" " + answer + b"\r\n")


@pytest.fixture
def server() -> Iterator[Server]:
    facts = Server({3: b"From: a@example.net\r\n\r\none", 8: b"From: b@example.net\r\n\r\ntwo"})
    handler = type("OneTalk", (Talk,), {"server_facts": facts})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as listening:
        facts.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        yield facts
        listening.shutdown()
        thread.join()


def test_mails_are_read_from_where_the_last_reading_ended(server: Server):
    """The last mail is named again by a server when nothing is new; it is not read again."""
    first = list(read_new(server.folder(), ""))
    again = list(read_new(server.folder(), first[-1][0]))
    server.mails[9] = b"From: c@example.net\r\n\r\nthree"
    later = list(read_new(server.folder(), first[-1][0]))

    assert [place for place, _ in first] == ["7:3", "7:8"]
    assert first[0][1] == b"From: a@example.net\r\n\r\none"
    assert not again
    assert [place for place, _ in later] == ["7:9"]


def test_a_folder_that_was_made_anew_is_read_from_its_beginning(server: Server):
    """Its numbers mean other mails now (RFC 3501 §2.3.1.1)."""
    server.validity = 8

    assert [place for place, _ in read_new(server.folder(), "7:8")] == ["8:3", "8:8"]


def test_the_folder_is_only_looked_at(server: Server):
    """Whoever reads it besides us finds everything as they left it."""
    list(read_new(server.folder(), ""))

    words = " ".join(server.said)
    assert "EXAMINE" in words
    assert "BODY.PEEK[]" in words
    assert not any(each in words for each in ("STORE", "SELECT", "EXPUNGE", "MOVE", "COPY"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": SecretStr("wrong")}, "Authentication failed"),
        ({"folder": "Elsewhere"}, "Mailbox doesn't exist"),
    ],
    ids=["a wrong password", "no such folder"],
)
def test_who_is_not_let_in_is_told_in_words(server: Server, changes: dict[str, object], words: str):
    """Which mailbox, and where it is named; never the password."""
    with pytest.raises(FetchRefused, match=words) as told:
        list(read_new(server.folder(**changes), ""))

    assert "DIGEST_BOUNCE_MAILBOX" in str(told.value)
    assert "wrong" not in str(told.value)


def test_a_server_that_is_away_is_told_in_words():
    """The next minute it is tried again."""
    with pytest.raises(FetchRefused, match="cannot be reached"):
        list(read_new(Server(port=1).folder(), ""))
