"""The dashboard: what was sent and what came of it, by day, newsletter and provider; growth and churn."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Response

from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.store.engine import reading
from digest.store.newsletters import newsletter_ids
from digest.store.tallies import counts_between, readers_at
from digest.web.staff.charts import HEIGHT, WIDTH, chart
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages
from digest.web.staff.words import Word, mark

_ = mark

SPANS = ("7", "30", "90")  # days
EVENTS = {
    "sent": Word(_("accepted by server"), "good"),
    "deferred": Word(_("deferred"), "wait"),
    "refused": Word(_("refused"), "bad"),
    "bounced": Word(_("bounced afterwards"), "bad"),
    "complained": Word(_("complained"), "bad"),
    "joined": Word(_("joined"), "good"),
    "ended": Word(_("left"), "still"),
}


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the page."""

    def show(visit: Visit) -> Response:
        span = visit.arg("days") if visit.arg("days") in SPANS else SPANS[1]
        today = house.clock.now().date()
        days = [today - timedelta(days=back) for back in reversed(range(int(span)))]
        with reading(house.engine) as connection:
            slugs = tuple(newsletter_ids(connection))
            newsletter = visit.arg("newsletter") if visit.arg("newsletter") in slugs else ""
            by_day, by_provider = counts_between(connection, days[0], today, newsletter)
            before = readers_at(connection, days[0], newsletter)
        charts = [chart(event, [(f"{day}", by_day.get((f"{day}", event), 0)) for day in days]) for event in EVENTS]
        sent = {provider for provider, _event in by_provider}
        providers = sorted(sent, key=lambda each: (-by_provider.get((each, "sent"), 0), each))
        totals = {each.event: each.total for each in charts}
        return pages.draw(
            "dashboard.html",
            visit,
            here="dashboard",
            charts=charts,
            joined=totals["joined"],
            left=totals["ended"],
            before=before,
            events=EVENTS,
            days=[f"{day}" for day in reversed(days)],
            by_day=by_day,
            by_provider=by_provider,
            providers=providers,
            newsletters=slugs,
            newsletter=newsletter,
            span=span,
            spans=SPANS,
            height=HEIGHT,
            width=WIDTH,
        )

    gate.get("/dashboard", Role.VIEWER, show)
