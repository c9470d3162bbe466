"""The delivery log: who got what, when, and what the server said, down to the single attempt."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from digest.errors import BadInput, NotFound
from digest.model.delivery import DeliveryState
from digest.model.staff import Role
from digest.pipeline.addresses import read_address
from digest.pipeline.installation import Installation
from digest.store.browsing import (
    PAGE,
    Page,
    browse_deliveries,
    browse_editions,
    count_deliveries,
    one_delivery,
    owner_of,
)
from digest.store.editions import Edition, find_edition
from digest.store.engine import reading
from digest.store.log import LoggedDelivery, attempts
from digest.store.subscribers import subscriber_ids
from digest.web.staff.editions import progress_of
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        problem, edition = "", None
        found: Page[LoggedDelivery] = Page(())
        total = 0
        try:
            edition, which = _which(house, visit)
            with reading(house.engine) as connection:
                oldest = visit.arg("order") == "oldest"
                found = browse_deliveries(connection, **which, after=visit.cursor(), oldest_first=oldest)
                total = count_deliveries(connection, **which)
        except (BadInput, NotFound) as error:
            problem = str(error)
        with reading(house.engine) as connection:
            known = browse_editions(connection).rows[:PAGE]
        return pages.draw(
            "deliveries.html",
            visit,
            status=422 if problem else 200,
            here="deliveries",
            found=found,
            total=total,
            problem=problem,
            states=list(DeliveryState),
            wanted={name: visit.arg(name) for name in ("edition", "state", "address", "order")},
            known=known,
            edition=edition,
            **_progress(house, edition),
        )

    def show(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        with reading(house.engine) as connection:
            line = one_delivery(connection, number)
            if line is None:
                raise NotFound(f"there is no delivery {number}")
            subscriber_id, edition_id = owner_of(connection, number)
            tries = list(attempts(connection, number))
        return pages.draw(
            "delivery.html",
            visit,
            here="deliveries",
            line=line,
            tries=tries,
            subscriber_id=subscriber_id,
            edition_id=edition_id,
        )

    gate.get("/deliveries", Role.VIEWER, listed)
    gate.get("/deliveries/{number}", Role.VIEWER, show)


def _progress(house: Installation, edition: Edition | None) -> dict[str, Any]:
    if edition is None:
        return {}
    told = progress_of(house, edition)
    return {"total_of_edition": told.pop("total"), **told}


def _which(house: Installation, visit: Visit) -> tuple[Edition | None, dict[str, Any]]:
    """Return the edition that is asked for, and the filter; raises BadInput or NotFound for what is not there."""
    edition = None
    which: dict[str, Any] = {"state": visit.arg("state")}
    with reading(house.engine) as connection:
        if visit.arg("edition"):
            edition = find_edition(connection, visit.arg("edition").strip())
            which["edition_id"] = edition.edition_id
        if visit.arg("address"):
            key = read_address(visit.arg("address").strip()).key
            found = subscriber_ids(connection, [key])
            if key not in found:
                raise NotFound(f"nobody has the address {visit.arg('address')}")
            which["subscriber_id"] = found[key]
    return edition, which
