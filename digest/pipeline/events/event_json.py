"""An event as a product sends it (a JSON object) to the model; what is wrong with it is told in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from unicodedata import category as kind_of

from pydantic_core import to_json

from digest.errors import BadInput
from digest.model.event import Actor, Event, Recipient, Thing

_KEYS = {
    *("stream", "recipient", "category", "actor", "object", "group_key", "dedupe_key", "priority"),
    *("occurred_at", "expires_at", "payload"),
}
_LONGEST = 200  # characters of an id, a key or a name
_LONGEST_URL = 2_000
_LARGEST_PAYLOAD = 16_384  # characters of JSON
_DEEPEST = 32  # levels of a payload
_LARGEST_ID = 2**63 - 1
_SHOWN = 120
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_NOBODY, _NOTHING = Actor(), Thing()
_OF_ACTOR, _OF_THING = frozenset({"id", "name", "address"}), frozenset({"id", "name", "url"})
_as_json = json.JSONEncoder(allow_nan=False).encode


class Cancel(NamedTuple):
    """What asks to take an event back."""

    stream: str
    dedupe_key: str


class Read(NamedTuple):
    """What says that a reader has read of an event elsewhere, and needs no mail of it."""

    stream: str
    dedupe_key: str
    recipient: Recipient


def read_event(value: Any, now: datetime) -> Event | Cancel | Read:
    """Return the event of a JSON object, or what it asks to cancel ({"stream": …, "cancel": dedupe key}).

    Or what it says was read ({"stream": …, "read": dedupe key, "recipient": …}).

    `recipient` is an address, {"subscriber": id} or {"followers": object id}; `actor` has id, name and address,
    `object` id, name and url. Raises BadInput.
    """
    if not isinstance(value, dict):
        raise BadInput('an event must be a JSON object, like {"stream": "comments", "recipient": "ana@example.org"}')
    if "cancel" in value:
        return Cancel(_text(value, "stream", needed=True), _text(value, "cancel", needed=True))
    if "read" in value:
        who = _recipient(value.get("recipient"))
        if who.followers_of:
            raise BadInput("what was read was read by one reader: recipient must be an address or a subscriber")
        return Read(_text(value, "stream", needed=True), _text(value, "read", needed=True), who)
    if not value.keys() <= _KEYS:
        raise BadInput(f"{min(map(str, value.keys() - _KEYS))[:40]!r} is no part of an event")
    get = value.get
    group, payload = get("group_key"), get("payload", {})
    if not isinstance(payload, dict):
        raise BadInput("payload must be an object")
    priority = get("priority", "normal")
    if priority not in ("normal", "critical"):
        raise BadInput("priority must be 'normal' or 'critical'")
    actor, thing, occurred, expires = get("actor"), get("object"), get("occurred_at"), get("expires_at")
    # In the order of the fields: names would take a good part of the time that an event takes.
    return Event(
        _text(value, "stream", needed=True),
        _recipient(get("recipient")),
        _text(value, "category"),
        _actor(actor) if actor else _NOBODY,
        _thing(thing) if thing else _NOTHING,
        "" if group is None else _group_key(group),
        _text(value, "dedupe_key"),
        priority == "critical",
        _instant(occurred, "occurred_at") if occurred else now,
        _instant(expires, "expires_at") if expires else None,
        payload,
    )


def content_of(event: Event) -> str:
    """Return what is kept of an event to make mail of it; raises BadInput when that is too much."""
    try:
        text = to_json((event.category, event.actor[:2], event.object, event.payload)).decode()
    except ValueError as wrong:  # half characters, what nests for ever, what is no JSON
        raise BadInput(f"payload cannot be kept: {str(wrong)[:_SHOWN]}") from None
    if len(text) > _LARGEST_PAYLOAD:
        raise BadInput(f"payload is larger than {_LARGEST_PAYLOAD:,} characters of JSON; send a link instead")
    if text.count("[") + text.count("{") > _DEEPEST and _depth(event.payload) > _DEEPEST:
        raise BadInput(f"payload nests deeper than {_DEEPEST} levels")
    if ("NaN" in text or "Infinity" in text) and not _is_finite(event.payload):
        raise BadInput("payload has a number that JSON cannot say (NaN or Infinity)")
    return text


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list | tuple) else 0


def _is_finite(payload: Any) -> bool:
    try:
        _as_json(payload)
    except ValueError:
        return False
    return True


def event_of(stream: str, content: str, occurred_at: datetime, expires_at: datetime | None) -> Event:
    """Return the event that `content_of` kept; for whom, and under which keys, stands elsewhere."""
    category, actor, thing, payload = json.loads(content)
    known = (category, Actor(*actor), Thing(*thing), "", "", False, occurred_at, expires_at, payload)
    return Event(stream, Recipient(), *known)


def _group_key(value: Any) -> str:
    """Return the JSON of a group key: so 0, "" and none are three groups."""
    if not isinstance(value, str | int | float):
        raise BadInput("group_key must be text, a number, true or false")
    text = _as_json(value)
    if len(text) > _LONGEST:
        raise BadInput(f"group_key is longer than {_LONGEST} characters of JSON")
    return text


def _recipient(value: Any) -> Recipient:
    if isinstance(value, str) and value:
        return Recipient(address=value if value.isprintable() else _text({"recipient": value}, "recipient"))
    if isinstance(value, dict) and len(value) == 1:
        number = value.get("subscriber")
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= _LARGEST_ID:
            return Recipient(subscriber_id=number)
        if isinstance(value.get("followers"), str) and value["followers"]:
            return Recipient(followers_of=_text(value, "followers"))
    raise BadInput('recipient must be an address, {"subscriber": 7} or {"followers": "article:7"}')


def _actor(value: Any) -> Actor:
    _require_keys(value, "actor", _OF_ACTOR)
    return Actor(_text(value, "id"), _text(value, "name"), _text(value, "address"))


def _thing(value: Any) -> Thing:
    _require_keys(value, "object", _OF_THING)
    return Thing(_text(value, "id"), _text(value, "name"), _text(value, "url", most=_LONGEST_URL))


def _require_keys(value: Any, what: str, known: frozenset[str]) -> None:
    if not isinstance(value, dict) or not value.keys() <= known:
        raise BadInput(f"{what} must be an object with {', '.join(sorted(known))}")


def _text(value: Mapping[str, Any], key: str, *, needed: bool = False, most: int = _LONGEST) -> str:
    found = value.get(key)
    if found.__class__ is str and found.isprintable() and 0 < len(found) <= most:
        return found
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
