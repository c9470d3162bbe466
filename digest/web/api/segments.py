"""Segments: filters of readers that have a name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, Field, StringConstraints

from digest.errors import BadInput, NotFound
from digest.model.api_token import Scope
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.segments import MOST, as_pairs, read_conditions, what_is_known
from digest.store import segments
from digest.store.audit import record
from digest.store.engine import reading
from digest.web.api.door import Door
from digest.web.api.shapes import Given, Id, Line, Text
from digest.web.api.who import source_of

Name = Annotated[Text, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class ConditionIn(Given):
    """One claim about a reader, like `topic-followed`, and its values."""

    claim: Annotated[str, Field(max_length=40)]
    value: Annotated[Line, Field(description="Several with commas between them, where the claim takes several.")]


class SegmentIn(Given):
    """A filter to keep under a name; what was kept under it before is replaced."""

    name: Name
    conditions: Annotated[list[ConditionIn], Field(min_length=1, max_length=MOST)]


class ConditionOut(BaseModel):
    """One claim about a reader."""

    claim: str
    value: str


class SegmentOut(BaseModel):
    """A filter with a name."""

    id: int
    name: str
    conditions: list[ConditionOut]
    made_by: str
    made_at: datetime


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def list_segments() -> list[SegmentOut]:
        """List the segments by name."""
        with reading(house.engine) as connection:
            return [_out(each) for each in segments.list_segments(connection)]

    def put_segment(said: SegmentIn, request: Request) -> SegmentOut:
        """Keep a filter under a name."""
        now, who = house.clock.now(), source_of(request)
        with house.engine.begin() as connection:
            pairs = as_pairs(
                read_conditions([(each.claim, each.value) for each in said.conditions], what_is_known(connection))
            )
            if not pairs:
                raise BadInput("a segment has at least one condition")
            segments.save_segment(connection, said.name, pairs, who, now)
            record(connection, who, "segment.save", f"segment {said.name}", now=now, after=pairs)
            return next(_out(each) for each in segments.list_segments(connection) if each.name == said.name)

    def drop_segment(number: Id, request: Request) -> None:
        """Forget a segment; its readers stay as they are."""
        with house.engine.begin() as connection:
            name = segments.drop_segment(connection, number)
            if not name:
                raise NotFound(f"there is no segment {number}")
            record(connection, source_of(request), "segment.drop", f"segment {name}", now=house.clock.now())

    writes = Scope.SUBSCRIBERS_WRITE
    door.add("GET", "/segments", Scope.SUBSCRIBERS_READ, list_segments)
    door.add("PUT", "/segments", writes, put_segment, records=True)
    door.add("DELETE", "/segments/{number}", writes, drop_segment, status=204, records=True)


def _out(each: segments.Segment) -> SegmentOut:
    conditions = [ConditionOut(claim=claim, value=value) for claim, value in each.conditions]
    return SegmentOut(
        id=each.segment_id, name=each.name, conditions=conditions, made_by=each.made_by, made_at=each.made_at
    )
