"""What a webhook is told of each event: the facts as their logs have them when it is told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from digest.model.webhook import Event
from digest.store.tables import from_micros

_OF_DELIVERY = (
    "d.id AS delivery, n.slug AS newsletter, e.period AS edition, d.subscriber_id AS subscriber, d.address, d.state"
)
_JOINED = "JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
_ATTEMPT = (
    f"SELECT f.finished_at AS at, {_OF_DELIVERY}, f.reply_code, f.enhanced, f.text, f.server"  # noqa: S608
    f" FROM attempts f JOIN deliveries d ON d.id = f.delivery_id {_JOINED} WHERE f.id = :id"
)
_CONSENT = (
    "SELECT f.at, n.slug AS newsletter, f.subscriber_id AS subscriber, u.address, f.source, s.ended_reason AS reason"
    " FROM consents f JOIN newsletters n ON n.id = f.newsletter_id JOIN subscribers u ON u.id = f.subscriber_id"
    " LEFT JOIN subscriptions s ON s.subscriber_id = f.subscriber_id AND s.newsletter_id = f.newsletter_id"
    " WHERE f.id = :id"
)
_REPORT = (
    f'SELECT f.at, {_OF_DELIVERY}, f."class" AS class, f.status, f.reply_code, f.cause, f.effect, f.text'  # noqa: S608
    f" FROM reports f JOIN deliveries d ON d.id = f.delivery_id {_JOINED} WHERE f.id = :id"
)
_ALERT = (
    "SELECT f.first_at AS at, f.id AS alert, f.kind, f.subject, f.newsletter, f.says, f.state FROM alerts f"
    " WHERE f.id = :id"
)
_QUERY = {
    Event.SENT: _ATTEMPT,
    Event.FAILED: _ATTEMPT,
    Event.SUBSCRIBED: _CONSENT,
    Event.UNSUBSCRIBED: _CONSENT,
    Event.BOUNCED: _REPORT,
    Event.COMPLAINED: _REPORT,
    Event.ALERT: _ALERT,
}


def fact(connection: Connection, event: Event, fact_id: int) -> dict[str, Any] | None:
    """Return what there is to tell, `at` as ISO 8601; None when the row is gone. An erased address is ""."""
    row = connection.execute(text(_QUERY[event]), {"id": fact_id}).mappings().first()
    return {**row, "at": from_micros(row["at"]).isoformat()} if row else None
