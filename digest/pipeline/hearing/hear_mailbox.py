"""Hear what lies in the mailboxes that bounces go to, as `digest serve` does every minute."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from digest.errors import FetchRefused
from digest.feedback.imap import read_new
from digest.feedback.mailbox import find_mails, unmarked
from digest.feedback.mailboxes import ImapFolder
from digest.log import get_logger
from digest.pipeline.hearing.hear import Heard, hear
from digest.pipeline.hearing.hear_replies import hear_replies
from digest.pipeline.installation import Installation
from digest.store.engine import reading
from digest.store.reports import bookmark, move_bookmark

EVERY = 60.0  # seconds


class Listener:
    """Hears mailboxes and the mail servers' refusals; what it has seen in a Maildir it remembers while it runs."""

    def __init__(self, house: Installation, mailboxes: Sequence[ImapFolder | Path]) -> None:
        self._house = house
        self._mailboxes = mailboxes
        self._seen: set[str] = set()

    def listen(self) -> None:
        """Hear everything that is new; a mailbox that cannot be read is told, and keeps no other waiting."""
        hear_replies(self._house)
        for mailbox in self._mailboxes:
            if isinstance(mailbox, Path):
                _tell(str(mailbox), hear(self._house, self._new_in(mailbox)))
                continue
            try:
                _tell(mailbox.name, hear_folder(self._house, mailbox))
            except FetchRefused as why:
                get_logger().error("mailbox_unread", why=str(why))

    def _new_in(self, folder: Path) -> Iterator[bytes]:
        problems: list[str] = []
        for found in find_mails(folder, problems, but=self._seen):
            yield found.data
            if found.path.parent.name in ("cur", "new"):  # elsewhere a file may grow
                self._seen.add(unmarked(found.path))
        for problem in problems:
            get_logger().error("mailbox_unread", why=problem)


def hear_folder(house: Installation, mailbox: ImapFolder) -> Heard:
    """Hear the mails of an IMAP folder since the last time; raises FetchRefused."""
    name = "imap:" + hashlib.sha256(mailbox.name.encode()).hexdigest()
    with reading(house.engine) as connection:
        position = bookmark(connection, name)
    reached = [position]

    def new() -> Iterator[bytes]:
        for reached[0], mail in read_new(mailbox, position):
            yield mail

    heard = hear(house, new())
    if reached[0] != position:
        with house.engine.begin() as connection:
            move_bookmark(connection, name, reached[0])
    return heard


def _tell(mailbox: str, heard: Heard) -> None:
    if heard.effects:
        get_logger().info("heard", mailbox=mailbox, **{each.value: count for each, count in heard.effects.items()})
