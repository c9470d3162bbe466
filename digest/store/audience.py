"""Who reads a newsletter, what they follow, and what each of them got."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from digest.model.subscriber import Interests
from digest.store.profiles import interests_from_text
from digest.store.tables import cadences, deliveries, digests, newsletters, profiles, subscribers, subscriptions


@dataclass(frozen=True, slots=True)
class ReaderRecord:
    """One subscription with one of its deliveries; without any, `slot_at` is None and `state` "".

    `rule` and `zone` say when it is due; `items` are the articles of the digest as the log keeps them.
    """

    address: str
    name: str
    locale: str
    rule: str
    zone: str
    interests: Interests
    slot_at: datetime | None
    state: str
    reason: str
    items: tuple[Mapping[str, Any], ...]


def readers_of(connection: Connection, newsletter: str) -> list[ReaderRecord]:
    """Return the readers of the newsletter with this slug, a record for each delivery, earliest slot first."""
    rows = connection.execute(
        select(
            subscribers.c.address,
            subscribers.c.name,
            subscribers.c.locale,
            cadences.c.rule,
            cadences.c.zone,
            profiles.c.interests,
            deliveries.c.slot_at,
            deliveries.c.state,
            deliveries.c.reason,
            digests.c["items"].label("article_items"),
        )
        .join_from(subscriptions, subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .join(newsletters, newsletters.c.id == subscriptions.c.newsletter_id)
        .join(profiles, profiles.c.id == subscriptions.c.profile_id)
        .join(cadences, cadences.c.id == subscriptions.c.cadence_id)
        .outerjoin(deliveries, deliveries.c.subscription_id == subscriptions.c.id)
        .outerjoin(digests, digests.c.id == deliveries.c.digest_id)
        .where(newsletters.c.slug == newsletter)
        .order_by(deliveries.c.slot_at.is_not(None), deliveries.c.slot_at, subscribers.c.id)
    )
    return [
        ReaderRecord(
            address=row.address,
            name=row.name,
            locale=row.locale,
            rule=row.rule,
            zone=row.zone,
            interests=interests_from_text(row.interests),
            slot_at=row.slot_at,
            state=row.state or "",
            reason=row.reason or "",
            items=tuple(json.loads(row.article_items)) if row.article_items else (),
        )
        for row in rows
    ]
