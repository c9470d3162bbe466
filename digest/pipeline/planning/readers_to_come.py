"""Readers to come: how many readers of an edition have their hour still before them, and when that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from digest.scheduling.cadence import latest_slot, parse_rule, period_of
from digest.store.planning import cadences_of


@dataclass(frozen=True, slots=True)
class ToCome:
    """So many active readers at slots from `first` to `last`; None and None for nobody."""

    readers: int
    first: datetime | None
    last: datetime | None


def readers_to_come(connection: Connection, newsletter_id: int, period: str) -> ToCome:
    """Return the active readers of an edition whose slot was not planned yet; exact, by the index of who is due."""
    counted = text("SELECT COUNT(*) FROM subscriptions WHERE cadence_id = :c AND state = 'active'")
    found: dict[datetime, int] = {}
    for row in cadences_of(connection, newsletter_id):
        rule = parse_rule(row.rule)
        if period_of(rule.frequency, latest_slot(rule, row.zone, row.next_slot_at)) == period:
            readers = connection.execute(counted, {"c": row.cadence_id}).scalar_one()
            found[row.next_slot_at] = found.get(row.next_slot_at, 0) + int(readers)
    slots = sorted(at for at, readers in found.items() if readers)
    return ToCome(sum(found.values()), *((slots[0], slots[-1]) if slots else (None, None)))
