"""Topics: what each is told by, who follows it, and which of the latest articles it matches, before it is kept."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Response

from digest.errors import BadInput, NotFound
from digest.model.staff import Role
from digest.model.topic import Topic
from digest.pipeline.collecting.try_topic import keep_topic, read_topic, try_topic
from digest.pipeline.installation import Installation
from digest.store.browsing import PAGE
from digest.store.engine import reading
from digest.store.newsletters import load_topics
from digest.store.settings_lists import count_followers
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages

MANY = 200  #: followers that a list of topics counts for each


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the pages."""

    def listed(visit: Visit) -> Response:
        first = (*visit.cursor(), 0)[0]
        with reading(house.engine) as connection:
            known = list(load_topics(connection).values())
            shown = [(each, count_followers(connection, each.slug, MANY)) for each in known[first : first + PAGE]]
        after = (first + PAGE,) if len(known) > first + PAGE else ()
        return pages.draw("topics.html", visit, here="topics", shown=shown, after=after, many=MANY)

    def show(visit: Visit, *, said: Topic | None = None, problem: str = "") -> Response:
        topic = said or _topic(house, visit)
        with reading(house.engine) as connection:
            followers = count_followers(connection, topic.slug)
        return pages.draw(
            "topic.html",
            visit,
            status=422 if problem else 200,
            here="topics",
            topic=topic,
            followers=followers,
            trial=try_topic(house, topic),
            problem=problem,
            is_tried=said is not None and not problem,
        )

    def keep(visit: Visit) -> Response:
        before = _topic(house, visit)
        try:
            topic = read_topic(before, before.slug, visit.said("name"), visit.said("keywords"))
        except BadInput as error:
            return show(visit, said=replace(before, name=visit.said("name")[:80] or before.name), problem=str(error))
        if visit.said("do") != "keep":
            return show(visit, said=topic)
        keep_topic(house, visit.name, topic)
        return pages.go(f"/topics/{topic.slug}?done=topic")

    gate.get("/topics", Role.VIEWER, listed)
    gate.get("/topics/{slug}", Role.VIEWER, show)
    gate.post("/topics/{slug}", Role.EDITOR, keep)


def _topic(house: Installation, visit: Visit) -> Topic:
    slug = visit.request.path_params["slug"]
    with reading(house.engine) as connection:
        found = load_topics(connection).get(slug)
    if found is None:
        raise NotFound(f"there is no topic {slug[:40]!r}")
    return found
