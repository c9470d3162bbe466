"""Gather: the events of one window become lines in order, "one name and 5 others" instead of six lines; pure.

Order is total: time of what happened, then the order of arrival. What is counted is counted also where it is not
shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from digest.model.event import Actor, Event

_NAMES = 2  # that a line says before it counts the others


@dataclass(frozen=True, slots=True)
class Member:
    """An event in a window, with the number of its arrival."""

    event_id: int
    event: Event


@dataclass(frozen=True, slots=True)
class Line:
    """What happened to one object in one way: its events, earliest first, and who did it, each once."""

    events: tuple[Event, ...]
    event_ids: tuple[int, ...]
    actors: tuple[Actor, ...]

    @property
    def count(self) -> int:
        """How many events it stands for."""
        return len(self.events)

    @property
    def latest(self) -> Event:
        """The event whose words stand for all."""
        return self.events[-1]

    @property
    def names(self) -> tuple[str, ...]:
        """The actors to name: both of two, else the first."""
        names = tuple(each.name for each in self.actors if each.name)
        return names if len(names) <= _NAMES else names[:1]

    @property
    def others(self) -> int:
        """How many actors are counted and not named."""
        return len(self.actors) - len(self.names) if self.names else 0


@dataclass(frozen=True, slots=True)
class Gathered:
    """The lines to show; `hidden` events are in lines that found no place; `expired` are the ids of those past."""

    lines: tuple[Line, ...]
    hidden: int
    expired: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many events there are, shown or not."""
        return sum(line.count for line in self.lines) + self.hidden


def gather(members: Iterable[Member], *, now: datetime, most: int) -> Gathered:
    """Return *members* in lines, *most* of them at most, without those that expired by *now*.

    Events of one category about one object are one line, which stands where its earliest event does; what is about
    no object is a line of its own.
    """
    ordered = sorted(members, key=lambda each: (each.event.occurred_at, each.event_id))
    expired = tuple(each.event_id for each in ordered if has_expired(each.event, now))
    together: dict[tuple[str, ...], list[Member]] = {}
    for each in ordered:
        if has_expired(each.event, now):
            continue
        thing = each.event.object.id or each.event.object.url
        key = (each.event.category, thing) if thing else (each.event.category, "", str(each.event_id))
        together.setdefault(key, []).append(each)
    lines = [_line(each) for each in together.values()]
    return Gathered(tuple(lines[:most]), sum(line.count for line in lines[most:]), expired)


def has_expired(event: Event, now: datetime) -> bool:
    """Whether nobody wants to hear of *event* any more."""
    return event.expires_at is not None and event.expires_at <= now


def _line(members: list[Member]) -> Line:
    actors: dict[str, Actor] = {}
    for each in members:
        actor = each.event.actor
        if actor.id or actor.name:
            actors.setdefault(actor.id or actor.name, actor)
    return Line(tuple(each.event for each in members), tuple(each.event_id for each in members), tuple(actors.values()))
