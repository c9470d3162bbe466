"""What tests about events share: a stream in one line, events in one word."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from digest.model.event import Added
from digest.model.stream import Category, Stream, WindowKind, WindowPolicy
from digest.pipeline.events.add_events import add_events
from digest.pipeline.planning.plan import Who
from tests.house import House

HOUR = WindowPolicy(WindowKind.FIXED, wait=timedelta(hours=1))
COMMENT = Category(
    {"en": "{actors} commented on {object}", "ko": "{actors}: {object}"}, {"en": "{count} comments on {object}"}
)


def stream(house: House, window: WindowPolicy = HOUR, slug: str = "comments", **more: Any) -> None:
    """Make or change a stream."""
    limits = {"limits": more.pop("limits")} if "limits" in more else {}
    schedule = {"schedule": more.pop("schedule")} if "schedule" in more else {}
    more.setdefault("categories", {"comment": COMMENT})
    house.newsletter(slug, template="events", stream=Stream(window, **more), **limits, **schedule)


def event(key: str = "", to: object = "ana@example.org", *, slug: str = "comments", **more: Any) -> dict[str, Any]:
    """Return a comment on the tea."""
    actor = more.pop("by", "Ben")
    thing = more.pop("on", "tea")
    return {
        "stream": slug,
        "recipient": to,
        "category": "comment",
        "actor": {"id": actor.lower(), "name": actor},
        "object": {"id": thing, "name": thing.title(), "url": f"https://shop.example.org/{thing}"},
        "dedupe_key": key,
        "payload": {"text": f"Words of {key or actor}."},
        **more,
    }


def add(house: House, *some: dict[str, Any], at: datetime | None = None) -> list[Added]:
    """Add events as of now."""
    return add_events(house.installation, some, at)


def tick(house: House, slug: str = "comments") -> None:
    """Close what is due, as the tick does."""
    house.plan(slug, Who.DUE)


def fates(house: House) -> dict[str, str]:
    """Return dedupe key -> what became of each event: its delivery's state once it is in one."""
    rows = house.rows(
        "SELECT e.dedupe_key, e.outcome, e.reason, d.state FROM events e"
        " LEFT JOIN event_windows w ON w.id = e.window_id LEFT JOIN deliveries d ON d.id = w.delivery_id ORDER BY e.id"
    )
    return {
        key: state if outcome == "gathered" else f"{outcome or 'pending'}{f'({reason})' if reason else ''}"
        for key, outcome, reason, state in rows
    }
