"""How many mails and readers each domain has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from digest.model.delivery import Outcome
from digest.model.subscriber import SubscriptionState
from digest.store.tables import attempts, deliveries, editions, subscribers, subscriptions

_SEEN = (Outcome.SENT, Outcome.DEFERRED, Outcome.REFUSED, Outcome.IN_DOUBT)  # by the reader's provider, for all we know


def tried_since(connection: Connection, since: datetime) -> Counter[str]:
    """Return domain (small letters) -> mails that were tried at *since* or later."""
    found = (
        select(deliveries.c.address)
        .join(attempts, attempts.c.delivery_id == deliveries.c.id)
        .where(attempts.c.started_at >= since, attempts.c.outcome.in_([each.value for each in _SEEN]))
    )
    return _by_domain(connection.execute(found.execution_options(yield_per=10_000)).scalars())


def readers_by_domain(connection: Connection) -> Counter[str]:
    """Return domain (small letters) -> readers with an active subscription, each once."""
    found = (
        select(subscribers.c.address)
        .where(
            subscribers.c.id.in_(
                select(subscriptions.c.subscriber_id).where(subscriptions.c.state == SubscriptionState.ACTIVE.value)
            )
        )
        .execution_options(yield_per=10_000)
    )
    return _by_domain(connection.execute(found).scalars())


def period_of(connection: Connection, edition_id: int) -> str:
    """Return the period of an edition, "" when it is gone."""
    return str(connection.scalar(select(editions.c.period).where(editions.c.id == edition_id)) or "")


def _by_domain(addresses: Iterable[str]) -> Counter[str]:
    return Counter(each.rpartition("@")[2].lower() for each in addresses)
