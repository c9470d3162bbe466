"""The editor's note and the announcement of a newsletter's next edition, or of one that is named."""

from __future__ import annotations

from fastapi import Response

from digest.errors import BadInput, BadTemplate
from digest.model.note import NoteKind
from digest.model.staff import Role
from digest.pipeline.editing.write_note import clear_note, read_notes, write_note
from digest.pipeline.installation import Installation
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages
from digest.web.staff.whose import in_path


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the page."""

    def show(visit: Visit, *, kind: str = "", written: str = "", problem: str = "") -> Response:
        slug = _known(house, visit)
        period = (visit.arg("edition") or visit.said("edition")).strip()
        noted = read_notes(house, f"{slug}/{period}" if period else slug)
        texts = {each.value: note.markdown for each, note in noted.notes.items()}
        return pages.draw(
            "notes.html",
            visit,
            status=422 if problem else 200,
            here="today",
            slug=slug,
            edition=noted.edition,
            notes={each.value: note for each, note in noted.notes.items()},
            texts={**texts, **({kind: written} if kind else {})},
            problem=problem,
        )

    def keep(visit: Visit) -> Response:
        slug, period = _known(house, visit), visit.said("edition").strip()
        if visit.said("kind") not in set(NoteKind) or not period:
            raise BadInput("this form is not whole; load the page again")
        kind, name = NoteKind(visit.said("kind")), f"{slug}/{period}"
        written = visit.said("text").replace("\r\n", "\n").strip()
        if visit.said("do") == "clear":
            clear_note(house, name, kind, by=visit.name)
            return pages.go(f"/notes/{slug}?edition={period}&done=lifted")
        try:
            write_note(house, name, kind, written, by=visit.name)
        except (BadInput, BadTemplate) as error:
            return show(visit, kind=kind.value, written=written, problem=str(error))
        return pages.go(f"/notes/{slug}?edition={period}&done=noted")

    gate.get("/notes/{slug}", Role.EDITOR, show, of=in_path)
    gate.post("/notes/{slug}", Role.EDITOR, keep, of=in_path)


def _known(house: Installation, visit: Visit) -> str:
    """Return the newsletter of the address; raises NotFound, or BadInput for a stream."""
    with reading(house.engine) as connection:
        newsletter = load_newsletter(connection, in_path(visit))[1]
    if newsletter.stream:
        raise BadInput(f"{newsletter.slug} is a stream of events; notes are for newsletters")
    return newsletter.slug
