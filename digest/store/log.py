"""The delivery log: "who got what, when, and what did the server say?"; the rows are the work list itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from digest.errors import BadInput, NotFound
from digest.model.delivery import DeliveryState
from digest.store.tables import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """One line of the log; `items` are the titles sent, `reply` the server's last words."""

    delivery_id: int
    edition: str
    address: str
    state: str
    reason: str
    slot_at: datetime
    planned_at: datetime
    finished_at: datetime | None
    next_attempt_at: datetime | None
    attempts: int
    reply: str
    subject: str
    items: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the line with times in ISO 8601."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}


_TIMES = ("slot_at", "planned_at", "finished_at", "next_attempt_at")


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """One SMTP try with the server's own words."""

    delivery_id: int
    attempt_no: int
    outcome: str
    phase: str
    reply_code: int
    enhanced: str
    text: str
    server: str
    recipient: str
    started_at: datetime
    finished_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the attempt with times in ISO 8601."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines: any of these may be left out. `edition` is "newsletter/period", its id, or a newsletter."""

    edition: str = ""
    state: str = ""
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None


def deliveries(connection: Connection, which: Filter) -> Iterator[LoggedDelivery]:
    """Give the lines of the log that *which* names, newest first; raises BadInput for an unknown state."""
    wheres, values = _conditions(which)
    limit = "LIMIT :limit" if which.limit is not None else ""
    rows = connection.execute(
        text(
            "SELECT d.id AS delivery_id, n.slug || '/' || e.period AS edition, d.address, d.state, d.reason,"  # noqa: S608
            " d.slot_at, d.planned_at, d.finished_at, d.next_attempt_at, d.attempt_no AS attempts,"
            " (SELECT CASE WHEN a.reply_code > 0 THEN a.reply_code || ' ' || a.text ELSE a.text END FROM attempts a"
            "  WHERE a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1) AS reply,"
            " g.subject, g.items AS article_items FROM deliveries d JOIN editions e ON e.id = d.edition_id"
            " JOIN newsletters n ON n.id = e.newsletter_id LEFT JOIN digests g ON g.id = d.digest_id"
            f" WHERE {wheres} ORDER BY d.id DESC {limit}"
        ),
        values,
    )
    for row in rows:
        yield LoggedDelivery(
            **{
                **{name: value for name, value in row._mapping.items() if name != "article_items"},
                **{name: _instant(getattr(row, name)) for name in _TIMES},
                "reply": row.reply or "",
                "subject": row.subject or "",
                "items": tuple(item["title"] for item in json.loads(row.article_items)) if row.article_items else (),
            }
        )


def attempts(connection: Connection, delivery_id: int) -> list[LoggedAttempt]:
    """Return the attempts of one delivery, first to last; raises NotFound for an unknown delivery."""
    found = connection.execute(text("SELECT 1 FROM deliveries WHERE id = :id"), {"id": delivery_id}).first()
    if found is None:
        raise NotFound(f"there is no delivery {delivery_id}; see: digest deliveries")
    rows = connection.execute(
        text(
            "SELECT a.delivery_id, a.attempt_no, a.outcome, a.phase, a.reply_code, a.enhanced, a.text, a.server,"
            " COALESCE(NULLIF(a.recipient, ''), d.address) AS recipient, a.started_at, a.finished_at"
            " FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE a.delivery_id = :id ORDER BY a.id"
        ),
        {"id": delivery_id},
    )
    return [
        LoggedAttempt(
            **{
                **row._mapping,
                "started_at": from_micros(row.started_at),
                "finished_at": from_micros(row.finished_at),
            }
        )
        for row in rows
    ]


def count_states(connection: Connection, which: Filter) -> dict[str, int]:
    """Return state (and reason of skipped rows, as "skipped:reason") -> number of rows."""
    wheres, values = _conditions(which)
    rows = connection.execute(
        text(
            "SELECT CASE WHEN d.state = 'skipped' THEN d.state || ':' || d.reason ELSE d.state END, COUNT(*)"  # noqa: S608
            " FROM deliveries d JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
            f" WHERE {wheres} GROUP BY 1 ORDER BY 1"
        ),
        values,
    )
    return {row[0]: row[1] for row in rows}


_KEEP_RECIPIENTS = (
    "UPDATE attempts SET recipient = (SELECT d.address FROM deliveries d WHERE d.id = attempts.delivery_id)"
    " WHERE recipient = '' AND delivery_id IN "
)


def keep_recipients(connection: Connection, subscriber_id: int) -> None:
    """Note on every attempt for this reader where it went, before deliveries go to another address."""
    own = "(SELECT id FROM deliveries WHERE subscriber_id = :reader)"
    connection.execute(text(_KEEP_RECIPIENTS + own), {"reader": subscriber_id})


def retry_failed(connection: Connection, which: Filter, now: datetime) -> int:
    """Ask for a new plan for rows that expired, and for refused ones whose address was corrected since.

    Returns how many. The reader must still be subscribed. Their editions are open again. Attempts go on telling
    where they went.
    """
    wheres, values = _conditions(which)
    chosen = (
        "(SELECT d.id FROM deliveries d"  # noqa: S608
        " JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
        " JOIN subscribers u ON u.id = d.subscriber_id JOIN subscriptions s ON s.id = d.subscription_id"
        f" WHERE {wheres} AND s.state = 'active'"
        " AND (d.state = 'expired' OR (d.state = 'refused' AND u.address <> d.address)))"
    )
    connection.execute(text(_KEEP_RECIPIENTS + chosen), values)
    count = connection.execute(
        text(
            "UPDATE deliveries SET state = 'ready', digest_id = NULL, plan_no = plan_no + 1, reason = '',"  # noqa: S608
            f" next_attempt_at = :retry_now, finished_at = NULL"
            f" WHERE state IN ('expired', 'refused') AND id IN {chosen}"
        ),
        {**values, "retry_now": to_micros(now)},
    ).rowcount
    connection.execute(
        text(
            "UPDATE editions SET state = 'open' WHERE state = 'finished' AND id IN"
            " (SELECT edition_id FROM deliveries WHERE state = 'ready' AND next_attempt_at IS NOT NULL)"
        )
    )
    return count


def _conditions(which: Filter) -> tuple[str, dict[str, Any]]:
    wheres, values = ["1 = 1"], dict[str, Any]()
    if which.edition:
        if which.edition.isdigit():
            wheres.append("e.id = :edition")
            values["edition"] = int(which.edition)
        else:
            slug, _, period = which.edition.partition("/")
            wheres.append("n.slug = :slug")
            values["slug"] = slug
            if period:
                wheres.append("e.period = :period")
                values["period"] = period
    if which.state:
        if which.state not in DeliveryState.__members__.values():
            raise BadInput(f"there is no state {which.state!r}; states: {', '.join(DeliveryState)}")
        wheres.append("d.state = :state")
        values["state"] = which.state
    if which.address:
        wheres.append(
            "(LOWER(d.address) = LOWER(:address)"
            " OR d.id IN (SELECT delivery_id FROM attempts WHERE LOWER(recipient) = LOWER(:address)))"
        )
        values["address"] = which.address
    if which.since is not None:
        wheres.append("COALESCE(d.finished_at, d.planned_at) >= :since")
        values["since"] = to_micros(which.since)
    if which.until is not None:
        wheres.append("COALESCE(d.finished_at, d.planned_at) < :until")
        values["until"] = to_micros(which.until)
    if which.limit is not None:
        values["limit"] = which.limit
    return " AND ".join(wheres), values


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _instant(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)
