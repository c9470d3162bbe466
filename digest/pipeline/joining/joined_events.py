"""Events that go with a newsletter: a reader's windows as sections of the mail that is being joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from digest.model.digest import SkipReason
from digest.model.event import Outcome
from digest.model.newsletter import Newsletter
from digest.model.stream import Way
from digest.model.subscriber import Interests, SubscriptionState
from digest.pipeline.events.close_windows import EVENTS, POOL, POOL_HASH, EventEditions, Mail, gather_events
from digest.pipeline.events.event_bench import EventBench
from digest.pipeline.installation import Installation
from digest.pipeline.joining.joined_mail import SectionOf
from digest.rendering.parts import Section
from digest.rendering.press import Press
from digest.rendering.sections import LEAVE
from digest.scheduling.zones import zone_of
from digest.selection.gathering import Gathered
from digest.store import parts, windows
from digest.store.digests import DigestRow, open_slot, save_digests, save_pool
from digest.store.newsletters import newsletter_ids
from digest.store.origins import save_origin
from digest.store.profiles import profile_of
from digest.store.subscriptions import agreements_of
from digest.store.tables import to_micros
from digest.store.windows import DueWindow


@dataclass(frozen=True, slots=True)
class StreamEvents:
    """What one stream has for one reader."""

    bench: EventBench
    newsletter: Newsletter
    newsletter_id: int
    windows: tuple[DueWindow, ...]
    gathered: Gathered
    zone: ZoneInfo

    def section(self, press: Press, locale: str) -> Section:
        """Return it as a part of a mail in *locale*."""
        del locale  # the words are those of the reader's own, as in a mail of the stream
        return self.bench.section(self.gathered, press, slot=f"{LEAVE}{self.newsletter_id}", zone=self.zone)


@dataclass(frozen=True, slots=True)
class ReaderEvents:
    """What all streams have for one reader, in the order of their names."""

    streams: tuple[StreamEvents, ...]

    @property
    def sections(self) -> list[SectionOf]:
        """Their sections, each made by a press."""
        return [partial(StreamEvents.section, each) for each in self.streams]


def waiting_events(
    connection: Connection,
    house: Installation,
    newsletters: Mapping[str, Newsletter],
    subscriber_ids: Collection[int],
    now: datetime,
) -> dict[int, ReaderEvents]:
    """Return what these readers want with the mail that is being joined, by reader; their windows take nothing more."""
    found = windows.take_along(connection, subscriber_ids, _period(now), now)
    return events_in(connection, house, newsletters, found, now)


def events_to_come(
    connection: Connection,
    house: Installation,
    newsletters: Mapping[str, Newsletter],
    subscriber_id: int,
    now: datetime,
) -> ReaderEvents | None:
    """Return what one reader would get with a mail that were joined now; nothing changes by asking."""
    found = [
        (each.newsletter, window)
        for each in agreements_of(connection, subscriber_id)
        if each.way == Way.NEWSLETTER and each.state is SubscriptionState.ACTIVE
        for window in windows.open_windows_of(connection, each.newsletter_id, subscriber_id)
        if not window.critical
    ]
    return events_in(connection, house, newsletters, found, now).get(subscriber_id)


def events_in(
    connection: Connection,
    house: Installation,
    newsletters: Mapping[str, Newsletter],
    found: Sequence[tuple[str, DueWindow]],
    now: datetime,
) -> dict[int, ReaderEvents]:
    """Return the events in windows of streams, by reader."""
    ids, period = newsletter_ids(connection), _period(now)
    by_reader: defaultdict[int, defaultdict[str, list[DueWindow]]] = defaultdict(lambda: defaultdict(list))
    for slug, window in found:
        by_reader[window.subscriber_id][slug].append(window)
    members = windows.members(connection, [window.window_id for _, window in found], Outcome.PENDING)
    benches: dict[tuple[str, str], EventBench] = {}
    ready: dict[int, ReaderEvents] = {}
    for reader, streams in by_reader.items():
        made: list[StreamEvents] = []
        for slug, some in sorted(streams.items()):
            newsletter = newsletters[slug]
            assert newsletter.stream is not None
            locale = some[-1].locale
            if (slug, locale) not in benches:
                benches[slug, locale] = EventBench(house, newsletter, newsletter.stream, period, locale)
            stored = (each for one in some for each in members.get(one.window_id, ()))
            gathered = gather_events(newsletter, stored, now)
            if gathered.lines:
                zone = zone_of(newsletter.schedule.zone or some[-1].zone)
                made.append(StreamEvents(benches[slug, locale], newsletter, ids[slug], tuple(some), gathered, zone))
        if made:
            ready[reader] = ReaderEvents(tuple(made))
    return ready


def still_due(connection: Connection, found: ReaderEvents) -> bool:
    """Whether the windows are as they were read; nobody else changes them before the transaction ends."""
    some = [window for each in found.streams for window in each.windows]
    return windows.still_due(connection, some) >= {each.window_id for each in some}


def write_events(
    connection: Connection, house: Installation, found: ReaderEvents, *, mail_id: int, now: datetime
) -> None:
    """Close the windows as parts of the mail *mail_id*: one row for each stream, in its edition of the day."""
    for each in found.streams:
        reader = each.windows[-1]
        mail = Mail(each.windows, None, expired=each.gathered.expired)
        editions = EventEditions(connection, each.newsletter_id, _day(now), [mail], now)
        edition_id, _ = editions.place(mail)
        digest_id = _save(connection, house, each, edition_id, now)
        due, at = None, to_micros(now)
        row = (edition_id, reader.subscriber_id, reader.subscription_id, at, digest_id, "skipped")
        (row_id,) = windows.add_deliveries(
            connection, [(*row, SkipReason.TOGETHER.value, reader.address, reader.name, due, at, at)]
        )
        parts.settle_parts(connection, [(row_id, mail_id, digest_id, SkipReason.TOGETHER)], now=now)
        windows.close(connection, [(window.window_id, row_id) for window in each.windows])
        windows.expire(connection, each.gathered.expired)
        windows.settle(connection, {window.window_id for window in each.windows}, Outcome.GATHERED)


def _save(connection: Connection, house: Installation, each: StreamEvents, edition_id: int, now: datetime) -> int:
    """Store what one part has, which the log shows; the mail's own digest has how it looks."""
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    pool_id = save_pool(connection, POOL_HASH, POOL)
    (digest_id,) = save_digests(
        connection,
        [
            DigestRow(
                slot_id=open_slot(connection, edition_id, midnight, pool_id, now),
                pool_id=pool_id,
                profile_id=profile_of(connection, Interests()),
                locale=each.windows[-1].locale,
                history_before=None,
                history_after=None,
                origin_id=save_origin(connection, house.origin),
                subject="",
                items=each.bench.items(each.gathered, each.zone),
                layout="",
            )
        ],
    )
    return digest_id


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _period(now: datetime) -> str:
    return f"{_day(now)}{EVENTS}"
