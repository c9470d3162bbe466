"""Subscribers: found by conditions that stand in the address of the page, and one subscriber's whole story."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Response
from sqlalchemy import Connection

from digest.errors import BadInput, NotFound
from digest.model.segment import KINDS, Claim, Condition, Kind
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.segments import MOST, Known, as_pairs, read_conditions, what_is_known
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from digest.store.audit import browse_acts, record
from digest.store.browsing import address_of
from digest.store.cadences import zones_of_cadences
from digest.store.chores import chores_of
from digest.store.engine import reading
from digest.store.reader_search import Found, Order, search_readers
from digest.store.segments import drop_segment, list_segments, save_segment
from digest.store.subscriber_records import reports_of
from digest.web.staff.claims import ACTIONS, CLAIMS, ORDERS
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages

_MAILS = 50  # the latest of a story; the log has all
_PATIENCE = 0.03  # seconds for looking at candidates
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of a page asks for: the conditions as they were written, and as they were read."""

    said: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...]
    problem: str = ""


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        order = Order(visit.arg("order")) if visit.arg("order") in set(Order) else Order.NEWEST
        after = (*visit.cursor(), 0)[0]
        with reading(house.engine) as connection:
            known = what_is_known(connection)
            wanted = read_wanted(visit.arg, known)
            found = Found(())
            if not wanted.problem:
                found = search_readers(connection, wanted.conditions, order=order, after=after, late=_until(_PATIENCE))
            segments = list_segments(connection)
            suggestions = _suggestions(connection, known)
        return pages.draw(
            "subscribers.html",
            visit,
            status=422 if wanted.problem else 200,
            here="subscribers",
            found=found,
            wanted=wanted,
            rows=_rows_of_builder(wanted),
            order=order,
            orders=ORDERS,
            claims=CLAIMS,
            kinds=KINDS,
            suggestions=suggestions,
            topics=known.topics,
            newsletters=known.newsletters,
            actions=ACTIONS,
            segments=[(each, f"?{urlencode(as_query(each.conditions))}") for each in segments],
        )

    def save(visit: Visit) -> Response:
        name = " ".join(visit.said("name").split())
        if not name or len(name) > _LONGEST_NAME:
            raise BadInput(f"give the segment a name of at most {_LONGEST_NAME} characters")
        with house.engine.begin() as connection:
            wanted = read_wanted(visit.said, what_is_known(connection))
            if wanted.problem or not wanted.conditions:
                raise BadInput(wanted.problem or "a segment has at least one condition")
            pairs, now = as_pairs(wanted.conditions), house.clock.now()
            save_segment(connection, name, pairs, visit.name, now)
            record(connection, visit.name, "segment.save", f"segment {name}", now=now, after=pairs)
        return pages.go(f"/subscribers?{urlencode(as_query(pairs))}&done=saved")

    def drop(visit: Visit) -> Response:
        with house.engine.begin() as connection:
            name = drop_segment(connection, number_of(visit.request.path_params["number"]))
            record(connection, visit.name, "segment.drop", f"segment {name}", now=house.clock.now())
        return pages.go("/subscribers?done=dropped")

    def show(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        with reading(house.engine) as connection:
            address = address_of(connection, number)
            if not address:
                raise NotFound(f"there is no subscriber {number}, or their data was erased")
            told = _told(connection, number)
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
            actions=ACTIONS,
            **told,
        )

    gate.get("/subscribers", Role.VIEWER, listed)
    gate.post("/segments", Role.EDITOR, save)
    gate.post("/segments/{number}/drop", Role.EDITOR, drop)
    gate.get("/subscribers/{number}", Role.VIEWER, show)


def read_wanted(said: Callable[[str], str], known: Known) -> Wanted:
    """Return what a query or a form asks for: q (a beginning), and c1 and v1 to c8 and v8."""
    pairs = [(said(f"c{number}"), said(f"v{number}").strip()) for number in range(1, MOST + 1)]
    quick = said("q").strip()
    filled = tuple(pair for pair in ((Claim.ADDRESS_BEGINS.value, quick), *pairs) if pair[1])
    try:
        return Wanted(filled, read_conditions(filled, known))
    except BadInput as error:
        return Wanted(filled, (), str(error))


def as_query(pairs: Iterable[Iterable[str]]) -> dict[str, str]:
    """Return the query that asks for these pairs of claim and values."""
    found: dict[str, str] = {}
    for number, (claim, values) in enumerate(pairs, 1):
        found |= {f"c{number}": claim, f"v{number}": values}
    return found


def _rows_of_builder(wanted: Wanted) -> list[tuple[int, str, str]]:
    """Return number, claim and values of each line of the builder, and an empty one to go on with."""
    rows = [(number, claim, values) for number, (claim, values) in enumerate(wanted.said, 1)]
    return rows if len(rows) >= MOST else [*rows, (len(rows) + 1, "", "")]


def _suggestions(connection: Connection, known: Known) -> dict[str, tuple[str, ...]]:
    found = {kind.value: known.values_of(kind) for kind in Kind}
    found[Kind.ZONE.value] = zones_of_cadences(connection)
    return {kind: values for kind, values in found.items() if values}


def _until(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _told(connection: Connection, number: int) -> dict[str, Any]:
    """Return what came back from this reader's mails, and what staff did with them."""
    return {
        "reports": reports_of(connection, number),
        "changes": chores_of(connection, number),
        "acts": browse_acts(connection, target=f"subscriber {number}").rows,
    }


def _with_times(value: Any) -> Any:
    """Return a story with its ISO 8601 times as instants again, for the page to show with their zone."""
    if isinstance(value, dict):
        return {key: _time(key, each) for key, each in value.items()}
    return [_with_times(each) for each in value] if isinstance(value, list) else value


def _time(key: str, value: Any) -> Any:
    if isinstance(value, str) and (key == "at" or key.endswith("_at") or key in ("since", "paused_until")):
        return datetime.fromisoformat(value) if key != "send_at" else value
    return _with_times(value)
