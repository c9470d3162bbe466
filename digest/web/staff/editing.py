"""Writing in an article: summary, topics, disclaimer, related links; and an older version put back."""

from __future__ import annotations

from fastapi import Response

from digest.errors import BadInput
from digest.model.edit import Edit
from digest.model.staff import Role
from digest.pipeline.editing.edit_article import (
    EditClash,
    edit_article,
    edit_shown,
    put_back,
    read_related,
    read_topics,
    related_text,
)
from digest.pipeline.installation import Installation
from digest.store.article_edits import edits_of, revision_of, source_article
from digest.store.articles import find_article
from digest.store.engine import reading
from digest.store.newsletters import load_topics
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.words import mark

NAMES = {
    "title": mark("Title"),
    "deck": mark("Deck"),
    "summary": mark("Summary"),
    "topics": mark("Topics"),
    "disclaimer": mark("Disclaimer"),
    "related": mark("Related articles"),
}


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def show(visit: Visit, *, problem: str = "", clash: EditClash | None = None) -> Response:
        number = number_of(visit.request.path_params["number"])
        with reading(house.engine) as connection:
            found = find_article(connection, number)
            edits = edits_of(connection, number)
            theirs = _texts(edit_shown(source_article(found.article, edits)))
            now = _texts(edit_shown(revision_of(connection, number, found.revision_id).article))
            known = load_topics(connection)
        wanted = {name: visit.said(name) for name in now} if problem else now
        based_on = str(found.revision_id) if clash or not problem else visit.said("revision")
        return pages.draw(
            "article_edit.html",
            visit,
            status=409 if clash else 422 if problem else 200,
            here="articles",
            found=found,
            wanted=wanted,
            theirs={name: theirs[name] for name in edits},
            now={name: now[name] for name in clash.fields} if clash else {},
            names=NAMES,
            based_on=based_on,
            known=sorted(known),
            problem="" if clash else problem,
            clash=clash,
        )

    def keep(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        try:
            edit_article(house, number, _said(visit), based_on=number_of(visit.said("revision")), by=visit.name)
        except EditClash as clash:
            return show(visit, problem=str(clash), clash=clash)
        except BadInput as error:
            return show(visit, problem=str(error))
        return pages.go(f"/articles/{number}?done=edited")

    def restore(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        wanted, based_on = number_of(visit.said("put-back")), number_of(visit.said("revision"))
        put_back(house, number, wanted, based_on=based_on, by=visit.name)
        return pages.go(f"/articles/{number}?done=edited")

    gate.get("/articles/{number}/edit", Role.EDITOR, show)
    gate.post("/articles/{number}/edit", Role.EDITOR, keep)
    gate.post("/articles/{number}/restore", Role.EDITOR, restore)


def _texts(edit: Edit) -> dict[str, str]:
    """Return the fields as a form has them."""
    return {
        "summary": edit.summary,
        "topics": ", ".join(edit.topics),
        "disclaimer": edit.disclaimer,
        "related": related_text(edit.related),
    }


def _said(visit: Visit) -> Edit:
    return Edit(
        visit.said("summary").strip(),
        read_topics(visit.said("topics")),
        visit.said("disclaimer").strip(),
        read_related(visit.said("related")),
    )
