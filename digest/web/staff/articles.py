"""Articles: search, read, review, withdraw and bring back."""

from __future__ import annotations

from fastapi import Response

from digest.enrichment.summary import summarise
from digest.log import get_logger
from digest.model.article import ArticleState
from digest.model.staff import Role
from digest.pipeline.editing.edit_article import history_of
from digest.pipeline.installation import Installation
from digest.store.articles import find_article, set_state
from digest.store.audit import record
from digest.store.browsing import SEARCHED, browse_articles
from digest.store.engine import reading
from digest.store.newsletters import newsletter_ids
from digest.store.reviews import record_review, reviews_of
from digest.store.rulings import rulings_of
from digest.web.staff.editing import NAMES
from digest.web.staff.gate import Gate, Visit, number_of
from digest.web.staff.pages import StaffPages
from digest.web.staff.rulings import KINDS


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        wanted = visit.arg("q").strip()
        with reading(house.engine) as connection:
            found, unread = browse_articles(connection, search=wanted, after=visit.cursor())
        return pages.draw(
            "articles.html", visit, here="articles", found=found, unread=unread, wanted=wanted, searched=SEARCHED
        )

    def show(visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        with reading(house.engine) as connection:
            found = find_article(connection, number)
            decided = rulings_of(connection, number)
            newsletters = tuple(newsletter_ids(connection))
            reviews = reviews_of(connection, [found.revision_id]).get(found.revision_id, [])
        summary = summarise(found.article).text
        return pages.draw(
            "article.html",
            visit,
            here="articles",
            found=found,
            history=history_of(house, number),
            names=NAMES,
            summary=summary,
            reviews=reviews,
            decided=decided,
            kinds=KINDS,
            newsletters=newsletters,
            now=house.clock.now(),
        )

    def move(state: ArticleState, visit: Visit) -> Response:
        number = number_of(visit.request.path_params["number"])
        with house.engine.begin() as connection:
            waiting = set_state(connection, number, state, now=house.clock.now())
            after = {"state": state.value}
            record(connection, visit.name, "article.state", f"article {number}", now=house.clock.now(), after=after)
        get_logger().info(
            "staff_moved_article", who=visit.name, article=number, state=state.value, planned_anew=waiting
        )
        return pages.go(f"/articles/{number}?done={state.value}")

    def review(visit: Visit) -> Response:
        number, read = number_of(visit.request.path_params["number"]), number_of(visit.said("revision"))
        with house.engine.begin() as connection:
            now = house.clock.now()
            record_review(connection, number, visit.name, "", now=now, read=read)
            record(connection, visit.name, "article.review", f"article {number}", now=now, after={"revision": read})
        return pages.go(f"/articles/{number}?done=reviewed")

    gate.get("/articles", Role.VIEWER, listed)
    gate.get("/articles/{number}", Role.VIEWER, show)
    gate.post("/articles/{number}/review", Role.EDITOR, review)
    gate.post("/articles/{number}/withdraw", Role.EDITOR, lambda visit: move(ArticleState.WITHDRAWN, visit))
    gate.post("/articles/{number}/bring-back", Role.EDITOR, lambda visit: move(ArticleState.LIVE, visit))
