"""Imports: bring a file, say what its columns are, see what would come of it, agree, roll it back; and export."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fastapi import Response
from starlette.datastructures import UploadFile

from digest.errors import BadInput, NotFound
from digest.model.chore import AT_WORK, Chore, ChoreKind, ChoreState
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.pipeline.staff import chores as work
from digest.pipeline.staff.import_chore import LARGEST, bring_file, check_import, look_at
from digest.pipeline.subscribers.export_subscribers import exported
from digest.pipeline.subscribers.subscriber_columns import READ
from digest.store.audit import record
from digest.store.chores import count_pieces, file_pieces, find_chore
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter, newsletter_ids
from digest.web.staff.changes import decide_on
from digest.web.staff.claims import CHORES, IMPORTED
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages

_PIECE = 256 * 1024  # bytes
_REREAD = (ChoreState.MAPPING, ChoreState.ASKING)


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def begin(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            slugs = tuple(newsletter_ids(connection))
        return pages.draw("import_begin.html", visit, here="subscribers", newsletters=slugs, largest=LARGEST)

    def bring(visit: Visit) -> Response:
        file = visit.form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadInput("choose a CSV file")
        pieces: Iterator[bytes] = iter(partial(file.file.read, _PIECE), b"")
        number = bring_file(house, visit.name, pieces, file=file.filename, newsletter=visit.said("newsletter"))
        return pages.go(f"/imports/{number}")

    def show(visit: Visit) -> Response:
        chore = _import(house, visit)
        cells, rows = look_at(house, chore.chore_id) if chore.state in _REREAD else ([], [])
        with reading(house.engine) as connection:
            has_report = count_pieces(connection, chore.chore_id, "report") > 0
        return pages.draw(
            "import.html",
            visit,
            here="subscribers",
            chore=chore,
            word=CHORES[chore.state],
            is_at_work=chore.state in AT_WORK and chore.due_at is not None,
            is_lost=chore.state is ChoreState.LISTING,
            may_undo=work.may_undo(house, chore),
            cells=cells,
            rows=rows,
            columns=READ,
            counts=IMPORTED,
            has_report=has_report,
            now=house.clock.now(),
        )

    def decide(visit: Visit) -> Response:
        chore = _import(house, visit)
        if visit.said("do") == "check":
            mapping = [visit.said(f"m{number}") for number in range(len(look_at(house, chore.chore_id)[0]))]
            check_import(house, chore.chore_id, mapping, overwrite=visit.said("overwrite") == "yes")
        else:
            decide_on(house, visit, chore.chore_id)
        return pages.go(f"/imports/{chore.chore_id}")

    def report(visit: Visit) -> Response:
        chore = _import(house, visit)

        def pieces() -> Iterator[bytes]:
            with reading(house.engine) as connection:
                yield from file_pieces(connection, chore.chore_id, "report")

        return pages.file(pieces(), f"import-{chore.chore_id}-report.csv")

    def export(visit: Visit) -> Response:
        slug = visit.said("newsletter")
        with house.engine.begin() as connection:
            load_newsletter(connection, slug)
            record(connection, visit.name, "export", f"newsletter {slug}", now=house.clock.now())
        return pages.file((text for text, _, _ in exported(house.engine, newsletter=slug)), f"{slug}-subscribers.csv")

    gate.get("/import", Role.ADMIN, begin)
    gate.upload("/imports", Role.ADMIN, bring)
    gate.get("/imports/{number}", Role.ADMIN, show)
    gate.post("/imports/{number}", Role.ADMIN, decide)
    gate.get("/imports/{number}/report", Role.ADMIN, report)
    gate.post("/export", Role.ADMIN, export)


def _import(house: Installation, visit: Visit) -> Chore:
    number = number_of(visit.request.path_params["number"])
    with reading(house.engine) as connection:
        chore = find_chore(connection, number)
    if chore.kind is not ChoreKind.IMPORT:
        raise NotFound(f"there is no import {number}")
    return chore
