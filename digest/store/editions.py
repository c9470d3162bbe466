"""Editions as people name them: "daily/2026-11-23", the id, or a newsletter for all of its editions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select, text, update

from digest.errors import NotFound
from digest.store.newsletters import newsletter_ids
from digest.store.parts import part_ways
from digest.store.tables import deliveries, digests, editions, newsletters, slots, to_micros

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Edition:
    """One newsletter for one period; `state` is open, paused, cancelled or finished."""

    edition_id: int
    newsletter: str
    period: str
    state: str

    @property
    def name(self) -> str:
        """How people name it."""
        return f"{self.newsletter}/{self.period}"


def find_edition(connection: Connection, name: str) -> Edition:
    """Return the one edition that *name* means ("daily/2026-11-23", or its id); raises NotFound."""
    require_edition(connection, name)
    slug, _, period = name.partition("/")
    found = (
        select(editions.c.id, newsletters.c.slug, editions.c.period, editions.c.state)
        .join(newsletters, newsletters.c.id == editions.c.newsletter_id)
        .where(
            editions.c.id == int(name)
            if name.isdecimal()
            else (newsletters.c.slug == slug) & (editions.c.period == period)
        )
    )
    row = connection.execute(found).first()
    if row is None:
        raise NotFound(f"name one edition, like {slug or 'daily'}/2026-11-23 or its id; see: digest deliveries")
    return Edition(*row)


def is_begun(connection: Connection, newsletter: str, period: str) -> bool:
    """Whether there is an edition of this period."""
    query = select(editions.c.id).join(newsletters, newsletters.c.id == editions.c.newsletter_id)
    found = query.where(newsletters.c.slug == newsletter, editions.c.period == period)
    return connection.execute(found).first() is not None


def begun_periods(connection: Connection, newsletter_id: int) -> frozenset[str]:
    """Return the periods of the newsletter's editions for which somebody has been planned."""
    planned = exists().where(deliveries.c.edition_id == editions.c.id)
    begun = select(editions.c.period).where(editions.c.newsletter_id == newsletter_id, planned)
    return frozenset(connection.execute(begun).scalars())


def move_edition(connection: Connection, edition: Edition, before: Collection[str], after: str) -> bool:
    """Bring *edition* from one of the states *before* to *after*; False when it is in another one by now."""
    moved = update(editions).where(editions.c.id == edition.edition_id, editions.c.state.in_(before))
    return connection.execute(moved.values(state=after)).rowcount == 1


# From the few joined mails to their parts, not from the rows of the edition.
_A_PART = (
    "FROM deliveries m CROSS JOIN deliveries p WHERE p.part_of = m.id AND p.id <> m.id AND p.edition_id = :e"
    " AND m.part_of IS NOT NULL AND"
)


def count_waiting(connection: Connection, edition: Edition) -> int:
    """Return how many of its messages are still to go out."""
    # By the two small indexes of what is due and what is held (the plus keeps SQLite to them): an edition that has gone
    # out may have a million rows, and none in either.
    of_it = "FROM deliveries WHERE +edition_id = :e AND"
    waiting = text(
        f"SELECT (SELECT COUNT(*) {of_it} next_attempt_at >= 0)"
        f" + (SELECT COUNT(*) {of_it} lease_until IS NOT NULL AND state = 'claimed' AND next_attempt_at IS NULL)"
        # What waits to be joined, and what is in other editions' mails that wait or are under way.
        f" + (SELECT COUNT(*) {of_it} waits_until IS NOT NULL AND state = 'ready')"
        f" + (SELECT COUNT(*) {_A_PART} m.next_attempt_at IS NOT NULL)"
        f" + (SELECT COUNT(*) {_A_PART} m.lease_until IS NOT NULL)"
    )
    return int(connection.execute(waiting, {"e": edition.edition_id}).scalar_one())


def latest_subject(connection: Connection, edition: Edition) -> str:
    """Return the subject of one of its mails, "" when none was made."""
    query = select(digests.c.subject).join(slots, slots.c.id == digests.c.slot_id)
    query = query.where(slots.c.edition_id == edition.edition_id).order_by(digests.c.id.desc()).limit(1)
    return connection.execute(query).scalar() or ""


def lapse_cancelled(connection: Connection, now: datetime) -> int:
    """End what waits in cancelled editions; return how many rows. What may have arrived stays in doubt.

    Joined mails part from what is cancelled.
    """
    part_ways(connection, now)
    return connection.execute(
        text(
            "UPDATE deliveries SET next_attempt_at = NULL, finished_at = :now,"
            " state = CASE WHEN doubt_count > 0 THEN 'in_doubt' ELSE 'skipped' END,"
            " reason = CASE WHEN doubt_count > 0 THEN 'reply_lost' ELSE 'cancelled' END"
            " WHERE next_attempt_at IS NOT NULL AND state IN ('ready', 'deferred', 'in_doubt')"
            " AND edition_id IN (SELECT id FROM editions WHERE state = 'cancelled')"
        ),
        {"now": to_micros(now)},
    ).rowcount


def require_edition(connection: Connection, name: str) -> None:
    """Raise NotFound, naming what there is, when *name* is neither a newsletter nor an edition; "" is all of them."""
    if not name:
        return
    if name.isdecimal() and name.isascii():
        if connection.execute(select(editions.c.id).where(editions.c.id == int(name))).first() is None:
            raise NotFound(f"there is no edition with the id {name}; see: digest deliveries")
        return
    slug, _, period = name.partition("/")
    known = newsletter_ids(connection)
    if slug not in known:
        raise NotFound(f"there is no newsletter {slug!r} (known: {', '.join(sorted(known)) or 'none'})")
    query = select(editions.c.period).where(editions.c.newsletter_id == known[slug]).order_by(editions.c.id.desc())
    periods = list(connection.execute(query).scalars()) if period else [period]
    if period not in periods:
        latest = ", ".join(f"{slug}/{each}" for each in periods[:_SHOWN]) or "none yet"
        raise NotFound(f"there is no edition {name!r}; the latest: {latest}")


def newsletter_of_delivery(connection: Connection, delivery_id: int) -> str:
    """Return the newsletter that a delivery is of, "" when there is none."""
    found = connection.execute(
        text(
            "SELECT n.slug FROM deliveries d JOIN editions e ON e.id = d.edition_id"
            " JOIN newsletters n ON n.id = e.newsletter_id WHERE d.id = :d"
        ),
        {"d": delivery_id},
    )
    return found.scalar() or ""
