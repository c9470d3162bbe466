"""Everything that is stored about one subscriber, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, select

from digest.store.tables import (
    attempts,
    cadences,
    consents,
    deliveries,
    digests,
    editions,
    newsletters,
    profiles,
    reports,
    subscriptions,
)


def subscriptions_of(conn: Connection, subscriber_id: int) -> list[Row[Any]]:
    """Return the subscriptions of a reader with newsletter, interests, rule and zone."""
    return list(
        conn.execute(
            select(
                newsletters.c.slug.label("newsletter"),
                subscriptions.c.state,
                subscriptions.c.ended_reason,
                subscriptions.c.paused_until,
                subscriptions.c.send_at,
                subscriptions.c.frequency,
                subscriptions.c.since,
                subscriptions.c.chosen_at,
                profiles.c.interests,
                cadences.c.rule,
                cadences.c.zone,
                cadences.c.next_slot_at,
            )
            .join_from(subscriptions, newsletters)
            .join(profiles, profiles.c.id == subscriptions.c.profile_id)
            .join(cadences, cadences.c.id == subscriptions.c.cadence_id)
            .where(subscriptions.c.subscriber_id == subscriber_id)
            .order_by(newsletters.c.slug)
        )
    )


def consents_of(conn: Connection, subscriber_id: int) -> list[Row[Any]]:
    """Return the consent record of a reader, oldest first."""
    return list(
        conn.execute(
            select(
                newsletters.c.slug.label("newsletter"),
                consents.c.event,
                consents.c.source,
                consents.c.wording,
                consents.c.at,
            )
            .join_from(consents, newsletters)
            .where(consents.c.subscriber_id == subscriber_id)
            .order_by(consents.c.id)
        )
    )


def deliveries_of(conn: Connection, subscriber_id: int) -> list[Row[Any]]:
    """Return the deliveries to a reader, oldest first."""
    return list(
        conn.execute(
            select(
                deliveries.c.id,
                newsletters.c.slug.label("newsletter"),
                editions.c.period.label("edition"),
                deliveries.c.slot_at,
                deliveries.c.state,
                deliveries.c.reason,
                deliveries.c.address,
                deliveries.c.name,
                digests.c.subject,
                deliveries.c.planned_at,
                deliveries.c.finished_at,
            )
            .join_from(deliveries, editions)
            .join(newsletters, newsletters.c.id == editions.c.newsletter_id)
            .outerjoin(digests, digests.c.id == deliveries.c.digest_id)
            .where(deliveries.c.subscriber_id == subscriber_id)
            .order_by(deliveries.c.id)
        )
    )


def attempts_of(conn: Connection, subscriber_id: int) -> list[Row[Any]]:
    """Return the SMTP tries of every delivery to a reader, oldest first."""
    return list(
        conn.execute(
            select(
                attempts.c.delivery_id,
                attempts.c.attempt_no,
                attempts.c.outcome,
                attempts.c.phase,
                attempts.c.reply_code,
                attempts.c.enhanced,
                attempts.c.text,
                attempts.c.server,
                func.coalesce(func.nullif(attempts.c.recipient, ""), deliveries.c.address).label("recipient"),
                attempts.c.started_at,
                attempts.c.finished_at,
            )
            .join_from(attempts, deliveries)
            .where(deliveries.c.subscriber_id == subscriber_id)
            .order_by(attempts.c.id)
        )
    )


def reports_of(conn: Connection, subscriber_id: int, most: int = 50) -> list[Row[Any]]:
    """Return what came back from a reader's mails, the latest first."""
    own = reports.c
    return list(
        conn.execute(
            select(own.at, own.kind, own["class"].label("says"), own.status, own.text, own.effect, own.delivery_id)
            .join_from(subscriptions, reports, own.subscription_id == subscriptions.c.id)
            .where(subscriptions.c.subscriber_id == subscriber_id)
            .order_by(own.id.desc())
            .limit(most)
        )
    )
