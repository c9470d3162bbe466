"""The rules of readers for all mail of events: rows to model and back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time

from sqlalchemy import Connection, delete, insert, select

from digest.model.frequency import Quiet
from digest.scheduling.reader_rules import ReaderRules
from digest.store.get_or_create import among, chunks
from digest.store.tables import deliveries, reader_rules

_COUNTED = ("ready", "claimed", "deferred", "sent", "in_doubt")


def rules_of(connection: Connection, subscriber_ids: Collection[int]) -> dict[int, ReaderRules]:
    """Return the rules of those who have any."""
    return {
        row.subscriber_id: _rules(row.quiet, row.quiet_days, row.daily_cap)
        for part in chunks(sorted(subscriber_ids))
        for row in connection.execute(select(reader_rules).where(among(connection, reader_rules.c.subscriber_id, part)))
    }


def save_rules(connection: Connection, subscriber_id: int, rules: ReaderRules) -> None:
    """Write what the reader said last."""
    connection.execute(delete(reader_rules).where(reader_rules.c.subscriber_id == subscriber_id))
    connection.execute(
        insert(reader_rules).values(
            subscriber_id=subscriber_id,
            quiet=f"{rules.quiet.start:%H:%M}-{rules.quiet.end:%H:%M}" if rules.quiet else "",
            quiet_days=",".join(map(str, rules.quiet_days)),
            daily_cap=rules.daily_cap,
        )
    )


def mails_since(connection: Connection, subscriber_ids: Collection[int], since: datetime) -> dict[int, list[datetime]]:
    """Return when mails to these readers were, or are, due from *since* on: of newsletters as of streams."""
    found: dict[int, list[datetime]] = {}
    query = select(deliveries.c.subscriber_id, deliveries.c.slot_at).where(
        deliveries.c.slot_at >= since, deliveries.c.state.in_(_COUNTED)
    )
    for part in chunks(sorted(subscriber_ids)):
        for subscriber_id, at in connection.execute(query.where(among(connection, deliveries.c.subscriber_id, part))):
            found.setdefault(subscriber_id, []).append(at)
    return found


def _rules(quiet: str, days: str, cap: int) -> ReaderRules:
    start, _, end = quiet.partition("-")
    hours = Quiet(time.fromisoformat(start), time.fromisoformat(end)) if start else None
    return ReaderRules(hours, tuple(int(day) for day in days.split(",") if day), cap)
