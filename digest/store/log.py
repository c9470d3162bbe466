"""The delivery log: "who got what, when, and what did the server say?"; the rows are the work list itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text

from digest.errors import BadInput, NotFound
from digest.model.delivery import DeliveryState, Outcome
from digest.store.jobs import ask_for_workers, editions_due
from digest.store.standing import NEVER, STANDING
from digest.store.tables import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """One line of the log; `items` are the titles sent, `reply` the server's last words.

    `part_of` is the delivery whose mail it is in, its own where others are in its mail; None for any other.
    """

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
    part_of: int | None = None

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
    """Which lines: any of these may be left out. `edition` is "newsletter/period", its id, or a newsletter.

    `state` is a delivery's state, and an attempt's outcome; `address` is where it went, or is to go.
    """

    edition: str = ""
    state: str = ""
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None


class _Lines(NamedTuple):
    """What the lines of a log are in SQL: their rows, and the parts of them that a filter asks for."""

    name: str  # of what `state` tells
    states: type[StrEnum]
    rows: str
    joined: str
    state: str
    at: str
    address: str


_RECIPIENT = "COALESCE(NULLIF(a.recipient, ''), d.address)"
_DELIVERIES = _Lines(
    name="state",
    states=DeliveryState,
    rows="deliveries d JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id",
    joined="1 = 1",
    state="d.state",
    at="COALESCE(d.finished_at, d.planned_at)",
    address="(LOWER(d.address) = LOWER(:address)"
    " OR d.id IN (SELECT delivery_id FROM attempts WHERE LOWER(recipient) = LOWER(:address)))",
)
_ATTEMPTS = _Lines(
    name="outcome",
    states=Outcome,
    # SQLite takes the tables of a CROSS JOIN as they are written: it reads the attempts in the order of their ids,
    # and never sorts a million of them in memory. To PostgreSQL it is the same as JOIN.
    rows="attempts a CROSS JOIN deliveries d CROSS JOIN editions e CROSS JOIN newsletters n",
    joined="d.id = a.delivery_id AND e.id = d.edition_id AND n.id = e.newsletter_id",
    state="a.outcome",
    at="a.finished_at",
    address=f"LOWER({_RECIPIENT}) = LOWER(:address)",
)
LINES = (
    "SELECT d.id AS delivery_id, n.slug || '/' || e.period AS edition, d.address, d.state, d.reason,"  # noqa: S608
    " d.slot_at, d.planned_at, d.finished_at, d.next_attempt_at, d.attempt_no AS attempts, d.part_of,"
    " (SELECT CASE WHEN a.reply_code > 0 THEN a.reply_code || ' ' || a.text ELSE a.text END FROM attempts a"
    "  WHERE a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1) AS reply,"
    f" g.subject, g.items AS article_items FROM {_DELIVERIES.rows} LEFT JOIN digests g ON g.id = d.digest_id"
)  #: each line of the log in SQL, before its WHERE
_ALL = Filter()


def deliveries(connection: Connection, which: Filter) -> Iterator[LoggedDelivery]:
    """Give the lines of the log that *which* names, newest first; raises BadInput for an unknown state."""
    wheres, values = _conditions(which, _DELIVERIES)
    for row in _streamed(connection, f"{LINES} WHERE {wheres} ORDER BY d.id DESC", values):
        yield line_of(row)


def line_of(row: Row[Any]) -> LoggedDelivery:
    """Return the line of a row that was asked for with `LINES`."""
    return LoggedDelivery(
        **{
            **{name: value for name, value in row._mapping.items() if name != "article_items"},
            **{name: _instant(getattr(row, name)) for name in _TIMES},
            "reply": row.reply or "",
            "subject": row.subject or "",
            "items": tuple(item["title"] for item in json.loads(row.article_items)) if row.article_items else (),
        }
    )


def attempts(connection: Connection, delivery_id: int | None = None, which: Filter = _ALL) -> Iterator[LoggedAttempt]:
    """Give the attempts that *which* names, newest first; those of one delivery first to last.

    Raises NotFound for an unknown delivery, BadInput for an unknown outcome.
    """
    wheres, values = _conditions(which, _ATTEMPTS)
    order = "DESC"
    if delivery_id is not None:
        found = connection.execute(text("SELECT 1 FROM deliveries WHERE id = :id"), {"id": delivery_id}).first()
        if found is None:
            raise NotFound(f"there is no delivery {delivery_id}; see: digest deliveries")
        wheres, values, order = f"{wheres} AND a.delivery_id = :id", {**values, "id": delivery_id}, "ASC"
    rows = _streamed(
        connection,
        "SELECT a.delivery_id, a.attempt_no, a.outcome, a.phase, a.reply_code, a.enhanced, a.text, a.server,"  # noqa: S608
        f" {_RECIPIENT} AS recipient, a.started_at, a.finished_at"
        f" FROM {_ATTEMPTS.rows} WHERE {wheres} ORDER BY a.id {order}",
        values,
    )
    return (
        LoggedAttempt(
            **{
                **row._mapping,
                "started_at": from_micros(row.started_at),
                "finished_at": from_micros(row.finished_at),
            }
        )
        for row in rows
    )


def count_states(connection: Connection, which: Filter) -> dict[str, int]:
    """Return state (and reason of skipped rows, as "skipped:reason") -> number of rows."""
    state = "CASE WHEN d.state = 'skipped' THEN d.state || ':' || d.reason ELSE d.state END"
    return _counts(connection, state, which, _DELIVERIES)


def count_outcomes(connection: Connection, which: Filter) -> dict[str, int]:
    """Return outcome -> number of attempts."""
    return _counts(connection, _ATTEMPTS.state, which, _ATTEMPTS)


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
    where they went. Rows in doubt are only sent again when *which* asks for that state: the same message, once more.
    """
    wheres, values = _conditions(which, _DELIVERIES)
    chosen = f"({_to_plan_anew(wheres)})"
    connection.execute(text(_KEEP_RECIPIENTS + chosen), values)
    count = connection.execute(
        text(
            "UPDATE deliveries SET state = 'ready', digest_id = NULL, plan_no = plan_no + 1, reason = '',"  # noqa: S608
            f" next_attempt_at = :retry_now, finished_at = NULL"
            f" WHERE state IN ('expired', 'refused') AND id IN {chosen}"
        ),
        {**values, "retry_now": to_micros(now)},
    ).rowcount
    if which.state == DeliveryState.IN_DOUBT:
        count += _send_once_more(connection, wheres, values, now)
    connection.execute(
        text(
            f"UPDATE editions SET state = {STANDING} WHERE state = 'finished' AND id IN"  # noqa: S608  # a constant
            " (SELECT edition_id FROM deliveries WHERE state IN ('ready', 'in_doubt') AND next_attempt_at IS NOT NULL)"
        )
    )
    for edition_id in editions_due(connection, now) if count else ():
        ask_for_workers(connection, edition_id)
    return count


def count_to_retry(connection: Connection, which: Filter, most: int) -> int:
    """Return how many rows `retry_failed` would take, counted to *most*."""
    wheres, values = _conditions(which, _DELIVERIES)
    rows = _in_doubt_to_send(wheres) if which.state == DeliveryState.IN_DOUBT else _to_plan_anew(wheres)
    counted = text(f"SELECT COUNT(*) FROM ({rows} LIMIT :most) AS found")  # noqa: S608
    return int(connection.execute(counted, {**values, "most": most}).scalar_one())


def _to_plan_anew(wheres: str) -> str:
    """Return the query for rows that expired, or were refused at an address that was corrected since."""
    return (
        f"SELECT d.id FROM {_DELIVERIES.rows}"  # noqa: S608
        " JOIN subscribers u ON u.id = d.subscriber_id JOIN subscriptions s ON s.id = d.subscription_id"
        f" WHERE {wheres} AND s.state = 'active'"
        " AND (d.state = 'expired' OR (d.state = 'refused' AND u.address <> d.address))"
    )


def _in_doubt_to_send(wheres: str) -> str:
    """Return the query for rows in doubt that wait for a person's word."""
    return (
        f"SELECT d.id FROM {_DELIVERIES.rows} JOIN subscriptions s ON s.id = d.subscription_id WHERE {wheres}"  # noqa: S608
        " AND s.state = 'active' AND e.state <> 'cancelled' AND d.state = 'in_doubt' AND d.next_attempt_at IS NULL"
    )


def _send_once_more(connection: Connection, wheres: str, values: dict[str, Any], now: datetime) -> int:
    """Make rows in doubt due that wait for a person's word; their editions are neither paused nor cancelled."""
    return connection.execute(
        text(
            "UPDATE deliveries SET next_attempt_at = :retry_now, finished_at = NULL"  # noqa: S608
            f" WHERE state = 'in_doubt' AND next_attempt_at IS NULL AND id IN ({_in_doubt_to_send(wheres)})"
        ),
        {**values, "retry_now": to_micros(now)},
    ).rowcount


def _streamed(connection: Connection, query: str, values: dict[str, Any]) -> Iterator[Row[Any]]:
    """Give the rows one after the other: a log of millions of lines does not fit into memory."""
    limit = "LIMIT :limit" if "limit" in values else ""
    # PostgreSQL's driver would fetch all of them before the first.
    with connection.execute(text(f"{query} {limit}"), values, execution_options={"stream_results": True}) as rows:
        yield from rows


def _counts(connection: Connection, name: str, which: Filter, lines: _Lines) -> dict[str, int]:
    wheres, values = _conditions(which, lines)
    query = f"SELECT {name}, COUNT(*) FROM {lines.rows} WHERE {wheres} GROUP BY 1 ORDER BY 1"  # noqa: S608
    return {row[0]: row[1] for row in connection.execute(text(query), values)}


def _conditions(which: Filter, lines: _Lines) -> tuple[str, dict[str, Any]]:
    wheres, values = [lines.joined], dict[str, Any]()
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
        if which.state not in lines.states.__members__.values():
            raise BadInput(f"there is no {lines.name} {which.state!r}; {lines.name}s: {', '.join(lines.states)}")
        wheres.append(f"{lines.state} = :state")
        values["state"] = which.state
    if which.address:
        wheres.append(lines.address)
        values["address"] = which.address
    if which.since is not None:
        wheres.append(f"{lines.at} >= :since")
        values["since"] = to_micros(which.since)
    if which.until is not None:
        wheres.append(f"{lines.at} < :until")
        values["until"] = to_micros(which.until)
    if which.limit is not None:
        values["limit"] = which.limit
    return " AND ".join(wheres), values


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _instant(value: int | None) -> datetime | None:
    return None if value in (None, NEVER) else from_micros(value)
