"""Empties a queue of envelopes into one mail server over several connections.

Each connection takes a message, sends it, has the outcome recorded and only then writes again. A server
that is away, full or closing is waited for and costs no message anything but time; a fault of ours stops
everything before it is repeated ten thousand times.
"""

from __future__ import annotations

import asyncio
import ssl

from digest.clock import Clock
from digest.delivery.connection import Connection, Timeouts
from digest.delivery.lane import Lane
from digest.delivery.smtp import open_connection
from digest.delivery.traffic import DrainResult, Fault, Limits, Patience, Recorder, Take, Traffic
from digest.settings import Relay

__all__ = ["DrainResult", "Fault", "Limits", "Patience", "Recorder", "Take", "Timeouts", "drain"]


async def drain(
    relay: Relay,
    *,
    connections: int,
    take: Take,
    recorder: Recorder,
    clock: Clock,
    timeouts: Timeouts | None = None,
    helo: str = "",
    patience: Patience | None = None,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    stop: asyncio.Event | None = None,
) -> DrainResult:
    """Send what *take* returns to *relay* over at most *connections* until it returns None.

    *take* may be a coroutine function; as a plain one it is cheaper. What became of each message goes to
    *recorder*; one that was taken and of which it has heard nothing at the end was not tried. Once *stop* is set
    nothing more is begun. Raises whatever *recorder* or *take* raised first. However it ends, the messages in
    flight have had their answers.
    """
    traffic = Traffic(take, recorder, clock, limits or Limits(), patience or Patience())
    seconds = timeouts or Timeouts()

    async def open_one() -> Connection:
        return await open_connection(
            relay,
            clock=clock,
            timeouts=seconds,
            helo=helo,
            pipelining=traffic.pipelining,
            chunking=traffic.chunking,
            tls=tls,
        )

    lanes = [Lane(traffic, open_one) for _ in range(connections)]
    if stop is not None and stop.is_set():
        return DrainResult(None, None)
    tasks = [asyncio.create_task(lane.run()) for lane in lanes]
    stopping = asyncio.create_task(_stop_when(stop, traffic)) if stop is not None else None
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in (*tasks, *filter(None, [stopping])):
            task.cancel()
        for lane in lanes:
            lane.drop()
    if traffic.error is not None:
        raise traffic.error
    return DrainResult(traffic.fault, traffic.gave_up)


async def _stop_when(stop: asyncio.Event, traffic: Traffic) -> None:
    await stop.wait()
    traffic.stop()
