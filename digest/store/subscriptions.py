"""One reader's agreements, as the pages and the links in mails need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from digest.model.subscriber import EndedReason, Interests, SubscriptionState
from digest.store.profiles import interests_from_text
from digest.store.tables import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class Agreement:
    """A subscription with the facts of its reader and newsletter that a page shows."""

    subscription_id: int
    subscriber_id: int
    newsletter_id: int
    newsletter: str
    state: SubscriptionState
    send_at: str
    paused_until: datetime | None
    zone: str
    locale: str
    address: str
    interests: Interests


_SELECT = (
    "SELECT s.id, s.subscriber_id, s.newsletter_id, n.slug, s.state, s.send_at, s.paused_until, u.zone, u.locale,"
    " u.address, p.interests FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
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


def end(
    connection: Connection, agreement: Agreement, reason: EndedReason, source: str, now: datetime
) -> bool:
    """End a subscription and log the withdrawal; False when it had ended before (asking twice is fine)."""
    done = connection.execute(
        text(
            "UPDATE subscriptions SET state = 'ended', ended_reason = :reason, paused_until = NULL"
            " WHERE id = :id AND state <> 'ended'"
        ),
        {"id": agreement.subscription_id, "reason": reason},
    )
    if not done.rowcount:
        return False
    _log(connection, agreement, "ended", source, now)
    return True


def restart(connection: Connection, agreement: Agreement, source: str, now: datetime) -> None:
    """Make an ended or paused subscription active again, on the reader's own word, and log it."""
    connection.execute(
        text(
            "UPDATE subscriptions SET state = 'active', ended_reason = '', paused_until = NULL WHERE id = :id"
        ),
        {"id": agreement.subscription_id},
    )
    _log(connection, agreement, "resumed", source, now)


def pause(connection: Connection, agreement: Agreement, until: datetime, source: str, now: datetime) -> None:
    """Send nothing until the instant *until*; what is missed meanwhile comes later if it has not expired."""
    connection.execute(
        text(
            "UPDATE subscriptions SET state = 'paused', paused_until = :until WHERE id = :id AND state <> 'ended'"
        ),
        {"id": agreement.subscription_id, "until": to_micros(until)},
    )
    _log(connection, agreement, "paused", source, now)


def change(
    connection: Connection, agreement: Agreement, *, profile_id: int, cadence_id: int, send_at: str
) -> None:
    """Set interests and hour."""
    connection.execute(
        text("UPDATE subscriptions SET profile_id = :p, cadence_id = :c, send_at = :at WHERE id = :id"),
        {"id": agreement.subscription_id, "p": profile_id, "c": cadence_id, "at": send_at},
    )


def _log(connection: Connection, agreement: Agreement, event: str, source: str, now: datetime) -> None:
    connection.execute(
        text(
            "INSERT INTO consents (subscriber_id, newsletter_id, event, source, wording, at)"
            " VALUES (:u, :n, :event, :source, '', :at)"
        ),
        {
            "u": agreement.subscriber_id,
            "n": agreement.newsletter_id,
            "event": event,
            "source": source,
            "at": to_micros(now),
        },
    )


def _agreement(row: object) -> Agreement:
    values = tuple(row)  # type: ignore[arg-type,var-annotated]  # a Row is a tuple
    return Agreement(
        *values[:4],
        SubscriptionState(values[4]),
        values[5],
        from_micros(values[6]) if values[6] is not None else None,
        *values[7:10],
        interests_from_text(values[10]),
    )
