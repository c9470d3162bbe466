"""What the installation runs on: suppressions, sources, schedules, mail servers."""

from __future__ import annotations

from fastapi import Response

from digest.errors import BadInput, DigestError, NotFound
from digest.model.staff import Role
from digest.pipeline.doctor.mail_server import mail_server
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.frequencies import kept_frequency
from digest.pipeline.staff.suppress_address import reason_of, suppress_address
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters
from digest.store.settings_lists import browse_suppressions, count_suppressions, list_sources, visit_now
from digest.store.upcoming import coming_slots
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages

_SLOTS = 20
_PATIENCE = 8.0  # seconds for each step of a mail server
_LONGEST = 254


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def suppressed(visit: Visit) -> Response:
        wanted, problem, reason = visit.arg("address").strip(), "", ""
        if wanted:
            try:
                reason = reason_of(house, wanted) or "-"
            except BadInput as error:
                problem = str(error)
        with reading(house.engine) as connection:
            found = browse_suppressions(connection, (*visit.cursor(), 0)[0])
            total = count_suppressions(connection)
        return pages.draw(
            "suppressions.html",
            visit,
            status=422 if problem else 200,
            here="suppressions",
            found=found,
            total=total,
            wanted=wanted,
            reason=reason,
            problem=problem,
        )

    def suppress(visit: Visit) -> Response:
        suppress_address(house, visit.name, visit.said("address").strip()[:_LONGEST], visit.said("why"))
        return pages.go("/suppressions?done=suppressed")

    def sources(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            found = list_sources(connection)
        return pages.draw("sources.html", visit, here="sources", found=found, now=house.clock.now())

    def visit_source(visit: Visit) -> Response:
        slug, now = visit.said("source"), house.clock.now()
        with house.engine.begin() as connection:
            if not visit_now(connection, slug, now):
                raise NotFound(f"there is no source {slug[:40]!r}")
            record(connection, visit.name, "source.visit", f"source {slug}", now=now)
        return pages.go("/sources?done=visit")

    def schedules(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            newsletters = load_newsletters(connection)
            coming = coming_slots(connection, most=_SLOTS)
        how_often = {slug: kept_frequency(each.schedule.frequency) for slug, each in newsletters.items()}
        return pages.draw(
            "schedules.html",
            visit,
            here="schedules",
            newsletters=newsletters,
            how_often=how_often,
            coming=coming,
            now=house.clock.now(),
        )

    def relays(visit: Visit, number: int = -1) -> Response:
        lines = []
        if number >= 0:
            asked = mail_server(house.relays[number], clock=house.clock, helo=house.helo, seconds=_PATIENCE, tls=None)
            try:
                lines = list(asked)
            except DigestError as error:
                raise BadInput(str(error)) from None
        now = house.clock.now()
        return pages.draw("relays.html", visit, here="relays", relays=house.relays, tested=number, lines=lines, now=now)

    def test(visit: Visit) -> Response:
        number = number_of(visit.said("relay"))
        if number >= len(house.relays):
            raise NotFound(f"there is no mail server {number}")
        return relays(visit, number)

    gate.get("/suppressions", Role.VIEWER, suppressed)
    gate.post("/suppressions", Role.ADMIN, suppress)
    gate.get("/sources", Role.VIEWER, sources)
    gate.post("/sources", Role.EDITOR, visit_source)
    gate.get("/schedules", Role.VIEWER, schedules)
    gate.get("/relays", Role.VIEWER, relays)
    gate.post("/relays", Role.ADMIN, test)
