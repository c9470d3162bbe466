"""Streams: what each gathers and when; windows that are open, and what closes when, and why."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from sqlalchemy import Connection

from digest.errors import BadInput, NotFound
from digest.model.newsletter import Newsletter
from digest.model.staff import Role
from digest.pipeline.addresses import read_address
from digest.pipeline.installation import Installation
from digest.scheduling.windows import parse_policy
from digest.store.browsing import Page
from digest.store.engine import reading
from digest.store.event_search import ListedWindow, StreamCounts, browse_windows, count_windows
from digest.store.newsletters import load_newsletters, newsletter_ids
from digest.store.stream_specs import window_as_json
from digest.store.subscribers import subscriber_ids
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            counts, ids = count_windows(connection, house.clock.now()), newsletter_ids(connection)
            shown = [
                (each, window_as_json(each.stream.window), counts.get(ids[slug], StreamCounts()))
                for slug, each in streams_of(connection).items()
                if each.stream is not None
            ]
        return pages.draw("streams.html", visit, here="streams", shown=shown, now=house.clock.now())

    def windows(visit: Visit) -> Response:
        problem = ""
        found: Page[ListedWindow] = Page(())
        with reading(house.engine) as connection:
            known = streams_of(connection)
            try:
                which = asked_for(connection, visit)
                found = browse_windows(connection, **which, after=visit.cursor())
            except (BadInput, NotFound) as error:
                problem = str(error)
        return pages.draw(
            "windows.html",
            visit,
            status=422 if problem else 200,
            here="streams",
            known=list(known),
            wanted={name: visit.arg(name) for name in ("stream", "address")},
            shown=[(each, window_as_json(parse_policy(each.policy))) for each in found.rows],
            after=found.after,
            problem=problem,
            now=house.clock.now(),
        )

    gate.get("/streams", Role.VIEWER, listed)
    gate.get("/windows", Role.VIEWER, windows)


def streams_of(connection: Connection) -> dict[str, Newsletter]:
    """Return the newsletters that are streams, by slug."""
    return {slug: each for slug, each in load_newsletters(connection).items() if each.stream is not None}


def asked_for(connection: Connection, visit: Visit) -> dict[str, Any]:
    """Return the stream and the reader that the address of a page names; raises BadInput, NotFound."""
    which: dict[str, Any] = {}
    if slug := visit.arg("stream"):
        if slug not in streams_of(connection):
            raise NotFound(f"there is no stream {slug[:60]!r}")
        which["newsletter_id"] = newsletter_ids(connection)[slug]
    if address := visit.arg("address").strip():
        key = read_address(address).key
        which["subscriber_id"] = subscriber_ids(connection, [key]).get(key, 0)
        if not which["subscriber_id"]:
            raise NotFound(f"nobody has the address {address}")
    return which
