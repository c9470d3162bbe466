"""Test mails: what the preview shows, to oneself or to a saved list of colleagues; the next tick sends them."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Response

from digest.errors import BadInput
from digest.model.errand import ErrandKind
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.proofs import read_addresses
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.errands import ask, find_proof_lists, save_proof_list
from digest.store.newsletters import load_newsletter
from digest.web.staff.asking import FIELDS, asked_of
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages
from digest.web.staff.whose import in_form

_LONGEST_NAME = 80


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def send(visit: Visit) -> Response:
        asked = asked_of(house, {name: visit.said(name) for name in FIELDS})
        addresses = _addresses(house, visit)
        by, now = visit.name, house.clock.now()
        with house.engine.begin() as connection:
            newsletter_id, _ = load_newsletter(connection, asked.newsletter)
            spec = {**asked.as_spec(), "addresses": list(addresses)}
            ask(connection, ErrandKind.PROOF, newsletter_id, spec=spec, by=by, now=now)
            record(connection, by, "test mail", asked.newsletter, now=now, after={"addresses": len(addresses)})
        return _back(visit, "asked")

    def save(visit: Visit) -> Response:
        name = " ".join(visit.said("name").split())
        if not name or len(name) > _LONGEST_NAME:
            raise BadInput(f"name the list, in at most {_LONGEST_NAME} characters")
        addresses = read_addresses(visit.said("addresses")) if visit.said("addresses").strip() else ()
        with house.engine.begin() as connection:
            save_proof_list(connection, name, addresses, by=visit.name, now=house.clock.now())
        return _back(visit, "saved")

    def _back(visit: Visit, done: str) -> Response:
        kept = {name: visit.said(name) for name in FIELDS if visit.said(name)}
        return pages.go(f"/preview?{urlencode({**kept, 'done': done})}")

    gate.post("/preview/proof", Role.EDITOR, send, of=in_form)
    gate.post("/preview/proof-list", Role.EDITOR, save)


def _addresses(house: Installation, visit: Visit) -> tuple[str, ...]:
    with reading(house.engine) as connection:
        lists = find_proof_lists(connection)
    named = lists.get(visit.said("list"), [])
    return read_addresses(" ".join([visit.said("addresses"), *named]))
