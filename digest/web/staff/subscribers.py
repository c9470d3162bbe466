"""Subscribers: search, and one subscriber's whole story."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Response

from digest.errors import NotFound
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.show_subscriber import subscriber_as_json
from digest.store.browsing import address_of, browse_subscribers, count_subscribers
from digest.store.engine import reading
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages

_MAILS = 50  # the latest of a story; the log has all


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        wanted = visit.arg("q").strip()
        with reading(house.engine) as connection:
            found = browse_subscribers(connection, beginning=wanted.casefold(), after=visit.cursor())
            total = count_subscribers(connection)
        return pages.draw("subscribers.html", visit, here="subscribers", found=found, total=total, wanted=wanted)

    def show(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        with reading(house.engine) as connection:
            address = address_of(connection, number)
        if not address:
            raise NotFound(f"there is no subscriber {number}, or their data was erased")
        story = _with_times(subscriber_as_json(house.engine, address))
        mails = list(reversed(story["deliveries"]))
        return pages.draw(
            "subscriber.html",
            visit,
            here="subscribers",
            number=number,
            who=story,
            mails=mails[:_MAILS],
            more=len(mails) > _MAILS,
        )

    gate.get("/subscribers", Role.VIEWER, listed)
    gate.get("/subscribers/{number}", Role.VIEWER, show)


def _with_times(value: Any) -> Any:
    """Return a story with its ISO 8601 times as instants again, for the page to show with their zone."""
    if isinstance(value, dict):
        return {key: _time(key, each) for key, each in value.items()}
    return [_with_times(each) for each in value] if isinstance(value, list) else value


def _time(key: str, value: Any) -> Any:
    if isinstance(value, str) and (key == "at" or key.endswith("_at") or key in ("since", "paused_until")):
        return datetime.fromisoformat(value) if key != "send_at" else value
    return _with_times(value)
