"""One reader's agreements, as the pages and the links in mails need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import Connection, Row, text

from digest.model.subscriber import EndedReason, Interests, Joins, SubscriptionState
from digest.store.get_or_create import insert_new
from digest.store.parts import release_waiting
from digest.store.profiles import interests_from_text
from digest.store.tables import from_micros, subscriptions, to_micros


@dataclass(frozen=True, slots=True)
class Agreement:
    """A subscription with the facts of its reader and newsletter that a page shows."""

    subscription_id: int
    subscriber_id: int
    newsletter_id: int
    newsletter: str
    state: SubscriptionState
    ended_reason: str
    send_at: str
    frequency: str
    paused_until: datetime | None
    zone: str
    locale: str
    address: str
    name: str
    interests: Interests
    way: str = ""  #: of a stream of events, how the reader wants it


_SELECT = (
    "SELECT s.id AS subscription_id, s.subscriber_id, s.newsletter_id, n.slug AS newsletter, s.state,"
    " s.ended_reason, s.send_at, s.frequency, s.paused_until, s.way, u.zone, u.locale, u.address, u.name, p.interests"
    " FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
    " JOIN newsletters n ON n.id = s.newsletter_id JOIN profiles p ON p.id = s.profile_id WHERE "
)


def find_agreement(connection: Connection, subscription_id: int) -> Agreement | None:
    """Return one subscription, or None."""
    row = connection.execute(text(_SELECT + "s.id = :id"), {"id": subscription_id}).one_or_none()
    return _agreement(row) if row else None


def agreements_of(connection: Connection, subscriber_id: int) -> list[Agreement]:
    """Return every subscription of one reader, by newsletter."""
    rows = connection.execute(text(_SELECT + "s.subscriber_id = :id ORDER BY n.slug"), {"id": subscriber_id})
    return [_agreement(row) for row in rows]


def end(connection: Connection, agreement: Agreement, reason: EndedReason, source: str, now: datetime) -> bool:
    """End a subscription and log the withdrawal; False when it had ended before (twice is fine)."""
    done = connection.execute(
        text(
            "UPDATE subscriptions SET state = 'ended', ended_reason = :reason, paused_until = NULL"
            " WHERE id = :id AND state <> 'ended'"
        ),
        {"id": agreement.subscription_id, "reason": reason},
    )
    if not done.rowcount:
        if agreement.ended_reason == EndedReason.ADMIN and reason is not EndedReason.ADMIN:
            # Whoever takes back what staff did must see that the reader wants it so.
            log(connection, agreement, "left_too", source, now)
        return False
    log(connection, agreement, "ended", source, now)
    return True


def restart(connection: Connection, agreement: Agreement, source: str, now: datetime) -> None:
    """Make an ended or paused subscription active again, on the reader's own word, and log it.

    The caller has made sure that the reader, and not a bounce or a complaint, ended it. Who comes back after
    leaving looks back from today (UTC), as a new reader does; a pause ends with all that was missed.
    """
    connection.execute(
        text(
            "UPDATE subscriptions SET since = CASE WHEN state = 'ended' THEN :today ELSE since END,"
            " state = 'active', ended_reason = '', paused_until = NULL WHERE id = :id"
        ),
        {"id": agreement.subscription_id, "today": to_micros(_today(now))},
    )
    log(connection, agreement, "resumed", source, now)


def begin(connection: Connection, agreement: Agreement, now: datetime) -> None:
    """Make a subscription active that was just confirmed; looking back starts today (UTC), as for any new reader."""
    connection.execute(
        text(
            "UPDATE subscriptions SET since = :today, state = 'active', ended_reason = '', paused_until = NULL"
            " WHERE id = :id"
        ),
        {"id": agreement.subscription_id, "today": to_micros(_today(now))},
    )


def add(
    connection: Connection, subscriber_id: int, newsletter_id: int, *, profile_id: int, cadence_id: int, now: datetime
) -> None:
    """Give a reader one more newsletter; nothing happens when they have it, or had it."""
    insert_new(
        connection,
        subscriptions,
        [
            {
                "subscriber_id": subscriber_id,
                "newsletter_id": newsletter_id,
                "profile_id": profile_id,
                "cadence_id": cadence_id,
                "state": SubscriptionState.ACTIVE.value,
                "since": _today(now),
            }
        ],
    )


def pause(connection: Connection, agreement: Agreement, until: datetime, source: str, now: datetime) -> None:
    """Send nothing until the instant *until*; what is missed meanwhile comes later if it has not expired."""
    connection.execute(
        text("UPDATE subscriptions SET state = 'paused', paused_until = :until WHERE id = :id AND state <> 'ended'"),
        {"id": agreement.subscription_id, "until": to_micros(until)},
    )
    log(connection, agreement, "paused", source, now)


def change(
    connection: Connection,
    agreement: Agreement,
    *,
    profile_id: int,
    cadence_id: int,
    send_at: str,
    frequency: str,
    now: datetime,
) -> None:
    """Set interests, hour and days as the reader chose them."""
    connection.execute(
        text(
            "UPDATE subscriptions SET profile_id = :p, cadence_id = :c, send_at = :at, frequency = :often,"
            " chosen_at = :now WHERE id = :id"
        ),
        {
            "id": agreement.subscription_id,
            "p": profile_id,
            "c": cadence_id,
            "at": send_at,
            "often": frequency,
            "now": to_micros(now),
        },
    )


def set_way(
    connection: Connection,
    agreement: Agreement,
    *,
    way: str,
    cadence_id: int,
    send_at: str,
    frequency: str,
    now: datetime,
) -> None:
    """Set how a stream of events comes as the reader chose it."""
    connection.execute(
        text(
            "UPDATE subscriptions SET way = :way, cadence_id = :c, send_at = :at, frequency = :often, chosen_at = :now"
            " WHERE id = :id"
        ),
        {
            "id": agreement.subscription_id,
            "way": way,
            "c": cadence_id,
            "at": send_at,
            "often": frequency,
            "now": to_micros(now),
        },
    )
    connection.execute(
        text(
            "UPDATE subscribers SET joins = joins % 2 + CASE WHEN EXISTS (SELECT 1 FROM subscriptions s"
            " WHERE s.subscriber_id = :id AND s.way = 'newsletter') THEN 2 ELSE 0 END WHERE id = :id"
        ),
        {"id": agreement.subscriber_id},
    )


def change_interests(connection: Connection, agreement: Agreement, profile_id: int, now: datetime) -> None:
    """Set interests alone as the reader chose them."""
    connection.execute(
        text("UPDATE subscriptions SET profile_id = :p, chosen_at = :now WHERE id = :id"),
        {"id": agreement.subscription_id, "p": profile_id, "now": to_micros(now)},
    )


def settle(connection: Connection, subscriber_id: int, *, zone: str, locale: str, now: datetime) -> None:
    """Set zone and language as the reader chose them."""
    connection.execute(
        text("UPDATE subscribers SET zone = :zone, locale = :locale, chosen_at = :now WHERE id = :id"),
        {"id": subscriber_id, "zone": zone, "locale": locale, "now": to_micros(now)},
    )


def set_joins(connection: Connection, subscriber_id: int, *, newsletters: bool, now: datetime) -> None:
    """Let a reader's newsletters be one mail a day, or each its own; what waits then goes with the next planning."""
    connection.execute(
        text("UPDATE subscribers SET joins = joins - joins % 2 + :one, chosen_at = :now WHERE id = :id"),
        {"id": subscriber_id, "one": int(newsletters), "now": to_micros(now)},
    )
    if not newsletters:
        release_waiting(connection, subscriber_id, now)


def joins_of(connection: Connection, subscriber_id: int) -> Joins:
    """Return which mails of a reader are joined."""
    return Joins(
        connection.execute(text("SELECT joins FROM subscribers WHERE id = :id"), {"id": subscriber_id}).scalar() or 0
    )


def has_told_why(connection: Connection, agreement: Agreement) -> bool:
    """Whether the reader said why they left, since they left."""
    last = connection.execute(
        text(
            "SELECT event FROM consents WHERE subscriber_id = :u AND newsletter_id = :n AND event IN"
            " ('ended', 'told_why') ORDER BY id DESC LIMIT 1"
        ),
        {"u": agreement.subscriber_id, "n": agreement.newsletter_id},
    ).scalar()
    return last == "told_why"


def log(
    connection: Connection, agreement: Agreement, event: str, source: str, now: datetime, *, wording: str = ""
) -> None:
    """Append to the record of consent: what happened, on which page, and the words that were agreed to."""
    connection.execute(
        text(
            "INSERT INTO consents (subscriber_id, newsletter_id, event, source, at, wording)"
            " VALUES (:u, :n, :event, :source, :at, :wording)"
        ),
        {
            "u": agreement.subscriber_id,
            "n": agreement.newsletter_id,
            "event": event,
            "source": source,
            "at": to_micros(now),
            "wording": wording,
        },
    )


def count_active(connection: Connection) -> dict[str, int]:
    """Return newsletter slug -> active subscriptions."""
    rows = connection.execute(
        text(
            "SELECT n.slug, COUNT(*) FROM subscriptions s JOIN newsletters n ON n.id = s.newsletter_id"
            " WHERE s.state = 'active' GROUP BY n.slug"
        )
    )
    return {row[0]: row[1] for row in rows}


def _today(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC)


def _agreement(row: Row[Any]) -> Agreement:
    return Agreement(
        **{
            **row._mapping,
            "state": SubscriptionState(row.state),
            "paused_until": from_micros(row.paused_until) if row.paused_until is not None else None,
            "interests": interests_from_text(row.interests),
        }
    )
