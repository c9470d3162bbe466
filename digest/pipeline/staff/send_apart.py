"""Mails that are no deliveries: sent at once by the mail servers of all others, and in no log but the caller's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from digest.delivery.pool import Patience, drain
from digest.model.delivery import Attempt, Envelope
from digest.pipeline.delivering.event_loop import run_loop
from digest.pipeline.delivering.sending import Sending
from digest.pipeline.installation import Installation

_PATIENCE = 10.0  # seconds


@dataclass
class _Notes:
    """What the pool reports of each message."""

    attempts: list[Attempt] = field(default_factory=list)

    def about_to_complete(self, envelope: Envelope) -> bool:  # noqa: ARG002  # nobody can leave
        return True

    def finished(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)


def send_apart(house: Installation, sending: Sending, envelopes: Sequence[Envelope]) -> list[Attempt]:
    """Send *envelopes* over one connection; return each try. A server that is not there is given up soon."""
    notes, rest = _Notes(), iter(envelopes)

    def take() -> Envelope | None:
        with suppress(StopIteration):
            return next(rest)
        return None

    async def run() -> None:
        await drain(
            sending.relays,
            connections=1,
            take=take,
            recorder=notes,
            clock=house.clock,
            timeouts=sending.timeouts,
            helo=sending.helo,
            patience=sending.patience or Patience(first_contact=_PATIENCE),
            stop=asyncio.Event(),
        )

    run_loop(run())
    return notes.attempts
