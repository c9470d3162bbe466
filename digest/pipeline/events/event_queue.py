"""The latest events of one reader: what became of each, and why one waits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from digest.pipeline.addresses import read_address
from digest.pipeline.installation import Installation
from digest.store.engine import reading
from digest.store.events import events_of
from digest.store.subscribers import find_subscriber

_LATEST = 200


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """One event for one reader. `fate`: waiting, due, sent…, or the reason why there is no mail of it.

    `closes_at` while it waits in a window.
    """

    added_at: datetime
    stream: str
    dedupe_key: str
    fate: str
    closes_at: datetime | None
    delivery_id: int | None

    def as_json(self) -> dict[str, Any]:
        """Return it with times in ISO 8601."""
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(self).items()}


def latest_events(house: Installation, address: str) -> list[QueuedEvent]:
    """Return the latest 200 events of *address*, latest first; raises NotFound, BadInput."""
    with reading(house.engine) as connection:
        reader = find_subscriber(connection, read_address(address).key)
        return [QueuedEvent(*row) for row in events_of(connection, reader.id, _LATEST)]
