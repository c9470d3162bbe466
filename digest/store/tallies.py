"""Tallies: how often what happened on each day, by newsletter and provider, so that a dashboard reads few rows.

They are made from attempts, reports and the consent record, each read once and in the order of its ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from digest.store.tables import newsletters, tallies, to_micros


class Happened(NamedTuple):
    """One thing that happened: row id, when (microseconds), newsletter, the domain it was about, what."""

    row_id: int
    at: int
    newsletter_id: int
    domain: str
    event: str


class Key(NamedTuple):
    """What is counted together."""

    day: str
    newsletter_id: int
    provider: str
    event: str


@dataclass(frozen=True, slots=True)
class Stream:
    """A table that grows at its end, and how its next rows are read."""

    name: str
    query: str


STREAMS = (
    Stream(
        "attempts",
        "SELECT a.id, a.finished_at, e.newsletter_id, COALESCE(NULLIF(a.recipient, ''), d.address), a.outcome"
        " FROM attempts a JOIN deliveries d ON d.id = a.delivery_id JOIN editions e ON e.id = d.edition_id"
        " WHERE a.id > :after ORDER BY a.id LIMIT :most",
    ),
    Stream(
        "reports",
        "SELECT r.id, r.at, s.newsletter_id, u.address_key, CASE WHEN r.kind = 'complaint' THEN 'complained'"
        " WHEN r.kind = 'bounce' AND r.found_by <> 'smtp' THEN 'bounced' ELSE '' END"
        " FROM reports r LEFT JOIN subscriptions s ON s.id = r.subscription_id"
        " LEFT JOIN subscribers u ON u.id = s.subscriber_id WHERE r.id > :after ORDER BY r.id LIMIT :most",
    ),
    Stream(
        "consents",
        "SELECT c.id, c.at, c.newsletter_id, u.address_key, CASE WHEN c.event = 'ended' THEN 'ended'"
        " WHEN c.event IN ('given', 'confirmed') THEN 'joined' ELSE '' END"
        " FROM consents c JOIN subscribers u ON u.id = c.subscriber_id WHERE c.id > :after ORDER BY c.id LIMIT :most",
    ),
)


def next_of(connection: Connection, stream: Stream, after: int, most: int) -> list[Happened]:
    """Return the next rows of a stream; `newsletter_id` 0 and `event` "" are of no account."""
    rows = connection.execute(text(stream.query), {"after": after, "most": most})
    return [
        Happened(row[0], row[1], row[2] or 0, (row[3] or "").rpartition("@")[2].lower(), row[4] or "") for row in rows
    ]


def add_counts(connection: Connection, counts: Mapping[Key, int]) -> None:
    """Add to what was counted before."""
    if not counts:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    rows = [{**key._asdict(), "count": count} for key, count in sorted(counts.items())]
    insert = dialect.insert(tallies)
    own = tallies.c
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[own.day, own.newsletter_id, own.provider, own.event],
            set_={"count": own.count + insert.excluded.count},
        ),
        rows,
    )


def counts_between(
    connection: Connection, since: date, until: date, newsletter: str = ""
) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """Return (day, event) -> count and (provider, event) -> count of the days *since* to *until*, both included."""
    own = tallies.c
    query = select(func.sum(own.count)).where(own.day >= since.isoformat(), own.day <= until.isoformat())
    if newsletter:
        query = query.join(newsletters, newsletters.c.id == own.newsletter_id).where(newsletters.c.slug == newsletter)
    found: list[dict[tuple[str, str], int]] = []
    for column in (own.day, own.provider):
        rows = connection.execute(query.add_columns(column, own.event).group_by(column, own.event))
        found.append({(row[1], row[2]): int(row[0]) for row in rows})
    return found[0], found[1]


def readers_at(connection: Connection, day: date, newsletter: str = "") -> int:
    """Return how many had joined and not left before *day*, as far as it was counted."""
    own = tallies.c
    query = select(own.event, func.sum(own.count)).where(own.event.in_(("joined", "ended")), own.day < day.isoformat())
    if newsletter:
        query = query.join(newsletters, newsletters.c.id == own.newsletter_id).where(newsletters.c.slug == newsletter)
    counts = {row[0]: int(row[1]) for row in connection.execute(query.group_by(own.event))}
    return max(0, counts.get("joined", 0) - counts.get("ended", 0))


def is_settled(at: int, cut_off: datetime) -> bool:
    """Whether a row of this instant was written so long ago that none before it is still to appear."""
    return at <= to_micros(cut_off)
