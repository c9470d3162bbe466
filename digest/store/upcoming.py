"""What goes out next: the coming slots of all newsletters, and to how many readers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text

from digest.store.browsing import COUNTED
from digest.store.tables import cadences, newsletters, sources

_CADENCES = 200  # looked at; each zone and hour has one


@dataclass(frozen=True, slots=True)
class Coming:
    """One instant at which readers of a newsletter are due; `readers` is at most one more than 10,000."""

    newsletter: str
    slot_at: datetime
    zones: tuple[str, ...]
    rule: str
    readers: int


def coming_slots(connection: Connection, *, most: int = 8) -> list[Coming]:
    """Return the next *most* slots that somebody is due at, earliest first."""
    query = (
        select(cadences.c.id, newsletters.c.slug, cadences.c.next_slot_at, cadences.c.zone, cadences.c.rule)
        .join(newsletters, newsletters.c.id == cadences.c.newsletter_id)
        .order_by(cadences.c.next_slot_at, cadences.c.id)
        .limit(_CADENCES)
    )
    together: defaultdict[tuple[datetime, str], list[tuple[int, str, str]]] = defaultdict(list)
    for number, slug, slot_at, zone, rule in connection.execute(query):
        together[slot_at, slug].append((number, zone, rule))
    found: list[Coming] = []
    for (slot_at, slug), rows in sorted(together.items()):
        readers = _readers(connection, [number for number, _, _ in rows])
        if readers:
            zones = tuple(sorted({zone for _, zone, _ in rows}))
            found.append(Coming(slug, slot_at, zones, rows[0][2], readers))
        if len(found) == most:
            break
    return found


def _readers(connection: Connection, cadence_ids: list[int]) -> int:
    places = ", ".join(str(int(each)) for each in cadence_ids)
    due = f"SELECT 1 FROM subscriptions WHERE cadence_id IN ({places}) AND state = 'active' LIMIT {COUNTED + 1}"  # noqa: S608
    return int(connection.execute(text(f"SELECT COUNT(*) FROM ({due}) AS due")).scalar_one())  # noqa: S608


@dataclass(frozen=True, slots=True)
class FailingSource:
    """A source whose last visit went wrong."""

    slug: str
    location: str
    problem: str
    last_visit_at: datetime | None
    next_visit_at: datetime


def failing_sources(connection: Connection, *, most: int = 20) -> list[FailingSource]:
    """Return the sources whose last visit failed, by name."""
    query = select(
        sources.c.slug, sources.c.location, sources.c.last_error, sources.c.last_visit_at, sources.c.next_visit_at
    ).where(sources.c.last_error != "")
    return [FailingSource(*row) for row in connection.execute(query.order_by(sources.c.slug).limit(most))]
