"""Events: found by key, reader, object and state; what waits for one reader, until when and why."""

from __future__ import annotations

from fastapi import Response

from digest.errors import BadInput, NotFound
from digest.model.staff import Role
from digest.model.stream import Way
from digest.pipeline.installation import Installation
from digest.scheduling.cadence import DAY_NAMES
from digest.scheduling.reader_rules import ReaderRules
from digest.scheduling.windows import parse_policy
from digest.store.browsing import Page
from digest.store.engine import reading
from digest.store.event_search import LOOKED_AT, STATES, ListedEvent, browse_events, browse_windows
from digest.store.newsletters import newsletter_ids
from digest.store.reader_rules import rules_of
from digest.store.stream_specs import window_as_json
from digest.store.subscriptions import agreements_of
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.streams import asked_for, streams_of
from digest.web.staff.words import mark

_WAYS = {
    Way.STREAM: mark("as it comes"),
    Way.INSTANT: mark("each at once"),
    Way.GATHERED: mark("gathered"),
    Way.DAILY: mark("once a day at"),
    Way.WEEKLY: mark("once a week, on Monday at"),
}
_ASKED = ("stream", "key", "address", "object", "state")


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        problem, wanted = "", {name: visit.arg(name).strip() for name in _ASKED}
        found: Page[ListedEvent] = Page(())
        with reading(house.engine) as connection:
            known = list(streams_of(connection))
            try:
                found = browse_events(
                    connection,
                    scopes={0, *newsletter_ids(connection).values()},
                    dedupe_key=wanted["key"],
                    object_key=wanted["object"],
                    state=wanted["state"],
                    after=visit.cursor(),
                    **asked_for(connection, visit),
                )
            except (BadInput, NotFound) as error:
                problem = str(error)
        return pages.draw(
            "events.html",
            visit,
            status=422 if problem else 200,
            here="events",
            known=known,
            states=list(STATES),
            wanted=wanted,
            found=found,
            problem=problem,
            looked_at=0 if wanted["key"] or wanted["address"] or wanted["object"] else LOOKED_AT,
        )

    def queue(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        with reading(house.engine) as connection:
            own = agreements_of(connection, number)
            if not own:
                raise NotFound(f"there is no subscriber {number}, or they subscribe to nothing")
            streams = streams_of(connection)
            windows = browse_windows(connection, subscriber_id=number)
            found = browse_events(connection, scopes=(), subscriber_id=number, after=visit.cursor())
            rules = rules_of(connection, [number]).get(number, ReaderRules())
        return pages.draw(
            "queue.html",
            visit,
            here="subscribers",
            number=number,
            address=own[0].address,
            zone=own[0].zone,
            agreed=[each for each in own if each.newsletter in streams],
            rules=rules,
            ways=_WAYS,
            quiet_days=[DAY_NAMES[day] for day in rules.quiet_days],
            shown=[(each, window_as_json(parse_policy(each.policy))) for each in windows.rows],
            more=bool(windows.after),
            found=found,
            now=house.clock.now(),
        )

    gate.get("/events", Role.VIEWER, listed)
    gate.get("/subscribers/{number}/events", Role.VIEWER, queue)
