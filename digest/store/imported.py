"""Taking back what an import has added, where nobody has changed it since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, func, select, update

from digest.model.subscriber import EndedReason, SubscriptionState
from digest.store.get_or_create import among
from digest.store.subscribers import add_consents
from digest.store.tables import (
    chore_rows,
    consents,
    deliveries,
    former_addresses,
    reports,
    sign_ups,
    subscribers,
    subscriptions,
    to_micros,
)


class AddedRow(NamedTuple):
    """A subscription as the import wrote it; `is_new_reader`: there was no such subscriber before."""

    subscriber_id: int
    is_new_reader: bool
    profile_id: int
    state: str
    send_at: str
    frequency: str


def take_back(
    connection: Connection, newsletter_id: int, added: Sequence[AddedRow], *, source: str, now: datetime
) -> Counter[str]:
    """Remove these subscriptions of a newsletter, and readers that are nobody without them; return what was done.

    Keys: removed, stopped (a mail has gone out, so its line in the log stays), touched (left alone).
    """
    by_reader = {each.subscriber_id: each for each in added}
    own = subscriptions.c
    columns = (own.id, own.subscriber_id, own.profile_id, own.state, own.send_at, own.frequency, own.chosen_at)
    rows = connection.execute(
        select(*columns)
        .where(own.newsletter_id == newsletter_id, among(connection, own.subscriber_id, list(by_reader)))
        .with_for_update()
    ).all()
    said = _records(connection, newsletter_id, list(by_reader))
    untouched = {
        row.subscriber_id: row.id
        for row in rows
        if row.chosen_at is None
        and (row.profile_id, row.state, row.send_at, row.frequency) == by_reader[row.subscriber_id][2:]
        and said.get(row.subscriber_id, 0) <= 1  # its own line of the consent record
    }
    mailed = _with_mail(connection, list(untouched.values()))
    gone = {reader: number for reader, number in untouched.items() if number not in mailed}
    _end(connection, newsletter_id, {r: n for r, n in untouched.items() if n in mailed}, source, now)
    _remove(connection, newsletter_id, gone)
    _remove_readers(connection, [reader for reader in gone if by_reader[reader].is_new_reader])
    return Counter(removed=len(gone), stopped=len(untouched) - len(gone), touched=len(added) - len(untouched))


def _records(connection: Connection, newsletter_id: int, readers: Sequence[int]) -> dict[int, int]:
    """Return how many lines of the consent record each reader has for a newsletter."""
    query = (
        select(consents.c.subscriber_id, func.count())
        .where(consents.c.newsletter_id == newsletter_id, among(connection, consents.c.subscriber_id, readers))
        .group_by(consents.c.subscriber_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _with_mail(connection: Connection, numbers: Sequence[int]) -> set[int]:
    """Return which subscriptions have a line in the delivery log, or a report."""
    own = subscriptions.c
    has = exists().where(deliveries.c.subscriber_id == own.subscriber_id, deliveries.c.subscription_id == own.id)
    reported = exists().where(reports.c.subscription_id == own.id)
    query = select(own.id).where(among(connection, own.id, numbers), has | reported)
    return set(connection.execute(query).scalars())


def _end(connection: Connection, newsletter_id: int, of: dict[int, int], source: str, now: datetime) -> None:
    values = {"state": SubscriptionState.ENDED.value, "ended_reason": EndedReason.ADMIN.value, "paused_until": None}
    connection.execute(
        update(subscriptions).where(among(connection, subscriptions.c.id, list(of.values()))).values(values)
    )
    add_consents(connection, [(reader, newsletter_id, "ended", source, to_micros(now)) for reader in of])


def _remove(connection: Connection, newsletter_id: int, of: dict[int, int]) -> None:
    theirs = among(connection, consents.c.subscriber_id, list(of))
    connection.execute(delete(consents).where(consents.c.newsletter_id == newsletter_id, theirs))
    connection.execute(delete(subscriptions).where(among(connection, subscriptions.c.id, list(of.values()))))


def _remove_readers(connection: Connection, readers: Sequence[int]) -> None:
    """Remove those of *readers* that nothing else in the database is about."""
    own = subscribers.c
    others = [
        exists().where(table.c.subscriber_id == own.id)
        for table in (subscriptions, consents, deliveries, sign_ups, former_addresses)
    ]
    lonely = select(own.id).where(among(connection, own.id, readers), *(~each for each in others))
    ids = list(connection.execute(lonely).scalars())
    connection.execute(
        update(chore_rows).where(among(connection, chore_rows.c.subscriber_id, ids)).values(changes=None)
    )
    connection.execute(delete(subscribers).where(among(connection, own.id, ids)))
