"""Alerts: what is wrong now, what was; seen by somebody it is put aside while it lasts."""

from __future__ import annotations

from fastapi import Response

from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.staff.watch import put_aside
from digest.store.alerts import browse_alerts, open_alerts
from digest.store.engine import reading
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.whose import of_alert


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            found, over = open_alerts(connection), browse_alerts(connection, after=visit.cursor())
        return pages.draw("alerts.html", visit, here="alerts", found=found, over=over, now=house.clock.now())

    def aside(visit: Visit) -> Response:
        put_aside(house, number_of(visit.request.path_params["number"]), by=visit.name)
        return pages.go("/alerts?done=aside")

    gate.get("/alerts", Role.VIEWER, listed)
    gate.post("/alerts/{number}/aside", Role.EDITOR, aside, of=of_alert(house))
