"""Readers whose clock was set to another zone: what lay between their last mail and the next slot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from digest.model.digest import SkipReason
from digest.store.tables import from_micros, to_micros

# The slot of the last mail that left, or is on its way, before the slot that is planned.
_LAST = """(SELECT MAX(d.slot_at) FROM deliveries d WHERE d.subscriber_id = s.subscriber_id
    AND d.subscription_id = s.id AND d.digest_id IS NOT NULL AND d.slot_at < :slot
    AND (SELECT m.state FROM deliveries m WHERE m.id = COALESCE(d.part_of, d.id))
     NOT IN ('skipped', 'superseded', 'expired', 'refused', 'poison'))"""
_MOVED = "s.moved_at IS NOT NULL AND s.state = 'active'"


@dataclass(frozen=True, slots=True)
class Movers:
    """Readers of one cadence who moved at one instant and had their last mail at one slot."""

    cadence_id: int
    moved_at: datetime
    last_at: datetime


def any_moved(connection: Connection) -> bool:
    """Whether readers in scope moved since the last slot."""
    found = connection.execute(
        text(
            "SELECT 1 FROM scope c JOIN subscriptions s ON s.cadence_id = c.cadence_id"
            " WHERE s.moved_at IS NOT NULL LIMIT 1"
        )
    )
    return found.first() is not None


def movers(connection: Connection, slot_at: datetime) -> list[Movers]:
    """Return the readers in scope who moved and had a mail before *slot_at*."""
    rows = connection.execute(
        text(
            f"SELECT DISTINCT cadence_id, moved_at, last_at FROM (SELECT s.cadence_id, s.moved_at, {_LAST} last_at"  # noqa: S608
            f" FROM scope c JOIN subscriptions s ON s.cadence_id = c.cadence_id WHERE {_MOVED}) m"
            " WHERE last_at IS NOT NULL ORDER BY cadence_id, moved_at, last_at"
        ),
        {"slot": to_micros(slot_at)},
    )
    return [Movers(row.cadence_id, from_micros(row.moved_at), from_micros(row.last_at)) for row in rows]


def skip_movers(
    connection: Connection, edition_id: int, who: Movers, *, at: datetime, slot_at: datetime, now: datetime
) -> int:
    """Log that *who* get nothing of the slot *at*, which is *slot_at* itself or lies before it; return how many.

    Whoever has a row in the edition keeps that.
    """
    return connection.execute(
        text(
            "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, state, reason,"  # noqa: S608
            " address, name, planned_at, finished_at)"
            " SELECT :e, u.id, s.id, :at, 'skipped', :reason, u.address, u.name, :now, :now"
            " FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
            f" WHERE s.cadence_id = :c AND {_MOVED} AND s.moved_at = :moved AND {_LAST} = :last"
            " ON CONFLICT (edition_id, subscriber_id) DO NOTHING"
        ),
        {
            "e": edition_id,
            "at": to_micros(at),
            "slot": to_micros(slot_at),
            "reason": SkipReason.ZONE_CHANGED,
            "now": to_micros(now),
            "c": who.cadence_id,
            "moved": to_micros(who.moved_at),
            "last": to_micros(who.last_at),
        },
    ).rowcount


def live_twice(connection: Connection, edition_id: int, early: datetime) -> bool:
    """Whether readers in scope who moved had the edition at a slot that is not after *early*."""
    found = connection.execute(
        text(
            "SELECT 1 FROM scope c JOIN subscriptions s ON s.cadence_id = c.cadence_id"  # noqa: S608
            " JOIN deliveries m ON m.edition_id = :e AND m.subscriber_id = s.subscriber_id AND m.slot_at <= :early"
            f" WHERE {_MOVED} LIMIT 1"
        ),
        {"e": edition_id, "early": to_micros(early)},
    )
    return found.first() is not None


def supersede_first(connection: Connection, edition_id: int, early: datetime, now: datetime) -> int:
    """End the rows of those readers in that edition which have not left yet; the later slot takes their place."""
    return connection.execute(
        text(
            "UPDATE deliveries SET state = 'superseded', next_attempt_at = NULL, waits_until = NULL,"  # noqa: S608
            " finished_at = :now"
            " WHERE edition_id = :e AND slot_at <= :early AND state IN ('ready', 'deferred') AND doubt_count = 0"
            " AND subscription_id IN (SELECT s.id FROM scope c JOIN subscriptions s ON s.cadence_id = c.cadence_id"
            f" WHERE {_MOVED})"
        ),
        {"e": edition_id, "early": to_micros(early), "now": to_micros(now)},
    ).rowcount


def settle_movers(connection: Connection, by: datetime) -> None:
    """Forget that readers in scope moved not after *by*: a slot by their new clock was planned."""
    connection.execute(
        text(
            "UPDATE subscriptions SET moved_at = NULL WHERE moved_at <= :by AND state = 'active'"
            " AND cadence_id IN (SELECT cadence_id FROM scope)"
        ),
        {"by": to_micros(by)},
    )
