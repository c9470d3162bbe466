"""What staff look up about the installation: suppressions, sources, topics and how many follow them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select, update

from digest.store.browsing import COUNTED, PAGE, Page
from digest.store.tables import profile_topics, sources, subscriptions, suppressions


class Suppressed(NamedTuple):
    """A suppression; of the address only a hash is known."""

    suppression_id: int
    address_hash: str
    reason: str
    at: datetime


def browse_suppressions(connection: Connection, after: int = 0) -> Page[Suppressed]:
    """Return one page of them, newest first."""
    own = suppressions.c
    query = select(own.id, own.address_hash, own.reason, own.at).order_by(own.id.desc()).limit(PAGE + 1)
    rows = [Suppressed(*row) for row in connection.execute(query.where(own.id < after) if after else query)]
    return Page(tuple(rows[:PAGE]), (rows[PAGE - 1].suppression_id,) if len(rows) > PAGE else ())


def count_suppressions(connection: Connection) -> int:
    """Return how many there are, at most one more than 10,000."""
    some = select(suppressions.c.id).limit(COUNTED + 1).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def list_sources(connection: Connection) -> list[Row[Any]]:
    """Return every source with its last visit, its last error and its next visit, by name."""
    own = sources.c
    columns = (own.slug, own.kind, own.location, own.last_visit_at, own.last_error, own.next_visit_at)
    return list(connection.execute(select(*columns).order_by(own.slug)))


def visit_now(connection: Connection, slug: str, now: datetime) -> bool:
    """Let a source be visited at the next tick; False when there is none of that name."""
    return bool(connection.execute(update(sources).where(sources.c.slug == slug).values(next_visit_at=now)).rowcount)


def count_followers(connection: Connection, topic: str, most: int = COUNTED) -> int:
    """Return how many subscriptions follow a topic by name, at most one more than *most*."""
    followed = (
        select(subscriptions.c.id)
        .join(profile_topics, profile_topics.c.profile_id == subscriptions.c.profile_id)
        .where(profile_topics.c.topic == topic)
        .limit(most + 1)
        .subquery()
    )
    return connection.execute(select(func.count()).select_from(followed)).scalar_one()
