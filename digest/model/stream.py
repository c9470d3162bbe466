"""A stream: what events of one kind become mails, when, and in which words.

A stream is a newsletter whose mails are made of events: sender, schedule, limits, template and consent are the
newsletter's; this is what it has beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any


class WindowKind(StrEnum):
    """When a window closes."""

    SCHEDULE = "schedule"  #: at the reader's next slot of the stream's schedule
    FIXED = "fixed"  #: so long after its first event
    SLIDING = "sliding"  #: so long after its latest event, at the latest so long after its first
    LEADING = "leading"  #: the first event at once, what follows soon after it gathered
    INSTANT = "instant"  #: each event is a mail


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """When a window closes; durations that a kind does not ask for are zero.

    `wait`: of fixed, and of leading once it gathers. `gap`, `longest`: of sliding. `cooldown`: of leading, how long
    after a mail the next event still waits. With `step` a leading window closes `wait` and one `step` for each event
    after the latest mail, at most `longest` after it. `before`: of schedule, how long before the slot the window
    closes. `max_events` closes any window early, 0 never.
    """

    kind: WindowKind = WindowKind.FIXED
    wait: timedelta = timedelta(0)
    gap: timedelta = timedelta(0)
    longest: timedelta = timedelta(0)
    cooldown: timedelta = timedelta(0)
    step: timedelta = timedelta(0)
    before: timedelta = timedelta(0)
    max_events: int = 0


class Way(StrEnum):
    """How a reader wants one stream; "off" is a subscription that ended."""

    STREAM = ""  #: as the stream does it
    INSTANT = "instant"
    GATHERED = "gathered"  #: in windows, also of a stream that would send each at once
    DAILY = "daily"  #: once a day at their hour
    WEEKLY = "weekly"  #: once a week at their hour
    NEWSLETTER = "newsletter"  #: once a day, in the newsletter's mail when one comes then


class PriorityRule(StrEnum):
    """Which events are critical: they pass windows, quiet hours and caps."""

    AS_SENT = "as_sent"  #: those that say so
    NEVER = "never"
    ALWAYS = "always"


class RepeatScope(StrEnum):
    """Where a dedupe key is one event."""

    STREAM = "stream"  #: for one reader in this stream
    READER = "reader"  #: for one reader in all streams of this scope


class Audience(StrEnum):
    """Who gets events that name them."""

    SUBSCRIBED = "subscribed"  #: who subscribes to the stream
    ANYONE = "anyone"  #: whoever the product names, until they leave: it vouches for their consent


@dataclass(frozen=True, slots=True)
class Category:
    """The words for one kind of event: a line for one event and for many, by language; paragraph and address.

    Words in braces stand for what an event says: {actors}, {object}, {count} and what its payload has.
    """

    one: Mapping[str, str]
    many: Mapping[str, str] = field(default_factory=dict)
    text: str = "{text}"
    url: str = "{url}"


PLAIN = Category({"en": "{title}"})  #: of events without a category that the stream knows


@dataclass(frozen=True, slots=True)
class Stream:
    """What a stream has beside its newsletter; `schema` is the JSON schema of a payload, {} for any."""

    window: WindowPolicy = WindowPolicy(wait=timedelta(hours=1))
    categories: Mapping[str, Category] = field(default_factory=dict)
    priority: PriorityRule = PriorityRule.AS_SENT
    repeat: RepeatScope = RepeatScope.STREAM
    audience: Audience = Audience.SUBSCRIBED
    schema: Mapping[str, Any] = field(default_factory=dict)
