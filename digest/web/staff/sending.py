"""Sending now, and correcting what was sent: one final sentence, then an errand that the next tick does."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from digest.errors import BadInput
from digest.model.errand import Errand, ErrandKind
from digest.model.staff import Role
from digest.pipeline.composing.links import LETTER
from digest.pipeline.editing.correct_edition import (
    Correction,
    find_correction,
    is_correction,
    readers_to_correct,
    remake,
)
from digest.pipeline.editing.edit_templates import list_mails
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.preview import preview_sample
from digest.pipeline.staff.errands import KINDS
from digest.store import errands
from digest.store.audit import record
from digest.store.editions import Edition, find_edition
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter
from digest.store.unserved import unserved
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.whose import in_path, of_edition


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def ask_send(visit: Visit) -> Response:
        slug = visit.request.path_params["slug"]
        with reading(house.engine) as connection:
            newsletter_id, newsletter = load_newsletter(connection, slug)
            readers = unserved(connection, newsletter_id, house.clock.now())
            told = errands.latest(connection, slug, (ErrandKind.SEND_NOW,))
        subject = preview_sample(house, slug, at=house.clock.now()).made.subject if readers else ""
        return pages.draw(
            "send_now.html",
            visit,
            here="today",
            newsletter=newsletter,
            readers=readers,
            subject=subject,
            told=told,
            now=house.clock.now(),
            zone=newsletter.schedule.zone or "UTC",
        )

    def send(visit: Visit) -> Response:
        slug = visit.request.path_params["slug"]
        with house.engine.begin() as connection:
            newsletter_id, _ = load_newsletter(connection, slug)
            now, by = house.clock.now(), visit.name
            errands.ask(connection, ErrandKind.SEND_NOW, newsletter_id, spec={}, by=by, now=now)
            record(connection, by, "send now", slug, now=now)
        return pages.go(f"/send/{slug}?done=asked")

    def ask_correct(visit: Visit) -> Response:
        edition = _edition(house, visit)
        names = templates_for(house)
        chosen = visit.arg("template") if visit.arg("template") in names else ""
        values: dict[str, Any] = {
            "edition": edition,
            "templates": names,
            "chosen": chosen,
            "stop": bool(visit.arg("stop")),
        }
        values |= _correction(house, edition, chosen) if chosen else {}
        return pages.draw("correct.html", visit, here="editions", **values, now=house.clock.now())

    def correct(visit: Visit) -> Response:
        edition = _edition(house, visit)
        correction, now = _found(house, edition, visit.said("template")), house.clock.now()
        spec = {"template": correction.newsletter.template, "stop": bool(visit.said("stop"))}
        with house.engine.begin() as connection:
            newsletter_id, _ = load_newsletter(connection, edition.newsletter)
            errands.ask(
                connection,
                ErrandKind.CORRECT,
                newsletter_id,
                edition_id=edition.edition_id,
                spec=spec,
                by=visit.name,
                now=now,
            )
            record(connection, visit.name, "correct", edition.name, now=now, after=spec)
        return pages.go(f"/editions/{edition.edition_id}?done=asked")

    gate.get("/send/{slug}", Role.EDITOR, ask_send, of=in_path)
    gate.post("/send/{slug}", Role.EDITOR, send, of=in_path)
    gate.get("/editions/{number}/correct", Role.EDITOR, ask_correct, of=of_edition(house))
    gate.post("/editions/{number}/correct", Role.EDITOR, correct, of=of_edition(house))


def templates_for(house: Installation) -> list[str]:
    """Return the names of the mail templates that can correct something: all but the digest's own and letters."""
    ready = [each.name for each in list_mails(house) if each.is_shipped or each.published]
    return [name for name in ready if name != "digest" and not name.startswith(LETTER)]


def errands_of(house: Installation, edition: Edition) -> list[Errand]:
    """Return what pages asked for about an edition, newest first."""
    with reading(house.engine) as connection:
        return errands.latest(connection, edition.newsletter, KINDS, edition_id=edition.edition_id)


def _correction(house: Installation, edition: Edition, template: str) -> dict[str, Any]:
    correction = _found(house, edition, template)
    reached = readers_to_correct(house, correction)
    subject = remake(house, correction, reached[:1])[0].subject if reached else ""
    return {"readers": sum(each.readers[""] for each in reached), "subject": subject, "correction": correction}


def _found(house: Installation, edition: Edition, template: str) -> Correction:
    if template not in templates_for(house):
        raise BadInput("choose a template for the correction")
    return find_correction(house, str(edition.edition_id), template)


def _edition(house: Installation, visit: Visit) -> Edition:
    number = number_of(visit.request.path_params["number"])
    with reading(house.engine) as connection:
        edition = find_edition(connection, str(number))
    if is_correction(edition.period):
        raise BadInput(f"{edition.name} is a correction or a letter; correct the edition itself")
    return edition
