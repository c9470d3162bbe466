"""Events of other programs, which are gathered into digests: one, or a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any

from fastapi import Body
from pydantic import AfterValidator, BaseModel

from digest.errors import BadInput
from digest.model.api_token import Scope
from digest.model.event import Added, Answer
from digest.pipeline.events.add_events import MOST, add_events
from digest.pipeline.installation import Installation
from digest.web.api.door import Door
from digest.web.api.shapes import Given, Line, Page


def _writable(value: Any) -> Any:
    # As in `shapes`: no NUL, and no half of a pair, however deep.
    try:
        written = json.dumps(value, ensure_ascii=False).encode().decode()
    except (RecursionError, UnicodeEncodeError):
        raise ValueError("nests too deeply, or has half characters") from None
    if "\\u0000" in written:
        raise ValueError("must not have NUL")
    return value


# A batch is looked through as one: a look at each event took a tenth of the request.
Events = Annotated[dict[str, Any] | list[dict[str, Any]], AfterValidator(_writable)]


class ReadEvent(Given):
    """An event by its key, and who has read of it: an address, or {"subscriber": id}."""

    stream: Line
    dedupe_key: Line
    recipient: Line | dict[str, int]


class EventOut(BaseModel):
    """What became of one event; `readers`: for how many it was added, or cancelled."""

    answer: Answer
    reason: str
    readers: int


def add_to(door: Door, house: Installation) -> None:
    """Add the address."""

    def take(batch: Sequence[Mapping[str, Any]], *, alone: bool) -> Page[EventOut]:
        if len(batch) > MOST:
            raise BadInput(f"{len(batch):,} events are too many; send at most {MOST:,} at a time")
        answers = add_events(house, batch)
        if alone and answers[0].answer is Answer.REFUSED:
            raise BadInput(answers[0].reason)
        return Page(items=[_told(each) for each in answers])

    def post_events(said: Annotated[Events, Body()]) -> Page[EventOut]:
        """Add an event, or up to 1,000, or cancel; the answers are in the order of the events.

        One that cannot be used keeps no other out; alone it is a 422.
        """
        batch = said if isinstance(said, list) else [said]
        return take(batch, alone=not isinstance(said, list))

    def post_read(said: Annotated[ReadEvent | list[ReadEvent], Body()]) -> Page[EventOut]:
        """Say that a reader has read of an event, or of up to 1,000: they need no mail of it.

        Idempotent. What has left, or was never added, is "suppressed" with the reason "not_waiting".
        """
        batch = said if isinstance(said, list) else [said]
        told = [{"stream": each.stream, "read": each.dedupe_key, "recipient": each.recipient} for each in batch]
        return take(told, alone=not isinstance(said, list))

    door.add("POST", "/events", Scope.EVENTS_WRITE, post_events, records=True)
    door.add("POST", "/events/read", Scope.EVENTS_WRITE, post_read, records=True)


@lru_cache(maxsize=1_000)  # most answers of a batch are the same
def _told(each: Added) -> EventOut:
    return EventOut(answer=each.answer, reason=each.reason, readers=each.readers)
