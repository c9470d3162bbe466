"""Taking a person out of the database, down to the pages that nothing points to any more."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, Table, case, delete, exists, literal, select, update

from digest.model.subscriber import EndedReason, Interests, SubscriptionState, SuppressionReason
from digest.store.event_erasure import forget_events
from digest.store.get_or_create import insert_new
from digest.store.histories import history_of
from digest.store.profiles import profile_of
from digest.store.tables import (
    Instant,
    attempts,
    chore_rows,
    consents,
    deliveries,
    digests,
    former_addresses,
    profile_topics,
    profiles,
    reports,
    sign_ups,
    subscribers,
    subscriptions,
    suppressions,
)


def suppress(conn: Connection, address_hash: str, reason: SuppressionReason, now: datetime) -> None:
    """Note that the address with this hash must not be mailed; a second reason takes the place of the first."""
    insert_new(conn, suppressions, [{"address_hash": address_hash, "reason": reason.value, "at": now}])
    known = update(suppressions).where(suppressions.c.address_hash == address_hash)
    conn.execute(known.values(reason=reason.value, at=now))


def rehash(conn: Connection, table: Table, renamed: Mapping[str, str]) -> None:
    """Give the rows of a *table* of hashes those of a new key (old -> new); one that is there already stays."""
    hashed = table.c.address_hash
    for old, new in renamed.items():
        if conn.execute(select(hashed).where(hashed == new)).first():
            conn.execute(delete(table).where(hashed == old))
        else:
            conn.execute(update(table).where(hashed == old).values(address_hash=new))


def overwrite_deleted(conn: Connection) -> None:
    """Let SQLite write zeros over what this connection deletes."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = on")


def forget(conn: Connection, subscriber_id: int, now: datetime) -> int:
    """Take everything personal from a subscriber's rows; return how many deliveries lost address and name.

    The rows stay, because the delivery log counts them: no address, no name, no interests, no history, a
    locale and zone that say nothing. What a mail server said is dropped too, since it may quote the address.
    The hashes of addresses that were corrected become suppressions, which name nobody.
    """
    _suppress_former(conn, subscriber_id, now)
    own_deliveries = select(deliveries.c.id).where(deliveries.c.subscriber_id == subscriber_id)
    conn.execute(update(attempts).where(attempts.c.delivery_id.in_(own_deliveries)).values(text="", recipient=""))
    conn.execute(update(reports).where(reports.c.delivery_id.in_(own_deliveries)).values(text=""))
    waiting = deliveries.c.state.in_(("ready", "deferred"))
    scrubbed = conn.execute(
        update(deliveries)
        .where(deliveries.c.subscriber_id == subscriber_id)
        .values(
            address="",
            name="",
            reason=case((waiting, "unsubscribed"), else_=deliveries.c.reason),
            finished_at=case((waiting, literal(now, Instant)), else_=deliveries.c.finished_at),
            next_attempt_at=case((waiting, None), else_=deliveries.c.next_attempt_at),
            waits_until=None,
            state=case((waiting, "skipped"), else_=deliveries.c.state),
        )
    ).rowcount
    conn.execute(delete(sign_ups).where(sign_ups.c.subscriber_id == subscriber_id))
    conn.execute(update(consents).where(consents.c.subscriber_id == subscriber_id).values(source=""))
    conn.execute(update(chore_rows).where(chore_rows.c.subscriber_id == subscriber_id).values(changes=None))
    _forget_interests(conn, subscriber_id)
    forget_events(conn, subscriber_id)
    conn.execute(
        update(subscribers)
        .where(subscribers.c.id == subscriber_id)
        .values(
            address="",
            address_key=f"erased:{subscriber_id}",
            domain="",
            name="",
            locale="en",
            zone="UTC",
            chosen_at=None,
            history_id=history_of(conn, frozenset()),
        )
    )
    return scrubbed


def clear_free_space(engine: Engine) -> bool:
    """Rewrite the database file without its free space; return False when somebody else keeps it from us.

    Deleted text lives on in free pages, in the slack of used ones, and in the write-ahead log. VACUUM copies
    what is alive into fresh pages; the checkpoint then empties the log. Takes as long as copying the file,
    and as much free disk. Other databases do this by themselves (PostgreSQL: autovacuum): nothing is done.
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        store_before = cursor.execute("PRAGMA temp_store").fetchone()[0]
        cursor.execute("PRAGMA temp_store = file")  # else the copy is made in memory
        try:
            cursor.execute("VACUUM")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
            return False
        finally:
            cursor.execute(f"PRAGMA temp_store = {int(store_before)}")
            cursor.execute("PRAGMA secure_delete = off")
        return not busy
    finally:
        connection.close()


def _suppress_former(conn: Connection, subscriber_id: int, now: datetime) -> None:
    own = former_addresses.c.subscriber_id == subscriber_id
    for hashed in conn.execute(select(former_addresses.c.address_hash).where(own)).scalars().all():
        suppress(conn, hashed, SuppressionReason.ERASED, now)
    conn.execute(delete(former_addresses).where(own))


def _forget_interests(conn: Connection, subscriber_id: int) -> None:
    own = subscriptions.c.subscriber_id == subscriber_id
    before = conn.execute(select(subscriptions.c.profile_id).where(own)).scalars().all()
    conn.execute(
        update(subscriptions)
        .where(own)
        .values(
            state=SubscriptionState.ENDED.value,
            ended_reason=EndedReason.ERASED.value,
            paused_until=None,
            send_at="",
            frequency="",
            chosen_at=None,
            profile_id=profile_of(conn, Interests()),
        )
    )
    # Keywords may say who somebody is; a profile that nobody shares and no digest was made for goes.
    shared = exists().where(subscriptions.c.profile_id == profiles.c.id)
    made_for = exists().where(digests.c.profile_id == profiles.c.id)
    lonely = select(profiles.c.id).where(profiles.c.id.in_(before), ~shared, ~made_for)
    gone = conn.execute(lonely).scalars().all()
    conn.execute(delete(profile_topics).where(profile_topics.c.profile_id.in_(gone)))
    conn.execute(delete(profiles).where(profiles.c.id.in_(gone)))
