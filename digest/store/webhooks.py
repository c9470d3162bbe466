"""Webhooks, and the messages for them: found in the logs of what happened, never written beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select, text, update

from digest.errors import NotFound
from digest.model.webhook import Event, Webhook
from digest.store.tables import to_micros, webhook_messages, webhooks

READ = 5_000  #: rows of a log that are looked at in one transaction
MOST_WAITING = 20_000  #: of one webhook; with more the logs are read no further for it
_KEPT = timedelta(hours=24)
# Where several write, a lower id may come to be seen after a higher one.
_LOOK_BACK = 10_000
_NO_LETTER = "REPLACE(e.period, '+letter-', '') = e.period"
_ATTEMPTS = (
    "FROM attempts f JOIN deliveries d ON d.id = f.delivery_id JOIN editions e ON e.id = d.edition_id"
    f" WHERE {_NO_LETTER}"
)
_STANDING = "('given', 'confirmed', 'resumed', 'paused', 'ended')"
_BEFORE = (
    "(SELECT p.event FROM consents p WHERE p.subscriber_id = f.subscriber_id AND p.newsletter_id = f.newsletter_id"  # noqa: S608
    f" AND p.id < f.id AND p.event IN {_STANDING} ORDER BY p.id DESC LIMIT 1)"
)
_CONFIRMED_WITH_IT = (
    "EXISTS (SELECT 1 FROM consents p WHERE p.subscriber_id = f.subscriber_id AND p.newsletter_id = f.newsletter_id"
    " AND p.event = 'confirmed' AND p.id > f.id AND p.id <= f.id + 50)"
)
_FAILED = "f.outcome <> 'sent' AND f.attempt_no = d.attempt_no AND d.state IN ('refused', 'expired', 'poison')"
# Of the two records that a confirmed sign-up makes the second counts; who comes back had left.
_SUBSCRIBED = (
    "FROM consents f JOIN subscriptions s ON s.subscriber_id = f.subscriber_id AND s.newsletter_id = f.newsletter_id"
    f" WHERE s.state <> 'pending' AND (f.event = 'confirmed' OR (f.event = 'resumed' AND {_BEFORE} = 'ended')"
    f" OR (f.event = 'given' AND COALESCE({_BEFORE}, 'ended') = 'ended' AND NOT {_CONFIRMED_WITH_IT}))"
)
# What a server said while we sent is told as failed.
_BOUNCED = "FROM reports f WHERE f.kind = 'bounce' AND f.delivery_id IS NOT NULL AND f.found_by <> 'smtp'"
#: Event -> the log it is found in, and which of its rows they are.
_FOUND = {
    Event.SENT: ("attempts", f"{_ATTEMPTS} AND f.outcome = 'sent'"),
    Event.FAILED: ("attempts", f"{_ATTEMPTS} AND {_FAILED}"),
    Event.SUBSCRIBED: ("consents", _SUBSCRIBED),
    Event.UNSUBSCRIBED: ("consents", "FROM consents f WHERE f.event = 'ended'"),
    Event.BOUNCED: ("reports", _BOUNCED),
    Event.COMPLAINED: ("reports", "FROM reports f WHERE f.kind = 'complaint' AND f.effect = 'suppressed'"),
    Event.ALERT: ("alerts", "FROM alerts f WHERE f.id > 0"),
}
_LATEST = {
    "attempts": "SELECT COALESCE(MAX(id), 0) FROM attempts",
    "consents": "SELECT COALESCE(MAX(id), 0) FROM consents",
    "alerts": "SELECT COALESCE(MAX(id), 0) FROM alerts",
    # What is not judged yet has no effect yet.
    "reports": (
        "SELECT COALESCE((SELECT MIN(id) - 1 FROM reports WHERE effect = ''), (SELECT MAX(id) FROM reports), 0)"
    ),
}


class Message(NamedTuple):
    """What is to be told: which row of a log, how often that was tried."""

    message_id: int
    webhook_id: int
    event: Event
    fact_id: int
    tries: int


def add_webhook(connection: Connection, url: str, secret: str, events: Collection[Event], now: datetime) -> int:
    """Write a webhook that is told of what happens from now on; return its id."""
    latest = {log: int(connection.execute(text(query)).scalar_one()) for log, query in _LATEST.items()}
    values = {
        "url": url,
        "secret": secret,
        "events": " ".join(sorted(events)),
        "made_at": now,
        "positions": {log: [at, at] for log, at in latest.items()},
    }
    made = connection.execute(insert(webhooks).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def list_webhooks(connection: Connection, *, told: bool = False) -> list[Webhook]:
    """Return the webhooks, by id; with *told* only those that are still told."""
    query = select(webhooks).order_by(webhooks.c.id)
    if told:
        query = query.where(webhooks.c.disabled_because == "")
    return [_webhook(row) for row in connection.execute(query)]


def find_webhook(connection: Connection, webhook_id: int) -> Webhook:
    """Return one webhook; raises NotFound."""
    row = connection.execute(select(webhooks).where(webhooks.c.id == webhook_id)).first()
    if row is None:
        raise NotFound(f"there is no webhook {webhook_id}; see: digest webhooks list")
    return _webhook(row)


def remove_webhook(connection: Connection, webhook_id: int) -> None:
    """Take a webhook out, with what it was to be told; raises NotFound."""
    find_webhook(connection, webhook_id)
    connection.execute(delete(webhook_messages).where(webhook_messages.c.webhook_id == webhook_id))
    connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))


def count_waiting(connection: Connection) -> dict[int, int]:
    """Return webhook id -> messages that wait."""
    waiting = "SELECT webhook_id, COUNT(*) FROM webhook_messages WHERE next_try_at IS NOT NULL GROUP BY webhook_id"
    return {row[0]: row[1] for row in connection.execute(text(waiting))}


def read_logs(connection: Connection, webhook: Webhook, now: datetime) -> int:
    """Make the messages of what happened since the last time; return how many rows of logs were looked at."""
    positions = dict(
        connection.execute(select(webhooks.c.positions).where(webhooks.c.id == webhook.webhook_id)).scalar_one()
    )
    back = _LOOK_BACK if connection.dialect.name == "postgresql" else 0
    seen = 0
    for log, (start, read) in positions.items():
        latest = int(connection.execute(text(_LATEST[log])).scalar_one())
        until = min(latest, read + READ)
        if until > read:
            bounds = {"begin": max(start, read - back), "until": until}
            for event in sorted(webhook.events):
                if _FOUND[event][0] == log:
                    _make(connection, webhook.webhook_id, event, bounds, now)
            positions[log] = [start, until]
            seen += until - read
    if seen:
        known = update(webhooks).where(webhooks.c.id == webhook.webhook_id)
        connection.execute(known.values(positions=positions))
        _forget(connection, webhook.webhook_id, positions, back, now)
    return seen


def _make(connection: Connection, webhook_id: int, event: Event, bounds: Mapping[str, int], now: datetime) -> None:
    connection.execute(
        text(
            "INSERT INTO webhook_messages (webhook_id, event, fact_id, tries, made_at, next_try_at)"
            f" SELECT :webhook, :event, f.id, 0, :now, :now {_FOUND[event][1]} AND f.id > :begin AND f.id <= :until"
            " ORDER BY f.id ON CONFLICT DO NOTHING"
        ),
        {"webhook": webhook_id, "event": event.value, "now": to_micros(now), **bounds},
    )


def _forget(
    connection: Connection, webhook_id: int, positions: Mapping[str, Sequence[int]], back: int, now: datetime
) -> None:
    """Delete what was told a day ago, but for what the logs may still be read again for."""
    for event, (log, _) in _FOUND.items():
        connection.execute(
            delete(webhook_messages).where(
                webhook_messages.c.webhook_id == webhook_id,
                webhook_messages.c.event == event.value,
                webhook_messages.c.fact_id <= positions[log][1] - back,
                webhook_messages.c.next_try_at.is_(None),
                webhook_messages.c.made_at <= now - _KEPT,
            )
        )


def take_due(connection: Connection, now: datetime, until: datetime, limit: int) -> list[Message]:
    """Return messages that are due, which nobody else gets before *until*."""
    rows = connection.execute(
        text(
            "SELECT m.id, m.webhook_id, m.event, m.fact_id, m.tries FROM webhook_messages m"
            " JOIN webhooks w ON w.id = m.webhook_id WHERE m.next_try_at <= :now AND w.disabled_because = ''"
            " ORDER BY m.next_try_at, m.id LIMIT :limit"
        ),
        {"now": to_micros(now), "limit": limit},
    ).all()
    taken = [Message(row[0], row[1], Event(row[2]), row[3], row[4]) for row in rows]
    if taken:
        _put_off(connection, [each.message_id for each in taken], until)
    return taken


def _put_off(connection: Connection, ids: Sequence[int], until: datetime) -> None:
    connection.execute(
        text("UPDATE webhook_messages SET next_try_at = :until WHERE id = :id"),
        [{"id": each, "until": to_micros(until)} for each in ids],
    )


def note_told(connection: Connection, message: Message) -> None:
    """Note that a message was taken, and that its webhook is well."""
    done = update(webhook_messages).where(webhook_messages.c.id == message.message_id)
    connection.execute(done.values(next_try_at=None, tries=message.tries + 1))
    well = update(webhooks).where(webhooks.c.id == message.webhook_id, webhooks.c.last_error != "")
    connection.execute(well.values(failing_since=None, last_error=""))


def note_failed(
    connection: Connection, message: Message, why: str, *, again_at: datetime | None, now: datetime
) -> datetime:
    """Note that a message was not taken, and when it is tried again (None: never); return since when it fails."""
    done = update(webhook_messages).where(webhook_messages.c.id == message.message_id)
    connection.execute(done.values(next_try_at=again_at, tries=message.tries + 1))
    known = find_webhook(connection, message.webhook_id)
    since = known.failing_since or now
    failing = update(webhooks).where(webhooks.c.id == message.webhook_id)
    connection.execute(failing.values(failing_since=since, last_error=why))
    return since


def put_back(connection: Connection, message: Message, at: datetime) -> None:
    """Let a message that was not tried be due at *at*."""
    _put_off(connection, [message.message_id], at)


def disable(connection: Connection, webhook_id: int, because: str) -> None:
    """Tell a webhook nothing more."""
    connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(disabled_because=because))


def enable(connection: Connection, webhook_id: int) -> None:
    """Tell a webhook again, from where it was left."""
    well = update(webhooks).where(webhooks.c.id == webhook_id)
    connection.execute(well.values(disabled_because="", failing_since=None, last_error=""))


def _webhook(row: Row[Any]) -> Webhook:
    known = {each.value for each in Event}
    events = frozenset(Event(each) for each in row.events.split() if each in known)
    why = (row.failing_since, row.last_error, row.disabled_because)
    return Webhook(row.id, row.url, row.secret, events, row.made_at, *why)
