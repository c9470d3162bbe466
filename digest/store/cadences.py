"""Cadences: one row for each distinct (rule, zone) of a newsletter, with the next slot it is due at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time

from sqlalchemy import Connection, and_, case, delete, literal, select, update

from digest.model.newsletter import Newsletter
from digest.scheduling.cadence import Rule, next_slot, parse_frequency, parse_rule, rule_text
from digest.store.get_or_create import among, chunks, insert_new
from digest.store.tables import Instant, cadences, subscribers, subscriptions


def cadence_for(newsletter: Newsletter, zone: str, send_at: str = "", frequency: str = "") -> tuple[str, str]:
    """Return (rule, zone) of a reader in *zone* with an own hour ("HH:MM") and frequency; "": the newsletter's."""
    schedule = newsletter.schedule
    at = time.fromisoformat(send_at) if send_at else schedule.at
    how_often = parse_frequency(frequency) if frequency else schedule.frequency
    return rule_text(Rule(how_often, at, schedule.quiet)), schedule.zone or zone


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
            due = next_slot(parse_rule(rule), zone, now)
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
    """Put subscriptions under the cadence that the newsletter's schedule and the reader's zone and choices give.

    All subscriptions of the newsletter, or those of *subscriber_ids*. One statement for each 5,000 readers
    or for all, however many there are; cadences that nobody is left under are deleted.
    """
    parts = [None] if subscriber_ids is None else chunks(subscriber_ids)
    for part in parts:
        chosen = subscriptions.c.newsletter_id == newsletter_id
        if part is not None:
            chosen = and_(chosen, among(conn, subscriptions.c.subscriber_id, part))
        own = (subscriptions.c.send_at, subscriptions.c.frequency)
        kinds = select(*own, subscribers.c.zone).distinct().join_from(subscriptions, subscribers).where(chosen)
        wanted = {
            (f"{at}|{often}", zone): cadence_for(newsletter, zone, at, often) for at, often, zone in conn.execute(kinds)
        }
        if not wanted:
            continue
        cadence_ids(conn, newsletter_id, set(wanted.values()), now)
        rules = {choice: rule for (choice, _), (rule, _) in wanted.items()}
        zone = literal(newsletter.schedule.zone) if newsletter.schedule.zone else subscribers.c.zone
        target = (
            select(cadences.c.id)
            .where(
                cadences.c.newsletter_id == newsletter_id,
                subscribers.c.id == subscriptions.c.subscriber_id,
                cadences.c.rule == case(rules, value=own[0] + "|" + own[1]),
                cadences.c.zone == zone,
            )
            .correlate(subscriptions)
            .scalar_subquery()
        )
        old_zone = select(cadences.c.zone).where(cadences.c.id == subscriptions.c.cadence_id).scalar_subquery()
        own_zone = select(subscribers.c.zone).where(subscribers.c.id == subscriptions.c.subscriber_id).scalar_subquery()
        new_zone = literal(newsletter.schedule.zone) if newsletter.schedule.zone else own_zone
        moved = case((old_zone == new_zone, subscriptions.c.moved_at), else_=literal(now, Instant))
        conn.execute(update(subscriptions).where(chosen).values(cadence_id=target, moved_at=moved))
    if subscriber_ids is None:
        used = select(subscriptions.c.id).where(subscriptions.c.cadence_id == cadences.c.id).exists()
        conn.execute(delete(cadences).where(cadences.c.newsletter_id == newsletter_id, ~used))


def zones_in_use(conn: Connection) -> set[str]:
    """Return the zones of readers and of the cadences they are under."""
    return {*conn.execute(select(cadences.c.zone).union(select(subscribers.c.zone))).scalars()}


def zones_of_cadences(conn: Connection, most: int = 200) -> tuple[str, ...]:
    """Return zones that mails go out by, by name; of very many some."""
    query = select(cadences.c.zone).distinct().order_by(cadences.c.zone).limit(most)
    return tuple(conn.execute(query).scalars())
