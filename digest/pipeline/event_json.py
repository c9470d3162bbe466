"""An event as a product sends it (a JSON object) to the model; what is wrong with it is told in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from unicodedata import category as kind_of

from digest.errors import BadInput
from digest.model.event import Actor, Event, Recipient, Thing

_KEYS = {
    *("stream", "recipient", "category", "actor", "object", "group_key", "dedupe_key", "priority"),
    *("occurred_at", "expires_at", "payload"),
}
_LONGEST = 200  # characters of an id, a key or a name
_LONGEST_URL = 2_000
_LARGEST_PAYLOAD = 16_384  # characters of JSON
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_NOBODY, _NOTHING = Actor(), Thing()
_as_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode  # json.dumps would make one for each event


class Cancel(NamedTuple):
    """What asks to take an event back."""

    stream: str
    dedupe_key: str


def read_event(value: Any, now: datetime) -> Event | Cancel:
    """Return the event of a JSON object, or what it asks to cancel ({"stream": …, "cancel": dedupe key}).

    `recipient` is an address, {"subscriber": id} or {"followers": object id}; `actor` has id, name and address,
    `object` id, name and url. Raises BadInput.
    """
    if not isinstance(value, dict):
        raise BadInput('an event must be a JSON object, like {"stream": "comments", "recipient": "ana@example.org"}')
    if "cancel" in value:
        return Cancel(_text(value, "stream", needed=True), _text(value, "cancel", needed=True))
    if not value.keys() <= _KEYS:
        raise BadInput(f"{min(map(str, value.keys() - _KEYS))[:40]!r} is no part of an event")
    group, payload = value.get("group_key"), value.get("payload", {})
    if not isinstance(payload, dict):
        raise BadInput("payload must be an object")
    if group is not None and not isinstance(group, str | int | float | bool):
        raise BadInput("group_key must be text, a number, true or false")
    priority = value.get("priority", "normal")
    if priority not in ("normal", "critical"):
        raise BadInput("priority must be 'normal' or 'critical'")
    expires = value.get("expires_at")
    return Event(
        stream=_text(value, "stream", needed=True),
        recipient=_recipient(value.get("recipient")),
        category=_text(value, "category"),
        actor=_actor(value["actor"]) if value.get("actor") else _NOBODY,
        object=_thing(value["object"]) if value.get("object") else _NOTHING,
        group_key="" if group is None else json.dumps(group)[:_LONGEST],
        dedupe_key=_text(value, "dedupe_key"),
        critical=priority == "critical",
        occurred_at=_instant(value["occurred_at"], "occurred_at") if value.get("occurred_at") else now,
        expires_at=_instant(expires, "expires_at") if expires else None,
        payload=payload,
    )


def content_of(event: Event) -> str:
    """Return what is kept of an event to make mail of it; raises BadInput when that is too much."""
    actor, thing = event.actor, event.object
    kept = {"c": event.category, "a": (actor.id, actor.name), "o": tuple(thing), "p": event.payload}
    text = _as_json(kept)
    if len(text) > _LARGEST_PAYLOAD:
        raise BadInput(f"payload is larger than {_LARGEST_PAYLOAD:,} characters of JSON; send a link instead")
    return text


def event_of(stream: str, content: str, occurred_at: datetime, expires_at: datetime | None) -> Event:
    """Return the event that `content_of` kept; for whom, and under which keys, stands elsewhere."""
    kept: Mapping[str, Any] = json.loads(content)
    return Event(
        stream,
        Recipient(),
        kept["c"],
        Actor(*kept["a"]),
        Thing(*kept["o"]),
        "",
        "",
        False,
        occurred_at,
        expires_at,
        kept["p"],
    )


def _recipient(value: Any) -> Recipient:
    if isinstance(value, str) and value:
        return Recipient(address=value[:_LONGEST_URL])
    if isinstance(value, dict) and len(value) == 1:
        if isinstance(value.get("subscriber"), int):
            return Recipient(subscriber_id=value["subscriber"])
        if isinstance(value.get("followers"), str) and value["followers"]:
            return Recipient(followers_of=_text(value, "followers"))
    raise BadInput('recipient must be an address, {"subscriber": 7} or {"followers": "article:7"}')


def _actor(value: Any) -> Actor:
    _require_keys(value, "actor", {"id", "name", "address"})
    return Actor(_text(value, "id"), _text(value, "name"), _text(value, "address"))


def _thing(value: Any) -> Thing:
    _require_keys(value, "object", {"id", "name", "url"})
    return Thing(_text(value, "id"), _text(value, "name"), _text(value, "url", most=_LONGEST_URL))


def _require_keys(value: Any, what: str, known: set[str]) -> None:
    if not isinstance(value, dict) or not value.keys() <= known:
        raise BadInput(f"{what} must be an object with {', '.join(sorted(known))}")


def _text(value: Mapping[str, Any], key: str, *, needed: bool = False, most: int = _LONGEST) -> str:
    found = value.get(key)
    if found is None or found == "":
        if needed:
            raise BadInput(f"{key} is missing")
        return ""
    if not isinstance(found, str):
        raise BadInput(f"{key} must be text")
    if len(found) > most:
        raise BadInput(f"{key} is longer than {most} characters")
    if not found.isprintable() and any(kind_of(one) in ("Cc", "Cs") for one in found):
        raise BadInput(f"{key} has a control character; take it out")
    return found


def _instant(text: Any, key: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None and _FIRST <= at <= _LAST:
            return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadInput(f"{key} must be a time with its offset, like 2026-11-23T07:00:00+09:00")
