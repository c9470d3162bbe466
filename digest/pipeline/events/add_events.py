"""Add events: each is checked, and put into the window that is open for its readers; a batch in one transaction.

A window that is past its time takes nothing more, whether or not the tick has closed it: then the event opens the
next one. So an event is in exactly one window, however many add and close at once.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.event import Added, Answer, Event, Outcome
from digest.model.newsletter import Newsletter
from digest.model.stream import Audience, PriorityRule, RepeatScope, Stream, Way, WindowKind, WindowPolicy
from digest.pipeline.addresses import AddressReader
from digest.pipeline.events.event_json import Cancel, Read, content_of, read_event
from digest.pipeline.events.new_readers import take_in
from digest.pipeline.events.take_out import take_out
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.payload_schema import Check, compile_schema
from digest.scheduling.cadence import next_slot, parse_rule
from digest.scheduling.windows import Window, is_settled, join_window, open_window, parse_policy, policy_text
from digest.store import events as store
from digest.store.engine import reading
from digest.store.events import OpenRow, ReaderOfStream
from digest.store.newsletters import load_newsletters, newsletter_ids
from digest.store.tables import event_windows, from_micros, to_micros

MOST = 1_000  #: events in one batch
_TRIES = 8
_INSTANT = WindowPolicy(WindowKind.INSTANT)
_AN_HOUR = WindowPolicy(WindowKind.FIXED, wait=timedelta(hours=1))
_BY_SCHEDULE = WindowPolicy(WindowKind.SCHEDULE)
_ACCEPTED = Added(Answer.ACCEPTED, "", 1)
_NO_HINDRANCE = (Outcome.PENDING, "")
_DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class _Known:
    """A stream as adding needs it."""

    newsletter_id: int
    newsletter: Newsletter
    stream: Stream
    check: Check

    @property
    def scope(self) -> int:
        """Within what a dedupe key is one event."""
        return self.newsletter_id if self.stream.repeat is RepeatScope.STREAM else 0


def add_events(house: Installation, batch: Sequence[Mapping[str, Any]], now: datetime | None = None) -> list[Added]:
    """Add the events of *batch* (JSON objects, see `read_event`), or cancel; return the answer to each, in order.

    All of it or nothing, should the database fail; an event that cannot be used keeps no other out. Adding a batch
    twice is the same as once for events with a dedupe key. *now*, when they came, is the clock's unless given.

    Raises BadInput for more than 1,000 events.
    """
    if len(batch) > MOST:
        raise BadInput(f"{len(batch):,} events are too many for one batch; send at most {MOST:,} at a time")
    at = now or house.clock.now()
    with reading(house.engine) as connection:
        streams = _streams(connection)
    read = [_read(each, streams, at) for each in batch]
    tries = 1
    while True:
        try:
            with house.engine.begin() as connection:
                return _add_all(connection, house, streams, read, at)
        except Exception as error:
            # Another process added the same at the same moment; what this one did is undone.
            if tries == _TRIES or not store.lost_a_race(error):
                raise
        time.sleep(0.01 * tries)
        tries += 1


def _streams(connection: Connection) -> dict[str, _Known]:
    ids = newsletter_ids(connection)
    return {
        slug: _Known(ids[slug], each, each.stream, compile_schema(each.stream.schema))
        for slug, each in load_newsletters(connection).items()
        if each.stream is not None
    }


def _read(value: Any, streams: Mapping[str, _Known], now: datetime) -> tuple[Event, str] | Cancel | Read | Added:
    try:
        event = read_event(value, now)
        if wrong := _misfit(event, streams):
            return Added(Answer.REFUSED, wrong)
        return event if isinstance(event, Cancel | Read) else (event, content_of(event))
    except ValueError as wrong:  # BadInput, or what JSON cannot say
        return Added(Answer.REFUSED, str(wrong))


def _misfit(event: Event | Cancel | Read, streams: Mapping[str, _Known]) -> str:
    """Return why *event* is none of its stream's, "" when it is."""
    known = streams.get(event.stream)
    if known is None:
        listed = ", ".join(streams) or "none yet; run: digest newsletters apply"
        return f"there is no stream {event.stream[:60]!r} (known: {listed})"
    if isinstance(event, Cancel | Read):
        return ""
    if known.stream.categories and event.category and event.category not in known.stream.categories:
        return f"stream {event.stream!r} has no category {event.category[:60]!r}"
    return known.check(event.payload, "payload")


def _add_all(
    connection: Connection,
    house: Installation,
    streams: Mapping[str, _Known],
    read: Sequence[tuple[Event, str] | Cancel | Read | Added],
    now: datetime,
) -> list[Added]:
    """Answer a batch as if one came after the other; what is added to one stream is added together."""
    answers: dict[int, Added] = {}
    by_stream: defaultdict[str, dict[int, tuple[Event, str]]] = defaultdict(dict)
    early, late = dict[int, Cancel | Read](), dict[int, Cancel | Read]()
    keys: set[tuple[str, str]] = set()
    for number, each in enumerate(read):
        if isinstance(each, Added):
            answers[number] = each
        elif isinstance(each, Cancel | Read):
            (late if each[:2] in keys else early)[number] = each
        else:
            by_stream[each[0].stream][number] = each
            keys.add((each[0].stream, each[0].dedupe_key))
    answers |= {number: take_out(connection, streams[each.stream].scope, each) for number, each in early.items()}
    for slug, some in by_stream.items():
        added = _Batch(connection, house, streams[slug], now).add(list(some.values()))
        answers |= dict(zip(some, added, strict=True))
    answers |= {number: take_out(connection, streams[each.stream].scope, each) for number, each in late.items()}
    return [answers[number] for number in range(len(read))]


@dataclass(slots=True)
class _Slot:
    """A window as it is while a batch is added; one that was there is read from its row when that is needed."""

    window_id: int
    is_new: bool
    policy: WindowPolicy
    row: OpenRow | None = None
    known: Window | None = None

    @property
    def window(self) -> Window:
        """The window."""
        if self.known is None:
            assert self.row is not None
            opened, closes, counts = (from_micros(at) for at in self.row[4:7])
            self.known = Window(self.policy, opened, closes, self.row.members, counts)
        return self.known


@dataclass(slots=True)
class _Batch:
    """Events of one stream on their way into the database."""

    connection: Connection
    house: Installation
    known: _Known
    now: datetime
    addresses: AddressReader = field(default_factory=AddressReader)
    _open: dict[tuple[int, str], _Slot] = field(default_factory=dict)
    _last: dict[tuple[int, str], datetime] = field(default_factory=dict)
    _new: list[tuple[ReaderOfStream, str, _Slot, bool]] = field(default_factory=list)
    _changed: dict[int, _Slot] = field(default_factory=dict)
    _rows: list[tuple[ReaderOfStream, Event, str, _Slot | None, Outcome, str]] = field(default_factory=list)
    _policies: dict[str, WindowPolicy] = field(default_factory=dict)
    _texts: dict[WindowPolicy, str] = field(default_factory=dict)
    _slots: dict[tuple[str, str, datetime], datetime] = field(default_factory=dict)

    def add(self, found: Sequence[tuple[Event, str]]) -> list[Added]:
        """Return the answer to each event, in order."""
        keys = [self._key(event) for event, _ in found]
        wanted = self._readers([event for event, _ in found], keys)
        dedupe = {event.dedupe_key for event, _ in found if event.dedupe_key}
        seen = store.known_keys(self.connection, self.known.scope, dedupe) if dedupe else set()
        self._look({each.subscription_id for some in wanted for each in some if each.subscription_id})
        answers = [
            self._one(event, content, readers, seen) for (event, content), readers in zip(found, wanted, strict=True)
        ]
        self._write()
        return answers

    def _key(self, event: Event) -> str:
        """Return the key of the address that the event is for, "" when it is for somebody by another name."""
        if not event.recipient.address:
            return ""
        try:
            return self.addresses.read(event.recipient.address).key
        except BadInput:
            return event.recipient.address  # nobody's

    def _readers(self, found: Sequence[Event], keys: Sequence[str]) -> list[list[ReaderOfStream]]:
        own, newsletter_id = self.known, self.known.newsletter_id
        things = {event.recipient.followers_of for event in found if event.recipient.followers_of}
        following = store.followers(self.connection, newsletter_id, things) if things else {}
        ids = {event.recipient.subscriber_id for event in found} | {one for some in following.values() for one in some}
        every = store.readers_of(self.connection, newsletter_id, keys=set(keys) - {""}, ids=ids - {0})
        by_key, by_id = {each.address_key: each for each in every}, {each.subscriber_id: each for each in every}
        if own.stream.audience is Audience.ANYONE:
            named = {key: event.recipient.address for event, key in zip(found, keys, strict=True) if key}
            taken_in = take_in(self.connection, self.house, newsletter_id, own.newsletter, named, by_key, self.now)
            by_key |= taken_in
            by_id |= {each.subscriber_id: each for each in taken_in.values()}
        wanted: list[list[ReaderOfStream]] = []
        for event, key in zip(found, keys, strict=True):
            recipient = event.recipient
            if recipient.followers_of:
                wanted.append([by_id[one] for one in following.get(recipient.followers_of, ())])
            else:
                one = by_key.get(key) if key else by_id.get(recipient.subscriber_id)
                wanted.append([one] if one else [])
        return wanted

    def _look(self, subscription_ids: set[int]) -> None:
        """Learn which windows are open; those past their time take nothing more."""
        if self.known.stream.window.kind is WindowKind.LEADING:
            self._last = store.last_closings(self.connection, subscription_ids)
        for row in store.open_windows(self.connection, subscription_ids):
            slot = _Slot(row.window_id, is_new=False, row=row, policy=self._policy_of(row.policy))
            place = (row.subscription_id, row.group_key)
            if to_micros(self.now) < row.closes_at:
                self._open[place] = slot
            else:
                self._shut(place, slot)

    def _one(self, event: Event, content: str, readers: list[ReaderOfStream], seen: set[tuple[str, int]]) -> Added:
        if not readers:
            if event.recipient.followers_of:
                return Added(Answer.SUPPRESSED, "no_followers")
            return Added(Answer.REFUSED, "nobody here has this address; is it spelled right, and subscribed?")
        actor = self._actor(event) if event.actor.address else ""
        reasons = [self._for_one(event, content, reader, seen, actor) for reader in readers]
        if len(reasons) == 1 and not reasons[0]:
            return _ACCEPTED
        outcomes = Counter(reasons)
        if outcomes[""]:
            return Added(Answer.ACCEPTED, "", outcomes[""])
        if outcomes[_DUPLICATE]:
            return Added(Answer.DUPLICATE)
        return Added(Answer.SUPPRESSED, outcomes.most_common(1)[0][0])

    def _for_one(
        self, event: Event, content: str, reader: ReaderOfStream, seen: set[tuple[str, int]], actor: str
    ) -> str:
        """Add the event for one reader; return why there is no mail of it, "" for none."""
        if event.dedupe_key:
            mark = (event.dedupe_key, reader.subscriber_id)
            if mark in seen:
                return _DUPLICATE
            seen.add(mark)
        outcome, reason = self._hindrance(event, reader, actor)
        slot = None if reason else self._place(event, reader)
        self._rows.append((reader, event, content, slot, outcome, reason))
        return reason

    def _actor(self, event: Event) -> str:
        try:
            return self.addresses.read(event.actor.address).key
        except BadInput:
            return ""

    def _hindrance(self, event: Event, reader: ReaderOfStream, actor: str) -> tuple[Outcome, str]:
        """Return why the reader gets no mail of *event*: what it ends as, and the reason; "" for none."""
        if event.expires_at is not None and event.expires_at <= self.now:
            return Outcome.EXPIRED, "expired"
        if actor and actor == reader.address_key:
            return Outcome.SUPPRESSED, "own"
        if not reader.subscription_id:
            return Outcome.SUPPRESSED, "not_subscribed"
        if reader.state == "ended":
            return Outcome.SUPPRESSED, "suppressed" if reader.ended_reason == "suppressed" else "unsubscribed"
        return (Outcome.SUPPRESSED, "not_confirmed") if reader.state == "pending" else _NO_HINDRANCE

    def _place(self, event: Event, reader: ReaderOfStream) -> _Slot:
        """Return the window of *event*, opened when there is none that takes it."""
        rule = self.known.stream.priority
        critical = rule is PriorityRule.ALWAYS or (event.critical and rule is PriorityRule.AS_SENT)
        place = (reader.subscription_id, event.group_key)
        if critical:
            slot = _Slot(0, is_new=True, policy=_INSTANT, known=open_window(_INSTANT, self.now))
            self._new.append((reader, event.group_key, slot, True))
            return slot
        known = self._open.get(place)
        if known is None:
            policy = policy_for(self.known.stream, reader.way)
            window = open_window(policy, self.now, last=self._last.get(place), next_slot=self._next(reader))
            slot = self._open[place] = _Slot(0, is_new=True, policy=policy, known=window)
            self._new.append((reader, event.group_key, slot, False))
        elif is_settled(known.policy):
            return known
        else:
            slot = known
            slot.known = join_window(slot.window, self.now)
            if not slot.is_new:
                self._changed[slot.window_id] = slot
        if not slot.window.takes(self.now):
            self._shut(place, slot)
        return slot

    def _shut(self, place: tuple[int, str], slot: _Slot) -> None:
        self._open.pop(place, None)
        self._last[place] = slot.window.closes_at
        if not slot.is_new:
            self._changed[slot.window_id] = slot

    def _next(self, reader: ReaderOfStream) -> Callable[[datetime], datetime]:
        zone = self.known.newsletter.schedule.zone or reader.zone

        def after(at: datetime) -> datetime:
            key = (reader.rule, zone, at)
            if key not in self._slots:
                self._slots[key] = next_slot(parse_rule(reader.rule), zone, at)
            return self._slots[key]

        return after

    def _policy_of(self, text: str) -> WindowPolicy:
        if text not in self._policies:
            self._policies[text] = parse_policy(text)
        return self._policies[text]

    def _text_of(self, policy: WindowPolicy) -> str:
        text = self._texts.get(policy)
        if text is None:
            text = self._texts[policy] = policy_text(policy)
        return text

    def _state(self, slot: _Slot) -> str:
        return "open" if slot.window.takes(self.now) else "due"

    def _write(self) -> None:
        own, now = self.known.newsletter_id, to_micros(self.now)
        for (_, _, slot, _), window_id in zip(
            self._new, store.new_ids(self.connection, event_windows, len(self._new)), strict=True
        ):
            slot.window_id = window_id
        store.change_windows(
            self.connection,
            (
                (number, self._state(slot), slot.window.closes_at, slot.window.count)
                for number, slot in self._changed.items()
            ),
        )
        rows = []
        for reader, group_key, slot, critical in self._new:
            window, state = slot.window, self._state(slot)
            at = (to_micros(window.opened_at), to_micros(window.closes_at), to_micros(window.counts_from))
            ids = (slot.window_id, own, reader.subscription_id, reader.subscriber_id)
            rows.append((*ids, group_key, state, self._text_of(window.policy), *at, window.count, int(critical)))
        store.add_windows(self.connection, rows)
        store.add_rows(
            self.connection,
            [
                (
                    *(own, self.known.scope, reader.subscriber_id, slot.window_id if slot else None),
                    *(event.dedupe_key or None, event.object.id, content, to_micros(event.occurred_at), now),
                    *(to_micros(event.expires_at) if event.expires_at else None, outcome.value, reason),
                )
                for reader, event, content, slot, outcome, reason in self._rows
            ],
        )


def policy_for(stream: Stream, way: str) -> WindowPolicy:
    """Return the policy of a window that opens now for a reader who wants the stream in this *way*."""
    match Way(way):
        case Way.INSTANT:
            return _INSTANT
        case Way.GATHERED if stream.window.kind is WindowKind.INSTANT:
            return _AN_HOUR
        case Way.DAILY | Way.WEEKLY | Way.NEWSLETTER:
            before = stream.window.before if stream.window.kind is WindowKind.SCHEDULE else timedelta(0)
            return replace(_BY_SCHEDULE, before=before)
    return stream.window
