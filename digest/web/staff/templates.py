"""Templates of mails: written with the mail beside them, kept as versions, compared, restored, published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import Response
from starlette.datastructures import UploadFile

from digest.errors import BadInput, BadTemplate, NotFound
from digest.model.staff import Role
from digest.model.template import TemplateVersion
from digest.pipeline.editing.edit_templates import (
    inherited,
    list_mails,
    newsletters_for,
    problems_of,
    publish,
    restore,
    save_draft,
    version_of,
    with_file,
)
from digest.pipeline.editing.line_diff import diff_files
from digest.pipeline.editing.template_archive import pack_files, unpack_files
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.draft_mail import draft_mail
from digest.rendering.sandbox import LONGEST_FILE
from digest.store.engine import reading
from digest.store.template_versions import versions_of
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.preview import TONGUES

#: Bytes of a form: a letter of Korean takes nine of them, and a ZIP has all files.
LARGEST_FILES = 9 * LONGEST_FILE
_VERSIONS = 50
_FIRST_FILE = "shell.html"
_WIDTHS = ("desktop", "tablet", "phone")


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        return pages.draw("templates.html", visit, here="templates", mails=list_mails(house))

    def copy(visit: Visit) -> Response:
        name = visit.said("name").strip()
        if name in {each.name for each in list_mails(house)}:
            raise BadInput(f"there is a mail {name[:40]!r} already; take another name")
        with reading(house.engine) as connection:
            source = version_of(house, connection, visit.said("like"))
        return _open(name, save_draft(house, name, source.files, based_on=0, by=visit.name), "", "saved")

    def show(visit: Visit) -> Response:
        return _editor(house, pages, visit)

    def save(visit: Visit) -> Response:
        version, files = _as_written(house, visit)
        if visit.said("do") == "check":
            return _editor(house, pages, visit, files=files, problems=problems_of(house, version.mail, files))
        number = save_draft(house, version.mail, files, based_on=version.number, by=visit.name)
        return _open(version.mail, number, visit.said("file"), "draft")

    def _open(mail: str, number: int, file: str, done: str) -> Response:
        said = {"version": number, "file": file, "done": done}
        return pages.go(f"/templates/{mail}?{urlencode({name: one for name, one in said.items() if one != ''})}")

    def put_back(visit: Visit) -> Response:
        mail = _mail(visit)
        return _open(mail, restore(house, mail, number_of(visit.said("version")), by=visit.name), "", "restored")

    def go_out(visit: Visit) -> Response:
        mail, number = _mail(visit), number_of(visit.said("version"))
        publish(house, mail, number, by=visit.name)
        return _open(mail, number, "", "published")

    def bring(visit: Visit) -> Response:
        file = visit.form.get("archive")
        if not isinstance(file, UploadFile):
            raise BadInput("choose a ZIP file that was downloaded here")
        mail, files = _mail(visit), unpack_files(file.file.read(LARGEST_FILES + 1))
        return _open(mail, save_draft(house, mail, files, based_on=0, by=visit.name), "", "draft")

    gate.get("/templates", Role.VIEWER, listed)
    gate.post("/templates", Role.EDITOR, copy)
    gate.get("/templates/{slug}", Role.VIEWER, show)
    gate.post("/templates/{slug}", Role.EDITOR, save)
    gate.post("/templates/{slug}/restore", Role.EDITOR, put_back)
    gate.post("/templates/{slug}/publish", Role.EDITOR, go_out)
    gate.upload("/templates/{slug}/import", Role.EDITOR, bring)
    _add_looks(gate, house, pages)


def _add_looks(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add what only shows: the mail in its frame, two versions side by side, the files to take away."""

    def as_kept(visit: Visit) -> Response:
        return _framed(house, pages, visit, _version(house, visit).files, visit.arg)

    def as_written(visit: Visit) -> Response:
        return _framed(house, pages, visit, _as_written(house, visit)[1], visit.said)

    def compare(visit: Visit) -> Response:
        mail = _mail(visit)
        with reading(house.engine) as connection:
            old, new = (
                version_of(house, connection, mail, number_of(visit.arg(name)) if visit.arg(name) else other)
                for name, other in (("old", 0), ("new", None))
            )
            known = versions_of(connection, mail, most=_VERSIONS)
        files = diff_files(old.files, new.files)
        values: dict[str, Any] = {"mail": mail, "old": old, "new": new, "files": files, "versions": known}
        return pages.draw("template_compare.html", visit, here="templates", **values)

    def take(visit: Visit) -> Response:
        version = _version(house, visit)
        headers = {"Content-Disposition": f'attachment; filename="{version.mail}-{version.number}.zip"'}
        return Response(pack_files(version.files), media_type="application/zip", headers={**pages.headers, **headers})

    gate.get("/templates/{slug}/mail", Role.VIEWER, as_kept)
    gate.post("/templates/{slug}/mail", Role.EDITOR, as_written)
    gate.get("/templates/{slug}/compare", Role.VIEWER, compare)
    gate.get("/templates/{slug}/files", Role.VIEWER, take)


def _mail(visit: Visit) -> str:
    return str(visit.request.path_params["slug"])


def _version(house: Installation, visit: Visit) -> TemplateVersion:
    with reading(house.engine) as connection:
        number = number_of(visit.arg("version")) if visit.arg("version") else None
        return version_of(house, connection, _mail(visit), number)


def _as_written(house: Installation, visit: Visit) -> tuple[TemplateVersion, Mapping[str, str]]:
    """Return the version that a form was written over, and its files with what the form says."""
    with reading(house.engine) as connection:
        version = version_of(house, connection, _mail(visit), number_of(visit.said("version")))
    gone = visit.said("do") == "drop"
    # Browsers send line breaks as CR LF, and leave out the first of a textarea.
    text = None if gone else visit.said("text").replace("\r\n", "\n")
    return version, with_file(version, visit.said("file"), text)


def _editor(
    house: Installation,
    pages: StaffPages,
    visit: Visit,
    *,
    files: Mapping[str, str] | None = None,
    problems: list[str] | None = None,
) -> Response:
    said = visit.said if files is not None else visit.arg
    with reading(house.engine) as connection:
        wanted = said("version")
        version = version_of(house, connection, _mail(visit), number_of(wanted) if wanted else None)
        base = inherited(house, connection, version.mail)
        newsletters = newsletters_for(connection, version.mail)
        known = versions_of(connection, version.mail, most=_VERSIONS)
    own = version.files if files is None else files
    names = sorted({*own, *base})
    first = _FIRST_FILE if _FIRST_FILE in own else next(iter(own), _FIRST_FILE)
    file = said("file") if said("file") in names else first
    return pages.draw(
        "template.html",
        visit,
        status=422 if problems else 200,
        here="templates",
        version=version,
        versions=known,
        names=names,
        own=own,
        base=base,
        file=file,
        text=own.get(file, base.get(file, "")),
        problems=problems,
        newsletters=newsletters,
        tongues=TONGUES,
        widths=_WIDTHS,
        wanted={name: said(name) for name in ("newsletter", "locale", "width", "part")},
    )


def _framed(
    house: Installation, pages: StaffPages, visit: Visit, files: Mapping[str, str], said: Callable[[str], str]
) -> Response:
    """Return the mail of *files* for a frame; or what is wrong with them."""
    mail = _mail(visit)
    with reading(house.engine) as connection:
        newsletters = newsletters_for(connection, mail)
    chosen = newsletters.get(said("newsletter")) or next(iter(newsletters.values()), None)
    values: dict[str, Any] = {"problem": "", "lines": ()}
    if chosen is None:
        raise NotFound("there is no newsletter to show the mail of; apply one first")
    try:
        found = draft_mail(house, chosen, mail, files, locale=said("locale") if said("locale") in TONGUES else "")
        if said("part") != "text" and found.html:
            return pages.mail(found.html, pictures=True)
        values["lines"] = found.text.splitlines()
    except BadTemplate as wrong:
        values["problem"] = str(wrong)
    return pages.mail(pages.text("template_mail.html", visit, **values), pictures=False)
