"""Empties a queue of envelopes into one mail server, or several, over several connections.

Each connection takes a message, sends it, has the outcome recorded and only then writes again. A server
that is away, full or closing is waited for and costs no message anything but time; a fault of ours stops
everything before it is repeated ten thousand times.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from functools import partial

from digest.clock import Clock
from digest.delivery.breaker import Breaker
from digest.delivery.connection import Connection, Timeouts
from digest.delivery.lane import Lane
from digest.delivery.relays import Fault, Server, share
from digest.delivery.smtp import open_connection
from digest.delivery.throttle import Bucket
from digest.delivery.traffic import DrainResult, Limits, Patience, Recorder, Take, Traffic
from digest.model.delivery import Outcome, Phase, Reply
from digest.settings.relay import Relay

__all__ = ["DrainResult", "Fault", "Limits", "Patience", "Recorder", "Take", "Timeouts", "drain"]


async def drain(
    relay: Relay | Sequence[Relay],
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
    breakers: Sequence[Breaker] | None = None,
) -> DrainResult:
    """Send what *take* returns to *relay*, or to several, over at most *connections* until it returns None.

    *take* may be a coroutine function; as a plain one it is cheaper. What became of each message goes to
    *recorder*; one that was taken and of which it has heard nothing at the end was not tried. Once *stop* is set
    nothing more is begun. *breakers*, one for each relay, are kept from one draining to the next; while all of them
    are open nothing is taken. Raises whatever *recorder* or *take* raised first. However it ends, the messages in
    flight have had their answers.
    """
    relays = (relay,) if isinstance(relay, Relay) else tuple(relay)
    servers = [
        Server(each, breaker, Bucket(each.rate) if each.rate else None)
        for each, breaker in zip(relays, breakers or [Breaker() for _ in relays], strict=True)
    ]
    traffic = Traffic(take, recorder, clock, limits or Limits(), patience or Patience(), servers)
    seconds = timeouts or Timeouts()

    async def open_one(server: Server) -> Connection:
        return await open_connection(
            server.relay,
            clock=clock,
            timeouts=seconds,
            helo=helo,
            pipelining=server.pipelining,
            chunking=server.chunking,
            tls=tls,
        )

    lanes = [
        Lane(traffic, server, partial(open_one, server))
        for server, count in zip(servers, share(relays, connections), strict=True)
        for _ in range(count)
    ]
    if stop is not None and stop.is_set():
        return DrainResult(None, None)
    if (left := min(each.breaker.seconds_left(asyncio.get_running_loop().time()) for each in servers)) > 0:
        why = Reply(0, "", f"left alone for another {left:.0f} s, after what it said last time")
        return DrainResult(None, Fault(Outcome.DEFERRED, Phase.CONNECT, why, relays[0].server))
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
