"""Subscribers, their subscriptions, consents and suppressions: reading and writing in sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, and_, bindparam, func, select, type_coerce, update

from digest.errors import NotFound
from digest.store.bulk import insert_rows
from digest.store.get_or_create import among, chunks, values_by
from digest.store.tables import consents, profiles, subscribers, subscriptions, suppressions

_IMPORT_CACHE_KIB = 6_144


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has of a mailbox, and of its subscription to one newsletter (id 0: none)."""

    subscriber_id: int
    name: str
    locale: str
    zone: str
    placed_at: datetime | None = None  #: when the reader chose locale and zone
    subscription_id: int = 0
    profile_id: int = 0
    cadence_id: int = 0
    state: str = ""
    ended_reason: str = ""
    send_at: str = ""
    frequency: str = ""
    chosen_at: datetime | None = None  #: when the reader chose interests, hour and frequency


def known_readers(conn: Connection, newsletter_id: int, address_keys: Iterable[str]) -> dict[str, Known]:
    """Return what is known of each address key; keys without a subscriber are left out."""
    who, what = subscribers.c, subscriptions.c
    joined = subscribers.outerjoin(
        subscriptions, and_(what.subscriber_id == who.id, what.newsletter_id == newsletter_id)
    )
    columns = (
        *(who.address_key, who.id, who.name, who.locale, who.zone, who.chosen_at.label("placed_at")),
        *(what.id, what.profile_id, what.cadence_id, what.state, what.ended_reason),
        *(what.send_at, what.frequency, what.chosen_at),
    )
    found: dict[str, Known] = {}
    for part in chunks(address_keys):
        for key, *person, own, profile, cadence, state, reason, at, often, chosen in conn.execute(
            select(*columns).select_from(joined).where(among(conn, who.address_key, part))
        ):
            agreed = (own, profile, cadence, state, reason, at, often, chosen) if own else ()
            found[key] = Known(*person, *agreed)
    return found


def subscriber_ids(conn: Connection, address_keys: Iterable[str]) -> dict[str, int]:
    """Return the id of each address key that has a subscriber."""
    return values_by(conn, subscribers.c.address_key, subscribers.c.id, address_keys)


def find_subscriber(conn: Connection, address_key: str) -> Row[Any]:
    """Return the row of a mailbox; raises NotFound when nobody has this address."""
    row = conn.execute(select(subscribers).where(subscribers.c.address_key == address_key)).first()
    if row is None:
        raise NotFound(f"nobody with the address {address_key} is subscribed; check its spelling")
    return row


def add_subscribers(conn: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Insert subscribers: (address, address_key, name, locale, zone, history_id, joined_at in microseconds)."""
    names = ("address", "address_key", "name", "locale", "zone", "history_id", "joined_at", "domain")
    insert_rows(conn, subscribers, names, [(*row, domain_of(row[1])) for row in rows])


def domain_of(address_key: str) -> str:
    """Return the domain of an address key, as the column of that name has it."""
    return address_key.rpartition("@")[2]


def update_subscribers(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write name, locale, zone and chosen_at of the subscribers named by `row_id`."""
    if rows:
        named: dict[str, Any] = {key: bindparam(f"new_{key}") for key in ("name", "locale", "zone", "chosen_at")}
        statement = update(subscribers).where(subscribers.c.id == bindparam("row_id")).values(named)
        conn.execute(statement, [_prefixed(row) for row in rows])


def add_subscriptions(conn: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Insert subscriptions: (ids of subscriber, newsletter, profile, cadence; state, own hour, own frequency…)."""
    ids = ("subscriber_id", "newsletter_id", "profile_id", "cadence_id")
    insert_rows(conn, subscriptions, (*ids, "state", "send_at", "frequency", "paused_until", "since"), rows)


def update_subscriptions(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write profile, cadence, hour, frequency and chosen_at of the subscriptions named by `row_id`."""
    if rows:
        names = ("profile_id", "cadence_id", "send_at", "frequency", "chosen_at")
        named: dict[str, Any] = {key: bindparam(f"new_{key}") for key in names}
        statement = update(subscriptions).where(subscriptions.c.id == bindparam("row_id")).values(named)
        conn.execute(statement, [_prefixed(row) for row in rows])


def note_moved(conn: Connection, newsletter_id: int, subscriber_ids: Iterable[int], now: datetime) -> None:
    """Note that these readers of a newsletter, which comes by their own clocks, have another zone from *now* on."""
    for part in chunks(subscriber_ids):
        moved = update(subscriptions).where(among(conn, subscriptions.c.subscriber_id, part))
        conn.execute(moved.where(subscriptions.c.newsletter_id == newsletter_id).values(moved_at=now))


def add_consents(conn: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Append to the record of consent: (subscriber id, newsletter id, event, source, at in microseconds)."""
    insert_rows(conn, consents, ("subscriber_id", "newsletter_id", "event", "source", "at"), rows)


def consents_given(
    conn: Connection, newsletter_id: int, subscriber_ids: Iterable[int]
) -> dict[int, list[tuple[str, int]]]:
    """Return (source, microseconds) of every consent given by each subscriber to one newsletter, oldest first."""
    found: dict[int, list[tuple[str, int]]] = {}
    for part in chunks(subscriber_ids):
        rows = conn.execute(
            select(consents.c.subscriber_id, consents.c.source, type_coerce(consents.c.at, BigInteger))
            .where(among(conn, consents.c.subscriber_id, part), consents.c.newsletter_id == newsletter_id)
            .where(consents.c.event == "given")
            .order_by(consents.c.id)
        )
        for subscriber_id, source, at in rows:
            found.setdefault(subscriber_id, []).append((source, at))
    return found


def suppressed_hashes(conn: Connection, hashes: Iterable[str]) -> dict[str, str]:
    """Return the reason of each address hash that must not be mailed."""
    return values_by(conn, suppressions.c.address_hash, suppressions.c.reason, hashes)


def list_subscriptions(conn: Connection, newsletter_id: int, *, after: int = 0, limit: int = 1_000) -> list[Row[Any]]:
    """Return up to *limit* subscriptions with reader and interests, by id, from the one past *after*."""
    return list(
        conn.execute(
            select(
                subscriptions.c.id,
                subscriptions.c.subscriber_id,
                subscriptions.c.state,
                subscriptions.c.ended_reason,
                subscriptions.c.paused_until,
                subscriptions.c.send_at,
                subscriptions.c.frequency,
                subscriptions.c.since,
                subscribers.c.address,
                subscribers.c.name,
                subscribers.c.locale,
                subscribers.c.zone,
                profiles.c.interests,
            )
            .join_from(subscriptions, subscribers)
            .join(profiles)
            .where(subscriptions.c.newsletter_id == newsletter_id, subscriptions.c.id > after)
            .order_by(subscriptions.c.id)
            .limit(limit)
        )
    )


def count_subscriptions(conn: Connection, newsletter_id: int) -> dict[str, int]:
    """Return how many subscriptions a newsletter has in each state."""
    rows = conn.execute(
        select(subscriptions.c.state, func.count())
        .where(subscriptions.c.newsletter_id == newsletter_id)
        .group_by(subscriptions.c.state)
    )
    return {state: number for state, number in rows}  # noqa: C416  # rows are not plain pairs to mypy


@contextmanager
def bounded_cache(conn: Connection) -> Iterator[None]:
    """Hold the connection's page cache to 6 MiB meanwhile, so that memory does not grow with the table."""
    if conn.dialect.name != "sqlite":
        yield
        return
    with conn.begin():
        before = conn.exec_driver_sql("PRAGMA cache_size").scalar_one()
        conn.exec_driver_sql(f"PRAGMA cache_size = -{_IMPORT_CACHE_KIB}")
    try:
        yield
    finally:
        with conn.begin():
            conn.exec_driver_sql(f"PRAGMA cache_size = {int(before)}")


def _prefixed(row: Mapping[str, Any]) -> dict[str, Any]:
    # A bound name must not be a column's own name in an UPDATE.
    return {key if key == "row_id" else f"new_{key}": value for key, value in row.items()}
