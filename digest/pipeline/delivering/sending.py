"""Sending: how it is done, and what it came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from digest.delivery.breaker import Breaker
from digest.delivery.causes import cause_of
from digest.delivery.connection import Timeouts
from digest.delivery.groups import grouping, load_providers
from digest.delivery.pool import Fault, Patience
from digest.delivery.throttle import Throttle
from digest.model.delivery import DeliveryState
from digest.settings.relay import Relay


def _unlimited() -> Throttle:
    return Throttle(grouping(load_providers()))


@dataclass(frozen=True, slots=True)
class Sending:
    """How to send: the servers, how many connections, our name in EHLO, how long to wait.

    `throttle` is what providers have told us about our pace, `breakers` how the servers were, one for each; keep them
    for as long as the process sends. `warm_up_from` is the first day of a new sender's first weeks.
    """

    relay: Relay
    connections: int = 10
    helo: str = ""
    timeouts: Timeouts | None = None
    patience: Patience | None = None
    throttle: Throttle = field(default_factory=_unlimited)
    others: tuple[Relay, ...] = ()
    breakers: list[Breaker] = field(default_factory=list)
    warm_up_from: date | None = None

    def __post_init__(self) -> None:
        """Make the breakers that are missing."""
        self.breakers.extend(Breaker() for _ in self.relays[len(self.breakers) :])

    @property
    def relays(self) -> tuple[Relay, ...]:
        """All servers."""
        return (self.relay, *self.others)


@dataclass(frozen=True, slots=True)
class Paused:
    """An edition that was paused for a fault of ours; `fault` is the last of those that showed it."""

    edition: str
    fault: Fault

    @property
    def words(self) -> str:
        """What happened and what to do."""
        mend = cause_of(self.fault.reply, self.fault.phase) if self.fault.server else "that (the log has more)"
        return (
            f"{self.edition} is paused: {_said(self.fault)}. Mend {mend};"
            f" then let the rest go out: digest resume {self.edition}"
        )


@dataclass(slots=True)
class Dispatched:
    """What a dispatch came to: rows by new state, and why it stopped early, if it did.

    `fault` is one of ours (sign-in, settings, reputation); `away` is the server that could not be reached;
    `interrupted` when the caller wished it to end; `paused` are editions whose readers' servers refuse us.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    fault: Fault | None = None
    away: Fault | None = None
    interrupted: bool = False
    recovered: int = 0
    paused: tuple[Paused, ...] = ()

    @property
    def stopped_by(self) -> str:
        """Why the rest was not tried, in words; "" when there is no rest."""
        if self.paused:
            return "; ".join(each.words for each in self.paused)
        why = self.fault or self.away
        if why is None:
            return "told to stop" if self.interrupted else ""
        return _said(why) if self.fault else f"{why.server} is away ({why.phase}): {_words(why)}"


def _said(fault: Fault) -> str:
    if not fault.server:
        return f"its mails cannot be sent: {_words(fault)}"
    return f"{fault.server} does not take our mail ({fault.phase}): {_words(fault)}"


def _words(fault: Fault) -> str:
    return " ".join(str(part) for part in (fault.reply.code or "", fault.reply.enhanced, fault.reply.text) if part)
