"""Join parts: the newsletters of readers who want them together become one mail, once a day.

A part waits from its slot on. The first of a day that comes due takes along all that waits for its reader; what comes
due later that day waits for the next day's first, and no longer than to its own hour there. What comes by itself:
a newsletter that is approved, is urgent or comes every so many hours. Whoever is killed leaves parts that wait.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import Connection

from digest.model.digest import SkipReason
from digest.model.newsletter import Newsletter
from digest.model.subscriber import Interests, Joins
from digest.pipeline.composing.planned import Planned, planned_rows
from digest.pipeline.installation import Installation
from digest.pipeline.joining.joined_events import ReaderEvents, still_due, waiting_events, write_events
from digest.pipeline.joining.joined_mail import Joined, Joiner, Seat, items_of, stories_of
from digest.scheduling.cadence import parse_rule
from digest.scheduling.zones import zone_of
from digest.store import parts
from digest.store.cohorts import live_among
from digest.store.digests import DigestRow, open_slot, save_digests, save_pieces, save_pool
from digest.store.edition_notes import notes_of
from digest.store.engine import reading
from digest.store.get_or_create import chunks
from digest.store.histories import history_ids, stories_by_history
from digest.store.jobs import ask_for_workers
from digest.store.newsletters import load_newsletters, newsletter_ids
from digest.store.origins import save_origin
from digest.store.parts import Part
from digest.store.planning import CadenceRow
from digest.store.profiles import interests_by_profile
from digest.store.rulings import kept_out
from digest.store.tables import to_micros

_ROUNDS = 10  # a reader for whom something changes in each of ten rounds waits for the next tick
_AT_ONCE = 500  # readers
_OPEN = frozenset({"open", "finished"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's wish for a newsletter's mails now, as if the clock showed `at`, whatever came today."""

    newsletter: str
    at: datetime


class Group(NamedTuple):
    """What readers share who get the same: what they were told, their language, their parts."""

    history_id: int
    locale: str
    seats: tuple[Seat, ...]


class Party(NamedTuple):
    """One reader of a group, with the rows of their parts in the group's order, and the events to go along."""

    rows: tuple[Part, ...]
    events: ReaderEvents | None = None


def comes_alone(newsletter: Newsletter, cadences: Iterable[CadenceRow]) -> bool:
    """Whether a slot of *newsletter*, with these cadences, is never a part of another mail."""
    if newsletter.approval or newsletter.urgent or newsletter.stream is not None:
        return True
    return any(parse_rule(each.rule).frequency.hours for each in cadences)


def join_parts(house: Installation, *, asked: Asked | None = None, again: bool = False, prints: bool = True) -> Planned:
    """Make mails of what waits; return what was planned.

    *asked*: only for readers of whom a part of that newsletter waits. *again*: only for those of whom a part was
    planned before, for who sends.
    """
    done, now = Planned(), house.clock.now()
    with reading(house.engine) as connection:
        if not parts.is_any_due(connection, now if asked is None else None):
            return done
    with house.engine.begin() as connection:
        parts.part_ways(connection, now)
        newsletters, ids = load_newsletters(connection), newsletter_ids(connection)
    joiner = Joiner(house, newsletters, prints)
    for _ in range(_ROUNDS):
        with reading(house.engine) as connection:
            wanted = ids[asked.newsletter] if asked else None
            due = parts.readers_due(connection, now, newsletter_id=wanted, again=again)
        if not due:
            break
        for some in chunks(due, _AT_ONCE):
            done.add(_Table(house, joiner, ids, asked, now).serve(some))
        joiner.forget()
    return done


@dataclass(slots=True)
class _Table:
    """Some readers, and what waits for them."""

    house: Installation
    joiner: Joiner
    ids: Mapping[str, int]
    asked: Asked | None
    now: datetime

    def serve(self, subscriber_ids: Sequence[int]) -> Planned:
        """Decide for each reader what goes now, and write it."""
        counted: Counter[str] = Counter()
        with self.house.engine.begin() as connection:
            waiting = parts.waiting_parts(connection, subscriber_ids)
            latest = parts.latest_mails(connection, subscriber_ids)
            going = self._going(connection, waiting, latest, counted)
        parties = self._parties(going)
        with reading(self.house.engine) as connection:
            profiles = interests_by_profile(connection, {seat.profile_id for group in parties for seat in group.seats})
            histories = stories_by_history(connection, {group.history_id for group in parties})
        for group, some in parties.items():
            counted += self._serve_group(group, some, profiles, histories[group.history_id])
        return planned_rows(counted)

    def _going(
        self, connection: Connection, waiting: Sequence[Part], latest: Mapping[int, datetime], counted: Counter[str]
    ) -> list[list[Part]]:
        """Return the parts that go now, those of each mail together; what does not go is put off, or ends."""
        by_reader: defaultdict[int, list[Part]] = defaultdict(list)
        for each in waiting:
            by_reader[each.subscriber_id].append(each)
        going: list[list[Part]] = []
        off: list[tuple[int, datetime]] = []
        alone: list[int] = []
        ended: list[tuple[int, None, None, str]] = []
        for every in by_reader.values():
            own, old = _latest_of_each(every)
            gave_way = {each.newsletter for each in old if each.reason == parts.GAVE_WAY}
            parts.inherit_way(connection, [each.delivery_id for each in own if each.newsletter in gave_way])
            own = [each._replace(reason=parts.GAVE_WAY) if each.newsletter in gave_way else each for each in own]
            ended += [(each.delivery_id, None, None, SkipReason.COALESCED) for each in old]
            fit = [each for each in own if each.state == "active" and each.edition_state in _OPEN]
            ended += [(each.delivery_id, None, None, why) for each in own if (why := _hindrance(each))]
            alone += [each.delivery_id for each in fit if comes_alone(self.joiner.newsletters[each.newsletter], ())]
            fit = [each for each in fit if each.delivery_id not in alone]
            if fit and self._waits_for_tomorrow(fit[0], latest):
                off += [(each.delivery_id, _tomorrow(each, self.now)) for each in fit]
            elif fit:
                going.append(self._of_one_mail(fit))
            # What is held waits to be asked again, not at each tick.
            held = [each for each in own if each.state == "active" and each.edition_state in ("paused", "awaiting")]
            off += [(each.delivery_id, self.now + timedelta(minutes=10)) for each in held]
        parts.put_off(connection, off)
        parts.let_alone(connection, alone, self.now)
        parts.settle_parts(connection, ended, now=self.now)
        counted += Counter(reason for *_, reason in ended)
        return going

    def _of_one_mail(self, fit: list[Part]) -> list[Part]:
        """Return what goes in a reader's next mail, of what they are asked for first.

        Who does not want them together gets one after the other, each on the history that the one before leaves.
        """
        if self.asked is not None:
            fit.sort(key=lambda each: each.newsletter != self.asked.newsletter)  # type: ignore[union-attr]
        return fit if fit[0].joins & Joins.NEWSLETTERS else fit[:1]

    def _waits_for_tomorrow(self, part: Part, latest: Mapping[int, datetime]) -> bool:
        if self.asked is not None or not part.joins & Joins.NEWSLETTERS or part.subscriber_id not in latest:
            return False
        zone = zone_of(part.zone)
        return latest[part.subscriber_id].astimezone(zone).date() >= self.now.astimezone(zone).date()

    def _parties(self, going: Sequence[list[Part]]) -> dict[Group, list[Party]]:
        """Return readers by what they share; of a reader's several mails the first takes the events along."""
        events = self._events(going)
        found: defaultdict[Group, list[Party]] = defaultdict(list)
        for own in going:
            # Who was planned before builds on what is, so that the mail can leave at once.
            again = any(each.plan_no > 1 for each in own)
            history = own[0].history_id if again else own[0].history_to_come
            group = Group(history, own[0].locale, tuple(self._seat(each) for each in own))
            found[group].append(Party(tuple(own), events.pop(own[0].subscriber_id, None)))
        return found

    def _events(self, going: Sequence[list[Part]]) -> dict[int, ReaderEvents]:
        readers = {own[0].subscriber_id for own in going if own[0].joins & Joins.EVENTS}
        if not readers:
            return {}
        with self.house.engine.begin() as connection:
            return waiting_events(connection, self.house, self.joiner.newsletters, readers, self.now)

    def _seat(self, part: Part) -> Seat:
        asked_at = None
        if self.asked is not None or part.plan_no > 1:
            asked_at = max(self.asked.at if self.asked else self.now, self.now)
            asked_at = max(asked_at, part.planned_at) if part.plan_no > 1 else asked_at
        return Seat(
            part.newsletter,
            self.ids[part.newsletter],
            part.edition_id,
            part.period,
            part.slot_at,
            part.profile_id,
            part.since,
            part.is_new and self.joiner.newsletters[part.newsletter].welcome,
            asked_at,
        )

    def _serve_group(
        self, group: Group, some: Sequence[Party], profiles: Mapping[int, Interests], history: frozenset[int]
    ) -> Counter[str]:
        courses = self.joiner.choose(group.seats, profiles, history, group.locale)
        counted: Counter[str] = Counter()
        shared = [each for each in some if each.events is None]
        if shared:
            counted += self._write(group, shared, self.joiner.join(courses), history)
        for each in some:
            if each.events is not None:
                joined = self.joiner.join(courses, each.events.sections)
                # Without a newsletter's mail to go with they are a mail of their own, as any stream's.
                with_them = each if joined.courses else each._replace(events=None)
                counted += self._write(group, [with_them], joined, history)
        return counted

    def _write(self, group: Group, some: Sequence[Party], joined: Joined, history: frozenset[int]) -> Counter[str]:
        written: Counter[str] = Counter()
        rows = [row for party in some for row in party.rows]
        with self.house.engine.begin() as connection:
            stand = parts.hold_rows(connection, rows)
            some = [party for party in some if all(row.delivery_id in stand for row in party.rows)]
            if not self._is_as_read(connection, joined):
                return written
            some = [each for each in some if each.events is None or still_due(connection, each.events)]
            if not some:
                return written
            digests = self._save(connection, group, joined, history) if joined.courses else []
            for party in some:
                written += self._write_party(connection, party, joined, digests)
            if joined.courses:
                parts.reopen_edition(connection, joined.courses[0].seat.edition_id)
                ask_for_workers(connection, joined.courses[0].seat.edition_id, len(some))
        return written

    @staticmethod
    def _is_as_read(connection: Connection, joined: Joined) -> bool:
        """Whether every article is still as it was read, and every note; they stay so until the transaction ends."""
        for each in joined.courses:
            read = each.workshop.as_read
            revisions = {one.article.revision_id for one in each.made.selection.chosen}
            live = live_among(connection, revisions)
            if live - kept_out(connection, live, read.newsletter, read.ruled_at) != revisions:
                return False
            if notes_of(connection, each.seat.edition_id, hold=True) != read.notes:
                return False
        return True

    def _write_party(
        self, connection: Connection, party: Party, joined: Joined, digests: Sequence[int]
    ) -> Counter[str]:
        row_of = {self._seat(row): row for row in party.rows}
        none = [
            (row_of[seat].delivery_id, None, None, reason)
            for seat, reason in joined.reasons.items()
            if seat not in joined.later
        ]
        written = Counter({"": 1}) if joined.courses else Counter()
        if joined.courses:
            first, *others = (row_of[each.seat].delivery_id for each in joined.courses)
            parts.carry(connection, [(first, digests[0])], due=to_micros(self.now), now=self.now)
            others_in = [
                (row, first, digest, SkipReason.TOGETHER) for row, digest in zip(others, digests[1:], strict=True)
            ]
            parts.settle_parts(connection, others_in, now=self.now)
            if party.events is not None:
                write_events(connection, self.house, party.events, mail_id=first, now=self.now)
            written += Counter({SkipReason.TOGETHER.value: len(others)}) if others else Counter()
        parts.settle_parts(connection, none, now=self.now)
        later = [row_of[seat] for seat in joined.later]
        again = [each.delivery_id for each in later if each.reason == parts.GAVE_WAY]
        parts.let_alone(connection, again, self.now)
        parts.give_way(
            connection,
            [(each.delivery_id, _tomorrow(each, self.now)) for each in later if each.delivery_id not in again],
        )
        return written + Counter(reason for *_, reason in none)

    def _save(self, connection: Connection, group: Group, joined: Joined, history: frozenset[int]) -> list[int]:
        """Store the mail's digest and one for each further part, which says what was in it; return their ids."""
        told, sets = history, [history]
        alive = joined.alive
        for each in joined.courses:
            told = (told & alive) | stories_of(each.made)
            sets.append(told)
        ids = history_ids(connection, sets)
        rows = [self._digest(connection, group, joined, place) for place in range(len(joined.courses))]
        if joined.composed is not None:
            save_pieces(connection, joined.composed.pieces)
            layout = joined.courses[0].workshop.stored(joined.composed)
            rows[0] = replace(rows[0], layout=layout, subject=joined.composed.subject, items=items_of(joined))
            rows[1:] = [replace(each, layout="", subject="") for each in rows[1:]]
        # The mail goes from the first history to the last; each further part says where it stood.
        steps = [group.history_id, *(ids[each] for each in sets[1:])]
        spans = [(steps[0], steps[-1]), *list(pairwise(steps))[1:]]
        return save_digests(
            connection,
            [replace(row, history_before=old, history_after=new) for row, (old, new) in zip(rows, spans, strict=True)],
        )

    def _digest(self, connection: Connection, group: Group, joined: Joined, place: int) -> DigestRow:
        course = joined.courses[place]
        workshop, seat = course.workshop, course.seat
        pool_id = save_pool(connection, workshop.pool_hash, workshop.pool_spec)
        save_pieces(connection, workshop.take_pieces())
        return DigestRow(
            slot_id=open_slot(connection, seat.edition_id, seat.slot_at, pool_id, self.now),
            pool_id=pool_id,
            profile_id=seat.profile_id,
            locale=joined.courses[0].workshop.locale_for(group.locale),
            history_before=None,
            history_after=None,
            origin_id=save_origin(connection, self.house.origin),
            subject=course.made.subject,
            items=course.made.items,
            layout=course.made.layout or "",
        )


def _latest_of_each(own: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Return the latest part of each newsletter, and the earlier ones, which it stands for."""
    latest = {each.newsletter: each for each in own}  # they are in the order of their slots
    kept = [each for each in own if latest[each.newsletter] is each]
    return kept, [each for each in own if latest[each.newsletter] is not each]


def _hindrance(part: Part) -> str:
    """Return why a part comes to nothing whatever is in it, "" for no such reason."""
    if part.edition_state == "cancelled":
        return SkipReason.CANCELLED
    if part.state == "active":
        return ""
    if part.state == "paused":
        return SkipReason.PAUSED
    return SkipReason.SUPPRESSED if part.ended_reason == "suppressed" else SkipReason.UNSUBSCRIBED


def _tomorrow(part: Part, now: datetime) -> datetime:
    """Return the part's own hour on the day after, by the reader's clock."""
    zone = zone_of(part.zone)
    local, today = part.slot_at.astimezone(zone), now.astimezone(zone).date()
    return datetime.combine(today + timedelta(days=1), local.time(), zone)
