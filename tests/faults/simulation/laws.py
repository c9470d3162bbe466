"""The laws of delivery (the invariants of docs/reliability.md), as a witness outside of the program sees them."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field

from digest.model.newsletter import InDoubt
from tests.faults.simulation.relay import Copy
from tests.house import House

STOP_BOUND = 0.5  # seconds after which nothing more is begun for who left, or of an edition that was held
REPLY_TIMEOUT = 600.0  # seconds that a server may take over the end of a message
_WAITING = frozenset({"ready", "claimed", "deferred"})
_ROWS = (
    "SELECT d.id, d.subscriber_id, d.state, d.lease_until IS NOT NULL, e.state"
    " FROM deliveries d JOIN editions e ON e.id = d.edition_id"
)
Row = tuple[str, str]  #: a recipient and a newsletter


class Broken(AssertionError):
    """A law was broken."""


@dataclass
class Laws:
    """What was begun, for whom, and who had left by then."""

    house: House
    policies: dict[str, InDoubt]
    left: dict[Row, float] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    clock_was_set: bool = False
    copies: defaultdict[Row, list[Copy]] = field(default_factory=lambda: defaultdict(list))
    _bytes: dict[str, str] = field(default_factory=dict)
    _sent: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._ledger = sqlite3.connect(self.house.engine.url.database or "")

    def close(self) -> None:
        """Look no more."""
        self._ledger.close()

    def begins(self, copy: Copy) -> None:
        """Judge a copy whose content is being written now."""
        row = who, letter = copy.recipient, copy.sender.partition("@")[0]
        before = [each for each in self.copies[row] if not each.denied]
        open_ones = [each for each in before if not each.resolved]
        self.copies[row].append(copy)
        if any(each.resolved for each in before):
            raise Broken(f"I3: {who} gets {letter} again, though the server's yes was on record")
        allowed = 1 if self.policies[letter] is InDoubt.RESEND_ONCE else 0
        if len(open_ones) > allowed:
            raise Broken(f"I2: copy {len(before) + 1} of {letter} for {who}, policy {self.policies[letter]}")
        pending = [each for each in open_ones if not each.life.is_gone and copy.at < each.at + REPLY_TIMEOUT]
        if pending and not self.clock_was_set:
            raise Broken(f"I2: {letter} goes to {who} again while the first may still be answered")
        if self._bytes.setdefault(copy.message_id, copy.digest) != copy.digest:
            raise Broken(f"I6: two messages to {who} with one Message-ID")
        if any(each.message_id != copy.message_id for each in open_ones):
            raise Broken(f"I6: another Message-ID for the second copy to {who}")
        since = self.left.get(row, self.held.get(letter))
        if since is not None and copy.at > since + STOP_BOUND + 1e-3:
            raise Broken(f"I8: {letter} to {who} begun {copy.at - since:.3f} s after they left or it was held")

    def after_commit(self) -> None:
        """Judge the database after a commit of a sender."""
        under_way: set[int] = set()
        sent: set[int] = set()
        for number, subscriber, state, is_claimed, edition in self._ledger.execute(_ROWS):
            if is_claimed and subscriber in under_way:
                raise Broken(f"two messages under way to one mailbox: delivery {number}")
            if is_claimed:
                under_way.add(subscriber)
            if edition == "finished" and (is_claimed or state in _WAITING):
                raise Broken(f"I1: an edition was finished before delivery {number}")
            if state == "sent":
                sent.add(number)
        if self._sent - sent:
            raise Broken(f"I7: delivery {min(self._sent - sent)} was sent and is not any more")
        self._sent = sent

    def is_at_rest(self) -> bool:
        """Whether nothing waits and nothing is claimed."""
        return not self.house.rows(
            "SELECT 1 FROM deliveries WHERE next_attempt_at IS NOT NULL OR lease_until IS NOT NULL"
            " OR state IN ('ready', 'claimed', 'deferred')"
        )

    def at_the_end(self) -> None:
        """Judge what became of everybody."""
        rows = self.house.rows(
            "SELECT d.id, d.address, n.slug, d.state, d.reason,"
            " EXISTS (SELECT 1 FROM attempts a WHERE a.delivery_id = d.id AND a.outcome = 'in_doubt')"
            " FROM deliveries d"
            " JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
        )
        for number, who, letter, state, reason, doubted in rows:
            copies = self.copies[who, letter]
            if state in _WAITING:
                raise Broken(f"I1: delivery {number} to {who} is {state} for ever")
            assumed = doubted and self.policies[letter] is InDoubt.ASSUME_SENT
            if state == "sent" and not assumed and not any(each.taken for each in copies):
                raise Broken(f"I1: {letter} to {who} is sent, and no server has it")
            if state != "sent" and any(each.resolved for each in copies):
                raise Broken(f"I7: {letter} to {who} was taken, that was on record, and it is {state} ({reason})")
            if state == "skipped" and not ((who, letter) in self.left or letter in self.cancelled):
                raise Broken(f"I1: {letter} to {who} was skipped ({reason}), and they had not left")
        stuck = self.house.rows("SELECT id FROM editions WHERE state NOT IN ('finished', 'cancelled')")
        if stuck:
            raise Broken(f"I1: edition {stuck[0][0]} never ends")
