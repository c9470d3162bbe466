"""Close windows: each that is past its time becomes one digest and one delivery, or a reason for none.

First they are frozen, so that no event comes to them any more; then their digests are made outside of any
transaction; then digest, delivery and the end of the window are written in one. Whoever is killed leaves windows
that are due as they were; two who close at once make a digest each, and one of them is thrown away.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection

from digest.log import get_logger
from digest.model.digest import SkipReason
from digest.model.event import Outcome
from digest.model.newsletter import Newsletter
from digest.model.stream import Stream, Way, WindowKind
from digest.model.subscriber import Interests
from digest.pipeline.composing.planned import Planned, planned_rows
from digest.pipeline.events.daily_room import DailyRoom
from digest.pipeline.events.event_bench import EventBench, MadeOfEvents
from digest.pipeline.events.event_json import event_of
from digest.pipeline.installation import Installation
from digest.rendering.i18n import resolve_locale
from digest.scheduling.cadence import half_period, latest_slot, next_slot, parse_rule
from digest.scheduling.reader_rules import ReaderRules, send_time
from digest.scheduling.windows import parse_policy
from digest.scheduling.zones import zone_of
from digest.selection.gathering import Gathered, Member, gather
from digest.store import planning, second_chances, windows
from digest.store.digests import DigestRow, open_slot, save_digests, save_pieces, save_pool
from digest.store.engine import reading
from digest.store.jobs import ask_for_workers
from digest.store.origins import save_origin
from digest.store.profiles import profile_of
from digest.store.reader_rules import rules_of
from digest.store.tables import to_micros
from digest.store.windows import DueWindow, StoredEvent

EVENTS = "+events"  #: what the period of an edition of events has after its day
_AT_ONCE = 1_000  # windows in one transaction
_LONG_DUE = 1  # microseconds after 1970: claims go by the time a row is due, so these are next
_CRASHED = "crashed"
POOL = "{}"  #: of no articles
POOL_HASH = hashlib.sha256(POOL.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Mail:
    """What becomes of windows that close together: a digest, or the reason for none."""

    windows: tuple[DueWindow, ...]
    made: MadeOfEvents | None
    reason: str = ""
    expired: tuple[int, ...] = ()
    locale: str = "en"

    @property
    def reader(self) -> DueWindow:
        """The window that stands for all, the latest."""
        return self.windows[-1]


@dataclass(slots=True)
class Desk:
    """Where the digests of one stream are made, a bench for each locale."""

    house: Installation
    newsletter: Newsletter
    stream: Stream
    day: str
    benches: dict[str, EventBench] = field(default_factory=dict)

    def bench(self, locale: str) -> EventBench:
        """Return the bench of *locale*, made when it is new."""
        if locale not in self.benches:
            self.benches[locale] = EventBench(self.house, self.newsletter, self.stream, f"{self.day}{EVENTS}", locale)
        return self.benches[locale]


def close_windows(
    house: Installation, newsletter_id: int, newsletter: Newsletter, *, at: datetime, whole: bool = True
) -> Planned:
    """Make digests of all windows of a stream that are due at *at*; return what was planned.

    *whole* False: without those that may go with a newsletter.
    """
    assert newsletter.stream is not None
    done = Planned()
    with house.engine.begin() as connection:
        planning.resume_paused(connection, newsletter_id, house.clock.now())
        second_chances.drop_expired(connection, newsletter_id, house.clock.now())
        second_chances.release_given_up(connection, newsletter_id, house.clock.now())
        windows.freeze(connection, newsletter_id, at)
    desk = Desk(house, newsletter, newsletter.stream, at.astimezone(UTC).date().isoformat())
    while True:
        with reading(house.engine) as connection:
            due = windows.due_windows(connection, newsletter_id, at, _AT_ONCE, whole=whole)
            found = windows.members(connection, [each.window_id for each in due], Outcome.PENDING)
        if not due:
            return done
        mails = [make_safely(desk, each, found, at) for each in _together(due)]
        with house.engine.begin() as connection:
            done.add(_write(connection, house, newsletter_id, desk, mails, at))


def _together(due: Sequence[DueWindow]) -> list[tuple[DueWindow, ...]]:
    """Return windows that are one mail together: those of one reader's schedule that came while nobody closed any."""
    found: dict[tuple[object, ...], list[DueWindow]] = {}
    for each in due:
        scheduled = parse_policy(each.policy).kind is WindowKind.SCHEDULE and not each.critical
        own = (each.subscription_id, each.group_key) if scheduled else (each.window_id,)
        found.setdefault(own, []).append(each)
    return [tuple(some) for some in found.values()]


def make_safely(desk: Desk, some: tuple[DueWindow, ...], found: dict[int, list[StoredEvent]], at: datetime) -> Mail:
    """Return the mail of windows; what cannot be made keeps no other out."""
    try:
        return _make(desk, some, found, at)
    except Exception:  # noqa: BLE001 - one reader's events must not hold up all others'
        get_logger().exception("window_not_made", windows=[each.window_id for each in some])
        return Mail(some, None, _CRASHED)


def _make(desk: Desk, some: tuple[DueWindow, ...], found: dict[int, list[StoredEvent]], at: datetime) -> Mail:
    """Return what windows with these events become at *at*."""
    reader = some[-1]
    if reader.state == "ended":
        gone = SkipReason.SUPPRESSED if reader.ended_reason == "suppressed" else SkipReason.UNSUBSCRIBED
        return Mail(some, None, gone)
    gathered = gather_events(desk.newsletter, (each for one in some for each in found.get(one.window_id, ())), at)
    if not gathered.lines:
        return Mail(some, None, SkipReason.NOTHING_NEW, gathered.expired)
    locale = resolve_locale(reader.locale, desk.newsletter.locale)
    zone = zone_of(desk.newsletter.schedule.zone or reader.zone)
    return Mail(some, desk.bench(locale).make(gathered, at=at, zone=zone), "", gathered.expired, locale)


def gather_events(newsletter: Newsletter, stored: Iterable[StoredEvent], at: datetime) -> Gathered:
    """Return stored events as the lines of one mail."""
    read = [
        Member(each.event_id, event_of(newsletter.slug, each.content, each.occurred_at, each.expires_at))
        for each in stored
    ]
    return gather(read, now=at, most=newsletter.limits.max_items)


def _write(
    connection: Connection, house: Installation, newsletter_id: int, desk: Desk, mails: Sequence[Mail], at: datetime
) -> Planned:
    stand = windows.still_due(connection, [each for mail in mails for each in mail.windows])
    mails = [mail for mail in mails if all(each.window_id in stand for each in mail.windows)]
    times = _Times(connection, desk.newsletter, mails, at)
    going: list[tuple[Mail, datetime]] = []
    off: list[tuple[DueWindow, datetime]] = []
    for mail in mails:
        until = times.put_off_until(mail)
        if until is None:
            going.append((mail, times.take(mail)))
        else:
            off += [(each, until) for each in mail.windows]
    windows.put_off(connection, off)
    return _write_mails(connection, house, newsletter_id, desk, going, at) if going else Planned()


def _due(goes: datetime, at: datetime, now: datetime) -> datetime:
    """Return when a mail may be claimed: what a clock that shows *at* would let go at once, now."""
    return now if goes <= at else goes


class _Times:
    """When mails go: by their windows, their readers' rules, and what these have had."""

    def __init__(self, connection: Connection, newsletter: Newsletter, mails: Sequence[Mail], at: datetime) -> None:
        self._newsletter = newsletter
        self._at = at
        self._rules = rules_of(connection, {mail.reader.subscriber_id for mail in mails})
        self._room = DailyRoom(connection, self._rules, at)
        along = {mail.reader.subscriber_id for mail in mails if mail.reader.way == Way.NEWSLETTER}
        self._letters = windows.newsletter_cadences(connection, along) if along else {}

    def put_off_until(self, mail: Mail) -> datetime | None:
        """Return until when the windows of *mail* have to wait, with all that comes meanwhile; None for not at all."""
        reader = mail.reader
        if mail.made is None:
            return None
        if reader.state == "paused" and (reader.paused_until is None or reader.paused_until > self._at):
            return reader.paused_until or self._at + timedelta(days=1)
        if reader.critical:
            return None
        since = min(each.opened_at for each in mail.windows)
        full_until = self._room.full_until(reader.subscriber_id, self._goes(mail), reader.zone, waits_since=since)
        return full_until or self._with_the_newsletter(reader) or self._next_if_missed(reader)

    def take(self, mail: Mail) -> datetime:
        """Return when *mail* goes, and count it."""
        goes = self._goes(mail)
        if mail.made is not None:
            self._room.take(mail.reader.subscriber_id, goes)
        return goes

    def _goes(self, mail: Mail) -> datetime:
        reader = mail.reader
        if reader.critical:
            return self._at
        due = max(self._at, reader.closes_at + parse_policy(reader.policy).before)
        return send_time(due, self._rules.get(reader.subscriber_id, ReaderRules()), reader.zone)

    def _with_the_newsletter(self, reader: DueWindow) -> datetime | None:
        """Return when the newsletter comes that these events wait for: later today, its hour has changed since."""
        letters = [(parse_rule(rule), zone) for rule, zone in self._letters.get(reader.subscriber_id, ())]
        if any(latest_slot(rule, zone, self._at).slot_at > reader.opened_at for rule, zone in letters):
            return None
        own = zone_of(reader.zone)
        slots = [next_slot(rule, zone, self._at) for rule, zone in letters]
        today = self._at.astimezone(own).date()
        return min((each for each in slots if each.astimezone(own).date() == today), default=None)

    def _next_if_missed(self, reader: DueWindow) -> datetime | None:
        """Return the next slot of a schedule whose slot is too long ago; None for any other window."""
        policy = parse_policy(reader.policy)
        if policy.kind is not WindowKind.SCHEDULE or reader.group_key == windows.HELD:
            return None
        rule, zone = parse_rule(reader.rule), self._newsletter.schedule.zone or reader.zone
        slot_at = reader.closes_at + policy.before
        latest = self._newsletter.max_late or half_period(rule, zone, slot_at)
        if self._at - slot_at <= latest:
            return None
        return next_slot(rule, zone, self._at + policy.before) - policy.before


def _write_mails(
    connection: Connection,
    house: Installation,
    newsletter_id: int,
    desk: Desk,
    going: Sequence[tuple[Mail, datetime]],
    at: datetime,
) -> Planned:
    now = house.clock.now()
    editions = EventEditions(connection, newsletter_id, desk.day, [mail for mail, _ in going], now)
    places = [editions.place(mail) for mail, _ in going]
    digest_ids = save_mails(connection, house, [mail for mail, _ in going], places, desk.day)
    rows, counted = [], Counter[str]()
    per_edition: Counter[int] = Counter()
    for (mail, goes), (edition_id, cancelled), digest_id in zip(going, places, digest_ids, strict=True):
        reader, reason = mail.reader, SkipReason.CANCELLED.value if cancelled else mail.reason
        state = "poison" if reason == _CRASHED else "skipped" if reason else "ready"
        due = (
            None
            if reason
            else _LONG_DUE
            if reader.critical or desk.newsletter.urgent
            else to_micros(_due(goes, at, now))
        )
        who = (edition_id, reader.subscriber_id, reader.subscription_id, to_micros(goes))
        ends = to_micros(now) if reason else None
        rows.append((*who, digest_id, state, reason, reader.address, reader.name, due, to_micros(now), ends))
        counted[reason] += 1
        per_edition[edition_id] += not reason
    delivery_ids = windows.add_deliveries(connection, rows)
    _end_windows(connection, [mail for mail, _ in going], delivery_ids)
    for edition_id, count in per_edition.items():
        ask_for_workers(connection, edition_id, count)
    planned = planned_rows(counted)
    planned.editions = {f"{desk.newsletter.slug}/{name}": number for name, number in editions.names.items()}
    return planned


def _end_windows(connection: Connection, mails: Sequence[Mail], delivery_ids: Sequence[int]) -> None:
    pairs = list(zip(mails, delivery_ids, strict=True))
    windows.close(connection, [(each.window_id, number) for mail, number in pairs for each in mail.windows])
    windows.expire(connection, [number for mail in mails for number in mail.expired])
    windows.settle(connection, {each.window_id for mail in mails for each in mail.windows if mail.made}, "gathered")
    for reason in {mail.reason for mail in mails if mail.reason}:
        none = {each.window_id for mail in mails for each in mail.windows if mail.reason == reason}
        windows.settle(connection, none, Outcome.SUPPRESSED, reason)


class EventEditions:
    """The stream's editions of one day: a reader's first mail is in the first, the second in the second."""

    def __init__(
        self, connection: Connection, newsletter_id: int, day: str, mails: Sequence[Mail], now: datetime
    ) -> None:
        self._connection, self._newsletter_id, self._period, self._now = (
            connection,
            newsletter_id,
            f"{day}{EVENTS}",
            now,
        )
        readers = {mail.reader.subscriber_id for mail in mails}
        self._had = windows.mails_of_day(connection, newsletter_id, self._period, readers)
        self._known: dict[str, tuple[int, str]] = {}

    @property
    def names(self) -> dict[str, int]:
        """The editions that were used: id by period."""
        return {name: number for name, (number, _) in self._known.items()}

    def place(self, mail: Mail) -> tuple[int, bool]:
        """Return the edition that *mail* is in, and whether it was cancelled."""
        reader = mail.reader.subscriber_id
        had = self._had[reader] = self._had.get(reader, 0) + 1
        period = self._period if had == 1 else f"{self._period}-{had}"
        if period not in self._known:
            self._known[period] = planning.open_edition(self._connection, self._newsletter_id, period, self._now)
        edition_id, state = self._known[period]
        return edition_id, state == "cancelled"


def save_mails(
    connection: Connection,
    house: Installation,
    mails: Sequence[Mail],
    places: Sequence[tuple[int, bool]],
    day: str,
) -> list[int | None]:
    """Store the digests of *mails*; return their ids in order, None for who gets none."""
    wanted = [
        (mail, place) for mail, (place, cancelled) in zip(mails, places, strict=True) if mail.made and not cancelled
    ]
    midnight = datetime.combine(datetime.fromisoformat(day).date(), time(), UTC)
    pool_id = save_pool(connection, POOL_HASH, POOL)
    slots = {
        edition_id: open_slot(connection, edition_id, midnight, pool_id, house.clock.now())
        for edition_id in {place for _, place in wanted}
    }
    origin_id, profile_id = save_origin(connection, house.origin), profile_of(connection, Interests())
    pieces = {name: one for mail, _ in wanted if mail.made for name, one in mail.made.pieces.items()}
    save_pieces(connection, pieces)
    rows = [
        DigestRow(
            slot_id=slots[place],
            pool_id=pool_id,
            profile_id=profile_id,
            locale=mail.locale,
            history_before=None,
            history_after=None,
            origin_id=origin_id,
            subject=mail.made.subject,
            items=mail.made.items,
            layout=mail.made.layout,
        )
        for mail, place in wanted
        if mail.made
    ]
    ids = iter(save_digests(connection, rows))
    return [
        next(ids) if mail.made and not cancelled else None for mail, (_, cancelled) in zip(mails, places, strict=True)
    ]
