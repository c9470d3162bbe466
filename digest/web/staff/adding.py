"""Adding articles by hand: by an address, a file or a form; the same one again is updated and never doubled."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Response
from starlette.datastructures import UploadFile

from digest.errors import BadInput
from digest.model.article import Collected, StoredArticle
from digest.model.staff import Role
from digest.pipeline.collecting.collect import LARGEST_FILE
from digest.pipeline.editing.bring_articles import Written, bring_address, bring_file, bring_written
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.places import read_zone
from digest.store.articles import find_article
from digest.store.engine import reading
from digest.store.newsletters import load_topics
from digest.web.staff.asking import moment_of
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages
from digest.web.staff.words import mark

_SHOWN = 20  # articles of a feed
_TEXTS = ("title", "deck", "summary", "text", "topics", "disclaimer", "related", "address")
_FIELDS = ("place", *_TEXTS, "date", "zone")
_OUTCOMES = {"added": mark("Added"), "updated": mark("Updated"), "unchanged": mark("Here already, as it is")}


class Came(NamedTuple):
    """What became of some articles: the word for it, how many there are, the first of them."""

    word: str
    how_many: int
    shown: list[StoredArticle]


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the page."""

    def draw(visit: Visit, *, problem: str = "", done: Collected | None = None) -> Response:
        wanted = {name: visit.said(name) if problem else "" for name in _FIELDS}
        with reading(house.engine) as connection:
            known = sorted(load_topics(connection))
        return pages.draw(
            "article_add.html",
            visit,
            status=422 if problem else 200,
            here="articles",
            wanted=wanted | {"zone": wanted["zone"] or "UTC"},
            known=known,
            problem=problem,
            came=_came(house, done) if done else [],
            unread=done.problems if done else (),
            largest=LARGEST_FILE,
        )

    def bring(visit: Visit) -> Response:
        ways = {"address": _address, "file": _file, "form": _form}
        if visit.said("do") not in ways:
            raise BadInput("choose an address, a file or the form")
        try:
            done = ways[visit.said("do")](house, visit)
        except BadInput as error:
            return draw(visit, problem=str(error))
        return draw(visit, done=done)

    gate.get("/articles/add", Role.EDITOR, draw)
    gate.upload("/articles/add", Role.EDITOR, bring)


def _address(house: Installation, visit: Visit) -> Collected:
    return bring_address(house, visit.name, visit.said("place"))


def _file(house: Installation, visit: Visit) -> Collected:
    file = visit.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise BadInput("choose a file")
    return bring_file(house, visit.name, file.filename, file.file.read(LARGEST_FILE + 1))


def _form(house: Installation, visit: Visit) -> Collected:
    date = visit.said("date").strip()
    at = moment_of(date, read_zone(visit.said("zone").strip() or "UTC")) if date else None
    return bring_written(house, visit.name, Written(**{name: visit.said(name) for name in _TEXTS}, published_at=at))


def _came(house: Installation, done: Collected) -> list[Came]:
    """Return what became of them; kinds that there are none of are left out."""
    by_kind = {"added": done.added, "updated": done.updated, "unchanged": done.unchanged}
    with reading(house.engine) as connection:
        return [
            Came(_OUTCOMES[kind], len(ids), [find_article(connection, number) for number in ids[:_SHOWN]])
            for kind, ids in by_kind.items()
            if ids
        ]
