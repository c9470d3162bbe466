"""A sender that was held up (by its database, or asleep) does not take that for a server's silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from digest.delivery.connection import Timeouts
from digest.delivery.pool import drain
from digest.model.delivery import Attempt, Outcome
from digest.pipeline.delivering.event_loop import run_loop
from digest.settings.relay import Relay
from tests.delivery.scripted import CLOCK, Notebook, envelope
from tests.sink import Sink

SHORT = Timeouts(
    connect=0.3, greeting=0.3, ehlo=0.3, tls=0.3, auth=0.3, mail=0.3, rcpt=0.3, data=0.3, body=0.3, dot=0.3, quit=0.3
)


class Held(Notebook):
    """Every tenth time it takes longer to write down than a server may take to answer."""

    def finished(self, attempt: Attempt) -> None:
        super().finished(attempt)
        if len(self.attempts) % 10 == 1:
            time.sleep(0.6)


@pytest.mark.parametrize("run", [asyncio.run, run_loop], ids=["asyncio", "the sender's loop"])
def test_an_answer_that_came_while_the_sender_was_held_up_counts(
    sink: Sink, run: Callable[[Coroutine[Any, Any, Any]], Any]
):
    """It is read before anybody is given up: no mail is deferred, and none in doubt."""
    left = [envelope(number) for number in range(1, 41)]
    notebook = Held()
    relay = Relay("127.0.0.1", sink.port, implicit_tls=False, starttls=False)
    take = lambda: left.pop(0) if left else None  # noqa: E731 - one expression
    run(drain(relay, connections=4, take=take, recorder=notebook, clock=CLOCK, timeouts=SHORT))

    assert [each.outcome for each in notebook.attempts] == [Outcome.SENT] * 40
    assert len(sink.mails) == 40
