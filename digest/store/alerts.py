"""Alerts: one row for each cause while it lasts, kept afterwards as what had happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from digest.errors import NotFound
from digest.model.alert import LOCAL, Alert, AlertKind, AlertState, Cause
from digest.store.browsing import PAGE, Page
from digest.store.tables import alerts

FORGOTTEN = timedelta(minutes=5)  #: after which what one process saw alone is gone when it sees it no more
KEPT = timedelta(days=90)
_GOING_ON = alerts.c.state != AlertState.CLOSED


def keep_causes(connection: Connection, causes: Sequence[Cause], now: datetime) -> int:
    """Open an alert for each cause that has none, note the others as seen, close those whose cause is gone.

    Return how many were opened.
    """
    going_on = {(row.kind, row.subject): row for row in connection.execute(select(alerts).where(_GOING_ON))}
    opened = 0
    # Two of one name are one: mail servers may differ in their sign-in alone.
    for cause in {(each.kind, each.subject): each for each in causes}.values():
        row = going_on.pop((cause.kind, cause.subject), None)
        said = {"says": cause.says, "count": cause.count, "newsletter": cause.newsletter, "last_at": now}
        if row is not None:
            connection.execute(update(alerts).where(alerts.c.id == row.id).values(said))
            continue
        fresh = {"kind": cause.kind, "subject": cause.subject, "state": AlertState.OPEN, "first_at": now, **said}
        connection.execute(insert(alerts).values(fresh))
        opened += 1
    gone = [row.id for row in going_on.values() if row.kind not in LOCAL or row.last_at <= now - FORGOTTEN]
    if gone:
        over = update(alerts).where(alerts.c.id.in_(gone))
        connection.execute(over.values(state=AlertState.CLOSED, closed_at=now))
    # The latest stays, so that its id is not given again: webhooks know by ids how far they have read.
    latest = select(func.max(alerts.c.id)).scalar_subquery()
    old = (alerts.c.state == AlertState.CLOSED) & (alerts.c.closed_at < now - KEPT)
    connection.execute(delete(alerts).where(old, alerts.c.id < latest))
    return opened


def put_aside(connection: Connection, alert_id: int, *, by: str, now: datetime) -> Alert:
    """Note that somebody has seen an alert: it counts no more while its cause lasts. Raises NotFound for none open."""
    found = alerts.c.id == alert_id
    done = connection.execute(
        update(alerts)
        .where(found, alerts.c.state == AlertState.OPEN)
        .values(state=AlertState.ASIDE, closed_by=by, closed_at=now)
    )
    if not done.rowcount:
        raise NotFound(f"there is no open alert {alert_id}; see: digest alerts list")
    return _alert(connection.execute(select(alerts).where(found)).one())


def open_alerts(connection: Connection, newsletters: Sequence[str] | None = None) -> list[Alert]:
    """Return what is open, longest first; with *newsletters* without those of others."""
    query = select(alerts).where(alerts.c.state == AlertState.OPEN).order_by(alerts.c.first_at, alerts.c.id)
    return [_alert(row) for row in connection.execute(_of(query, newsletters))]


def count_open(connection: Connection) -> int:
    """Return how many are open."""
    return connection.execute(select(func.count()).where(alerts.c.state == AlertState.OPEN)).scalar_one()


def browse_alerts(
    connection: Connection, newsletters: Sequence[str] | None = None, *, after: Sequence[int] = ()
) -> Page[Alert]:
    """Return one page of all alerts that are not open, newest first."""
    query = select(alerts).where(alerts.c.state != AlertState.OPEN).order_by(alerts.c.id.desc()).limit(PAGE + 1)
    if after:
        query = query.where(alerts.c.id < after[0])
    rows = [_alert(row) for row in connection.execute(_of(query, newsletters))]
    return Page(tuple(rows[:PAGE]), (rows[PAGE - 1].alert_id,) if len(rows) > PAGE else ())


def to_be_mailed(connection: Connection, since: datetime, now: datetime) -> list[Alert]:
    """Return open alerts from before *now* that no mail told of; none of a cause that one told of after *since*."""
    lately = select(alerts.c.kind, alerts.c.subject).where(alerts.c.mailed_at > since)
    told = {(row.kind, row.subject) for row in connection.execute(lately)}
    # What is gone at the next look, as after a start, is worth a row but no mail.
    query = select(alerts).where(
        alerts.c.state == AlertState.OPEN, alerts.c.mailed_at.is_(None), alerts.c.first_at < now
    )
    rows = connection.execute(query.order_by(alerts.c.id))
    return [_alert(row) for row in rows if (row.kind, row.subject) not in told]


def note_mailed(connection: Connection, alert_id: int, now: datetime | None) -> None:
    """Note that a mail tells of an alert; None: it did not go out."""
    connection.execute(update(alerts).where(alerts.c.id == alert_id).values(mailed_at=now))


def _of(query: Any, newsletters: Sequence[str] | None) -> Any:
    return query if newsletters is None else query.where(alerts.c.newsletter.in_(["", *newsletters]))


def _alert(row: Any) -> Alert:
    cause = Cause(AlertKind(row.kind), row.subject, row.says, row.count, row.newsletter)
    seen = (row.first_at, row.last_at, row.closed_at, row.closed_by, row.mailed_at)
    return Alert(row.id, cause, AlertState(row.state), *seen)


def newsletter_of_alert(connection: Connection, alert_id: int) -> str:
    """Return which newsletter an alert is of, "" for none or no such alert."""
    return connection.execute(select(alerts.c.newsletter).where(alerts.c.id == alert_id)).scalar() or ""
