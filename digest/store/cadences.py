"""Cadences: one row for each distinct (rule, zone) of a newsletter, with the next slot it is due at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time

from sqlalchemy import Connection, and_, case, delete, literal, select, update

from digest.model.newsletter import Newsletter
from digest.scheduling.cadence import next_slot, parse_rule, rule_text
from digest.store.get_or_create import among, chunks, insert_new
from digest.store.tables import cadences, subscribers, subscriptions


def cadence_for(newsletter: Newsletter, zone: str, send_at: str = "") -> tuple[str, str]:
    """Return (rule, zone) of a reader in *zone* with an own hour ("HH:MM", or "" for the newsletter's)."""
    at = time.fromisoformat(send_at) if send_at else newsletter.schedule.at
    return rule_text(newsletter.schedule.days, at), newsletter.schedule.zone or zone


def cadence_ids(
    conn: Connection, newsletter_id: int, wanted: Collection[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], int]:
    """Return the cadence id of each (rule, zone); those that are new are due at their first slot after *now*."""
    query = select(cadences.c.rule, cadences.c.zone, cadences.c.id)
    query = query.where(cadences.c.newsletter_id == newsletter_id)
    found = {(row.rule, row.zone): row.id for row in conn.execute(query)}
    missing = sorted(set(wanted) - set(found))
    if missing:
        rows = []
        for rule, zone in missing:
            days, at = parse_rule(rule)
            due = next_slot(days, at, zone, now)
            rows.append({"newsletter_id": newsletter_id, "rule": rule, "zone": zone, "next_slot_at": due})
        insert_new(conn, cadences, rows)
        found = {(row.rule, row.zone): row.id for row in conn.execute(query)}
    return {one: found[one] for one in wanted}


def align_cadences(
    conn: Connection,
    newsletter_id: int,
    newsletter: Newsletter,
    now: datetime,
    subscriber_ids: Sequence[int] | None = None,
) -> None:
    """Put subscriptions under the cadence that the newsletter's schedule and the reader's zone and hour give.

    All subscriptions of the newsletter, or those of *subscriber_ids*. One statement for each 5,000 readers
    or for all, however many there are; cadences that nobody is left under are deleted.
    """
    parts = [None] if subscriber_ids is None else chunks(subscriber_ids)
    for part in parts:
        chosen = subscriptions.c.newsletter_id == newsletter_id
        if part is not None:
            chosen = and_(chosen, among(conn, subscriptions.c.subscriber_id, part))
        kinds = select(subscriptions.c.send_at, subscribers.c.zone).distinct()
        kinds = kinds.join_from(subscriptions, subscribers).where(chosen)
        wanted = {(at, zone): cadence_for(newsletter, zone, at) for at, zone in conn.execute(kinds)}
        if not wanted:
            continue
        cadence_ids(conn, newsletter_id, set(wanted.values()), now)
        rules = {at: rule for (at, _), (rule, _) in wanted.items()}
        zone = literal(newsletter.schedule.zone) if newsletter.schedule.zone else subscribers.c.zone
        target = (
            select(cadences.c.id)
            .where(
                cadences.c.newsletter_id == newsletter_id,
                subscribers.c.id == subscriptions.c.subscriber_id,
                cadences.c.rule == case(rules, value=subscriptions.c.send_at),
                cadences.c.zone == zone,
            )
            .correlate(subscriptions)
            .scalar_subquery()
        )
        conn.execute(update(subscriptions).where(chosen).values(cadence_id=target))
    if subscriber_ids is None:
        used = select(subscriptions.c.id).where(subscriptions.c.cadence_id == cadences.c.id).exists()
        conn.execute(delete(cadences).where(cadences.c.newsletter_id == newsletter_id, ~used))
