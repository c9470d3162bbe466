"""Topics: what each is told by, who follows it, and which of the latest articles it matches, before it is kept."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Response

from digest.errors import BadInput, NotFound
from digest.model.staff import Role
from digest.model.topic import Topic
from digest.pipeline.collecting.try_topic import RECENT, Trial, glance_at, keep_topic, read_topic, try_topic
from digest.pipeline.installation import Installation
from digest.store.browsing import PAGE
from digest.store.engine import reading
from digest.store.newsletters import load_topics
from digest.store.settings_lists import count_followers
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages

_FIELDS = ("name", "keywords", "examples")
_NEW = Topic("new topic", "")  # no slug has a space
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

    def show(visit: Visit) -> Response:
        topic = _topic(house, visit)
        return draw(visit, topic, glance_at(house, topic))

    def begin(visit: Visit) -> Response:
        return draw(visit, _NEW, None)

    def draw(visit: Visit, topic: Topic, trial: Trial | None, *, problem: str = "", is_tried: bool = False) -> Response:
        typed = {name: visit.said(name) for name in _FIELDS} if is_tried or problem else _typed(topic)
        with reading(house.engine) as connection:
            followers = count_followers(connection, topic.slug)
        return pages.draw(
            "topic.html",
            visit,
            status=422 if problem else 200,
            here="topics",
            topic=topic,
            typed={"slug": visit.said("slug"), **typed},
            is_new=topic.slug == _NEW.slug,
            followers=followers,
            trial=trial,
            problem=problem,
            is_tried=is_tried,
            days=RECENT.days,
        )

    def keep(visit: Visit, before: Topic | None = None) -> Response:
        old = before or _topic(house, visit)
        try:
            topic = read_topic(old, visit.said("name"), visit.said("keywords"), visit.said("examples"))
            if visit.said("do") != "keep":
                return draw(visit, topic, try_topic(house, topic), is_tried=True)
            topic = replace(topic, slug=visit.said("slug").strip()) if before else topic
            keep_topic(house, visit.name, topic, is_new=before is not None)
        except BadInput as error:
            return draw(visit, old, None, problem=str(error))
        return pages.go(f"/topics/{topic.slug}?done=topic")

    gate.get("/topics", Role.VIEWER, listed)
    gate.get("/topics/{slug}", Role.VIEWER, show)
    gate.post("/topics/{slug}", Role.EDITOR, keep)
    gate.get("/new-topic", Role.EDITOR, begin)
    gate.post("/new-topic", Role.EDITOR, lambda visit: keep(visit, _NEW))


def _topic(house: Installation, visit: Visit) -> Topic:
    slug = visit.request.path_params["slug"]
    with reading(house.engine) as connection:
        found = load_topics(connection).get(slug)
    if found is None:
        raise NotFound(f"there is no topic {slug[:40]!r}")
    return found


def _typed(topic: Topic) -> dict[str, str]:
    """Return the fields as a form has them."""
    return {"name": topic.name, "keywords": ", ".join(topic.keywords), "examples": "\n".join(topic.examples)}
