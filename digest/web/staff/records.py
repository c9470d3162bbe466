"""DNS records: what the senders' domains need, to be copied into their zones."""

from __future__ import annotations

from fastapi import Response

from digest.errors import NotFound
from digest.model.staff import Role
from digest.pipeline.doctor.examine import Patient
from digest.pipeline.doctor.to_publish import records_to_publish
from digest.pipeline.installation import Installation
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the page."""

    def show(visit: Visit) -> Response:
        signers = house.signers.signers if house.signers else ()
        patient = Patient(
            house.clock,
            files=(),
            engine=house.engine,
            relays=house.relays,
            return_path=house.return_path,
            keys=[(each.domain, each.record_name, each.record) for each in signers],
        )
        try:
            found = records_to_publish(patient)
        except NotFound:  # no newsletter yet, so no sender
            found = []
        return pages.draw("records.html", visit, here="relays", found=found)

    gate.get("/records", Role.VIEWER, show)
