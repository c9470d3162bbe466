"""What may be done about lines of the delivery log: plan them anew, send those in doubt once more, take them along."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from urllib.parse import urlencode

from fastapi import Response

from digest.errors import BadInput
from digest.model.delivery import DeliveryState
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.formulas import cell_of, neutralised
from digest.store.audit import record
from digest.store.browsing import COUNTED
from digest.store.editions import find_edition
from digest.store.engine import reading
from digest.store.log import Filter, LoggedDelivery, count_to_retry, deliveries, retry_failed
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages

FIELDS = ("edition", "state", "address")  #: of the filter
_AT_ONCE = 500  # lines of the file


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def ask(visit: Visit) -> Response:
        which = _which(house, {name: visit.arg(name).strip() for name in FIELDS})
        with reading(house.engine) as connection:
            count = count_to_retry(connection, which, COUNTED + 1)
        return pages.draw(
            "plan_anew.html",
            visit,
            here="deliveries",
            which=which,
            count=count,
            now=house.clock.now(),
            back=_back(which),
        )

    def act(visit: Visit) -> Response:
        which, now = _which(house, {name: visit.said(name).strip() for name in FIELDS}), house.clock.now()
        with house.engine.begin() as connection:
            count = retry_failed(connection, which, now)
            after = {"state": which.state, "address": which.address, "deliveries": count}
            record(connection, visit.name, "deliveries.retry", which.edition or "deliveries", now=now, after=after)
        return pages.go(f"/deliveries?{_back(which)}&done=anew")

    def take(visit: Visit) -> Response:
        which = _filter(house, {name: visit.said(name).strip() for name in FIELDS})
        with house.engine.begin() as connection:
            after = {name: getattr(which, name) for name in FIELDS}
            record(connection, visit.name, "deliveries.export", "deliveries", now=house.clock.now(), after=after)
        return pages.file(_lines(house, which), "deliveries.csv")

    gate.get("/deliveries/anew", Role.EDITOR, ask)
    gate.post("/deliveries/anew", Role.EDITOR, act)
    gate.post("/deliveries/csv", Role.ADMIN, take)


def _which(house: Installation, said: dict[str, str]) -> Filter:
    """Return the rows to send again; raises BadInput unless they are those of an edition, or those in doubt."""
    which = _filter(house, said)
    if not which.edition and which.state != DeliveryState.IN_DOUBT:
        raise BadInput("choose an edition first: what is planned anew is planned edition by edition")
    return which


def _filter(house: Installation, said: dict[str, str]) -> Filter:
    if said["edition"]:
        with reading(house.engine) as connection:
            said = {**said, "edition": find_edition(connection, said["edition"]).name}
    return Filter(edition=said["edition"], state=said["state"], address=said["address"])


def _back(which: Filter) -> str:
    """Return the query of the list that a filter is of."""
    return urlencode({name: getattr(which, name) for name in FIELDS if getattr(which, name)})


def _lines(house: Installation, which: Filter) -> Iterator[str]:
    """Give the file in pieces; times in ISO 8601 with their zone."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(LoggedDelivery.__slots__)
    with reading(house.engine) as connection:
        for number, each in enumerate(deliveries(connection, which), 1):
            writer.writerow([neutralised(cell_of(getattr(each, name))) for name in LoggedDelivery.__slots__])
            if number % _AT_ONCE == 0:
                yield out.getvalue()
                out.seek(0)
                out.truncate()
    yield out.getvalue()
