"""Where many subscriptions stand, read and written in sets; kept as JSON so that a change can be taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update

from digest.store.get_or_create import among
from digest.store.tables import consents, profiles, subscribers, subscriptions, suppressions


class Held(NamedTuple):
    """One subscription of a chore's readers, with the canonical text of its interests."""

    subscription_id: int
    subscriber_id: int
    newsletter_id: int
    state: str
    ended_reason: str
    paused_until: datetime | None
    interests: str


def held_by(connection: Connection, subscriber_ids: Collection[int], newsletter_id: int | None) -> list[Held]:
    """Return the subscriptions of these readers, by id; nobody else changes them until the transaction ends."""
    own = subscriptions.c
    query = (
        select(
            *(own.id, own.subscriber_id, own.newsletter_id, own.state, own.ended_reason, own.paused_until),
            profiles.c.interests,
        )
        .join(profiles, profiles.c.id == own.profile_id)
        .where(among(connection, own.subscriber_id, subscriber_ids))
        .order_by(own.id)
    )
    if newsletter_id is not None:
        query = query.where(own.newsletter_id == newsletter_id)
    return [Held(*row) for row in connection.execute(query.with_for_update(of=subscriptions))]


def write_standings(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write state, ended_reason, paused_until and profile_id of the subscriptions named by `row_id`."""
    if rows:
        names = ("state", "ended_reason", "paused_until", "profile_id")
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        statement = update(subscriptions).where(subscriptions.c.id == bindparam("row_id")).values(values)
        connection.execute(
            statement, [{"row_id": row["row_id"], **{f"new_{name}": row[name] for name in names}} for row in rows]
        )


def last_sources(connection: Connection, subscriber_ids: Collection[int]) -> dict[tuple[int, int], str]:
    """Return by (subscriber, newsletter) what the last line of the consent record says of where it came from."""
    query = (
        select(consents.c.subscriber_id, consents.c.newsletter_id, consents.c.source)
        .where(among(connection, consents.c.subscriber_id, subscriber_ids))
        .order_by(consents.c.id)
    )
    return {(reader, newsletter): source for reader, newsletter, source in connection.execute(query)}


def address_keys(connection: Connection, subscriber_ids: Collection[int]) -> dict[int, str]:
    """Return the address key of each of these readers who was not erased."""
    query = select(subscribers.c.id, subscribers.c.address_key).where(
        among(connection, subscribers.c.id, subscriber_ids), subscribers.c.address != ""
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def drop_suppressions(connection: Connection, hashes: Collection[str], reason: str, at: datetime) -> None:
    """Take back suppressions that were made for this reason at this instant."""
    own = suppressions.c
    connection.execute(
        delete(suppressions).where(among(connection, own.address_hash, hashes), own.reason == reason, own.at == at)
    )
