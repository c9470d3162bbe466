"""Today: what goes out next, what is under way, which sources fail."""

from __future__ import annotations

from fastapi import Response

from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.store.approvals import approvals_of
from digest.store.browsing import browse_editions, states_of_edition
from digest.store.engine import reading
from digest.store.newsletters import newsletter_ids
from digest.store.upcoming import coming_slots, failing_sources
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages

_SHOWN = 5


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the page."""

    def show(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            latest = browse_editions(connection).rows[:_SHOWN]
            return pages.draw(
                "today.html",
                visit,
                here="today",
                now=house.clock.now(),
                coming=coming_slots(connection),
                failing=failing_sources(connection),
                awaiting=[
                    (each, next(reversed(approvals_of(connection, each.edition_id)), None))
                    for each in browse_editions(connection, state="awaiting").rows[:_SHOWN]
                ],
                latest=[(each, states_of_edition(connection, each.edition_id)) for each in latest],
                newsletters=len(newsletter_ids(connection)),
            )

    gate.get("", Role.VIEWER, show)
