"""Time that is made: an event loop whose waiting costs nothing, and the wall clock that goes with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(slots=True)
class Time:
    """Seconds since the beginning, which never go back, and a wall clock, which may be set."""

    start: datetime
    seconds: float = 0.0
    set_by: timedelta = timedelta()

    def now(self) -> datetime:
        """Return what the wall clock shows."""
        return self.start + timedelta(seconds=self.seconds) + self.set_by


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop without a network: where others wait it sets *time* forward. *turn* is called each time round."""

    def __init__(self, time: Time, turn: Callable[[], None]) -> None:
        super().__init__()
        self._selector = self
        self._virtual = time
        self._turn = turn
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._virtual.seconds

    def select(self, timeout: float | None) -> list[Any]:
        self._turn()
        assert timeout is not None, "nothing will ever happen again"
        self._virtual.seconds += timeout
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def run(loop: VirtualLoop, doing: Coroutine[Any, Any, Any], is_dead: Callable[[], bool]) -> Any:
    """Run *doing* as `asyncio.run` does, from inside another loop too; what is dead when it ends cleans nothing up."""
    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        task = loop.create_task(doing)
        try:
            return loop.run_until_complete(task)
        finally:
            left = asyncio.all_tasks(loop)
            if is_dead():
                for each in left:
                    each._log_destroy_pending = False  # type: ignore[attr-defined]
                    with suppress(BaseException):
                        each.get_coro().close()  # type: ignore[union-attr]
            elif left:
                for each in left:
                    each.cancel()
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    finally:
        loop.close()
        asyncio._set_running_loop(outer)
