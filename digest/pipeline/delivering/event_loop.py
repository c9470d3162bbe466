"""The event loop that sends: uvloop's where it is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_loop(doing: Coroutine[Any, Any, T]) -> T:
    """Run *doing* to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(doing)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # the extra `fast` is not installed
        return asyncio.new_event_loop
    return uvloop.new_event_loop
