"""Alerts: what is wrong, and what somebody has seen of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel

from digest.model.alert import Alert, AlertKind, AlertState
from digest.model.api_token import Scope
from digest.pipeline.installation import Installation
from digest.pipeline.staff.watch import put_aside
from digest.store.alerts import browse_alerts, open_alerts
from digest.store.engine import reading
from digest.web.api.door import Door
from digest.web.api.shapes import Cursor, Id, Page, cursor_of, next_of
from digest.web.api.who import source_of


class AlertOut(BaseModel):
    """A cause that lasts, or did: about what, how many, when it was seen first and last."""

    id: int
    kind: AlertKind
    subject: str
    newsletter: str | None
    says: str
    count: int
    state: AlertState
    first_at: datetime
    last_at: datetime


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def list_alerts(
        over: Annotated[bool, Query(description="Those that are over or put aside, instead of what is open.")] = False,
        after: Cursor | None = None,
    ) -> Page[AlertOut]:
        """List what is open, longest first; or what is not, latest first."""
        with reading(house.engine) as connection:
            if not over:
                return Page(items=[_out(each) for each in open_alerts(connection)])
            found = browse_alerts(connection, after=cursor_of(after))
        return Page(items=[_out(each) for each in found.rows], next=next_of(found.after))

    def put_alert_aside(number: Id, request: Request) -> AlertOut:
        """Note that somebody has seen it: it is told of no more while it lasts."""
        return _out(put_aside(house, number, by=source_of(request)))

    door.add("GET", "/alerts", Scope.ALERTS_READ, list_alerts)
    door.add("POST", "/alerts/{number}/aside", Scope.ALERTS_WRITE, put_alert_aside, records=True)


def _out(each: Alert) -> AlertOut:
    cause = each.cause
    return AlertOut(
        id=each.alert_id,
        kind=cause.kind,
        subject=cause.subject,
        newsletter=cause.newsletter or None,
        says=cause.says,
        count=cause.count,
        state=each.state,
        first_at=each.first_at,
        last_at=each.last_at,
    )
