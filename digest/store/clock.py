"""The database's clock, by which all workers on one PostgreSQL decide, however wrong their own machines' clocks are."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from digest.errors import DatabaseBusy, DatabaseFailed
from digest.log import get_logger
from digest.store.engine import reading

_ASK_AGAIN = 60.0  # seconds; two machines drift apart by some milliseconds meanwhile


def _seconds_since_boot() -> float:
    # The monotonic clock of Linux stands still while a machine sleeps; its leases do not.
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class DatabaseClock:
    """What PostgreSQL's clock shows, asked once a minute; between that *seconds* counts on, which never goes back."""

    def __init__(self, engine: Engine, seconds: Callable[[], float] = _seconds_since_boot) -> None:
        self._engine = engine
        self._seconds = seconds
        self._known = self._ask()

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        shown, at = self._known
        if self._seconds() - at >= _ASK_AGAIN:
            try:
                self._known = shown, at = self._ask()
            except (DatabaseBusy, DatabaseFailed) as error:
                # A reply that is to be written down now needs a time; whoever needs the database will hear of it.
                get_logger().warning("database_clock_unread", error=str(error))
        return shown + timedelta(seconds=self._seconds() - at)

    def _ask(self) -> tuple[datetime, float]:
        with reading(self._engine) as connection:
            shown = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return shown.astimezone(UTC), self._seconds()
