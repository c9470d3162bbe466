"""The rules of readers for all mail of events: rows to model and back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, text

from digest.model.frequency import Quiet
from digest.scheduling.reader_rules import ReaderRules
from digest.store.get_or_create import among, chunks
from digest.store.tables import cadences, deliveries, editions, newsletters, reader_rules, subscriptions

_COUNTED = ("ready", "claimed", "deferred", "sent", "in_doubt")
_OF_A_STREAM = newsletters.c.spec["stream"].as_string().is_not(None)


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


class Promised(NamedTuple):
    """A newsletter that a reader is to have at its slots, of which those from `next_slot_at` on are not planned yet."""

    subscriber_id: int
    rule: str
    zone: str
    next_slot_at: datetime


def mails_since(
    connection: Connection, subscriber_ids: Collection[int], since: datetime
) -> tuple[dict[int, list[datetime]], dict[int, list[datetime]]]:
    """Return when mails to these readers were, or are, due from *since* on: of newsletters, and of streams."""
    newsletters_had, streams_had = dict[int, list[datetime]](), dict[int, list[datetime]]()
    c = deliveries.c
    query = select(c.subscriber_id, c.slot_at, _OF_A_STREAM).join(editions, editions.c.id == c.edition_id)
    query = query.join(newsletters, newsletters.c.id == editions.c.newsletter_id)
    query = query.where(c.slot_at >= since, c.state.in_(_COUNTED))
    for part in chunks(sorted(subscriber_ids)):
        for subscriber_id, at, of_a_stream in connection.execute(query.where(among(connection, c.subscriber_id, part))):
            (streams_had if of_a_stream else newsletters_had).setdefault(subscriber_id, []).append(at)
    return newsletters_had, streams_had


def promised_to(connection: Connection, subscriber_ids: Collection[int]) -> list[Promised]:
    """Return the newsletters, not streams, that these readers have agreed to."""
    what = subscriptions.c
    query = select(what.subscriber_id, cadences.c.rule, cadences.c.zone, cadences.c.next_slot_at)
    query = query.join(cadences, cadences.c.id == what.cadence_id)
    query = query.join(newsletters, newsletters.c.id == what.newsletter_id)
    query = query.where(what.state == "active", ~_OF_A_STREAM)
    return [
        Promised(*row)
        for part in chunks(sorted(subscriber_ids))
        for row in connection.execute(query.where(among(connection, what.subscriber_id, part)))
    ]


def hold_readers(connection: Connection, subscriber_ids: Collection[int]) -> None:
    """Let others who count mails of these readers wait until the transaction ends; SQLite has one writer."""
    if connection.dialect.name == "postgresql" and subscriber_ids:
        held = text("SELECT 1 FROM subscribers WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
        connection.execute(held, {"ids": sorted(subscriber_ids)})


def _rules(quiet: str, days: str, cap: int) -> ReaderRules:
    start, _, end = quiet.partition("-")
    hours = Quiet(time.fromisoformat(start), time.fromisoformat(end)) if start else None
    return ReaderRules(hours, tuple(int(day) for day in days.split(",") if day), cap)
