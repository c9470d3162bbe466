"""Several mail servers: how connections are shared out among them, and how each one is (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from digest.delivery.breaker import Breaker
from digest.delivery.commands import Offer, reason_not_to_send
from digest.delivery.throttle import Bucket
from digest.model.delivery import Envelope, Outcome, Phase, Reply
from digest.settings.relay import Relay


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing more is tried: whose words, in which phase, of which server."""

    outcome: Outcome
    phase: Phase
    reply: Reply
    server: str


@dataclass(slots=True)
class Server:
    """One mail server and what was learnt about it."""

    relay: Relay
    breaker: Breaker
    bucket: Bucket | None = None
    offer: Offer | None = None  # what it said last that it can do
    pipelining: bool = True  # False once the server has shown that it cannot
    chunking: bool = True  # the same
    has_chunked: bool = False  # a message has gone the short way
    closes_after: set[int] = field(default_factory=set)  # so many messages, without a word
    live: int = 0  # lanes with an open connection
    running: int = 0  # lanes that have not ended
    knocking: int = 0  # lanes that wait to be let in, with a message
    doubts: int = 0  # in a row
    trouble: Fault | None = None  # why no connection was made the last time

    @property
    def is_well(self) -> bool:
        """True while others may leave their messages to it."""
        return self.running > 0 and self.trouble is None and self.breaker.is_closed

    def may_take(self, envelope: Envelope) -> bool:
        """Say whether *envelope* needs nothing that this server is known not to offer (SMTPUTF8, size, 8-bit text)."""
        return self.offer is None or reason_not_to_send(envelope, self.offer) is None

    def is_careful(self, place: int) -> bool:
        """Say whether the message that is *place*-th of its connection, from 0, waits for its recipient's reply.

        The first do, until one has gone the short way: that keeps a server which cannot do what it offers from
        leaving anything in doubt. So does one before which the server has closed once.
        """
        return (place == 0 and not self.has_chunked) or place in self.closes_after

    def note_whole(self, outcome: Outcome) -> None:
        """Note what became of a message that went complete in one write."""
        if outcome is Outcome.SENT:
            self.has_chunked = True
        elif outcome is Outcome.IN_DOUBT and not self.has_chunked:
            self.chunking = False  # one such loss is enough, while it has never worked


def share(relays: Sequence[Relay], connections: int) -> list[int]:
    """Return how many of *connections* each server gets: by weight, at least one, at most what it allows.

    What one server may not have goes to the others; every server has one, however few *connections* are.
    """
    shares = [1] * len(relays)
    for _ in range(connections - len(relays)):
        open_to_more = [
            at for at, relay in enumerate(relays) if not relay.connections or shares[at] < relay.connections
        ]
        if not open_to_more:
            break
        # Whoever is furthest behind its weight gets the next one; the first named on a tie.
        shares[min(open_to_more, key=lambda at: (shares[at] + 1) / relays[at].weight)] += 1
    return shares
