"""Cadences: one row for each distinct (newsletter, rule, zone), so finding who is due is a query."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from digest.scheduling.cadence import next_slot, parse_rule
from digest.store.tables import to_micros


def cadence_of(connection: Connection, newsletter_id: int, rule: str, zone: str, *, now: datetime) -> int:
    """Return the id of the cadence, made when nobody had it before; its next slot is the first after *now*."""
    values = {"n": newsletter_id, "rule": rule, "zone": zone}
    query = text("SELECT id FROM cadences WHERE newsletter_id = :n AND rule = :rule AND zone = :zone")
    found = connection.execute(query, values).scalar()
    if found is not None:
        return int(found)
    days, at = parse_rule(rule)
    connection.execute(
        text(
            "INSERT INTO cadences (newsletter_id, rule, zone, next_slot_at) VALUES (:n, :rule, :zone, :next)"
            " ON CONFLICT (newsletter_id, rule, zone) DO NOTHING"
        ),
        {**values, "next": to_micros(next_slot(days, at, zone, now))},
    )
    return int(connection.execute(query, values).scalar_one())
