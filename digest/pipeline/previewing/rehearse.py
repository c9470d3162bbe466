"""Rehearse: what a send would do now, by cohorts, without planning or sending anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection

from digest.clock import FixedClock
from digest.pipeline.composing.compose import open_workshop
from digest.pipeline.composing.edition_cut import cut_for
from digest.pipeline.composing.made import Wanted
from digest.pipeline.editing.correct_edition import Correction, readers_to_correct, remake
from digest.pipeline.installation import Installation
from digest.pipeline.planning.plan import Who, plan_newsletter, prepare_slot, slots_of
from digest.scheduling.cut_off import Cut
from digest.store import planning
from digest.store.engine import reading
from digest.store.histories import stories_by_history
from digest.store.newsletters import load_newsletter
from digest.store.planning_copy import copy_for_planning, last_delivery, subjects_since
from digest.store.profiles import interests_by_profile
from digest.store.waiting import waiting_mails


@dataclass(slots=True)
class Rehearsal:
    """Editions with the number of readers who would get a mail, and who would not and why.

    `ready` would be planned now; `waiting` was planned before and goes out now, `later` at another try's time,
    `awaiting` once it is approved.
    """

    newsletter: str
    ready: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    later: Counter[str] = field(default_factory=Counter)
    awaiting: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    subjects: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "newsletter": self.newsletter,
            "ready": dict(self.ready),
            "waiting": dict(self.waiting),
            "later": dict(self.later),
            "awaiting": dict(self.awaiting),
            "skipped": dict(self.skipped),
            "subjects": dict(+self.subjects),
        }

    def lines(self) -> Iterator[str]:
        """Give it as sentences."""
        for edition, count in sorted(self.waiting.items()):
            yield f"{edition}: {_readers(count)}, planned already, would get a mail."
        for edition, count in sorted(self.later.items()):
            yield f"{edition}: {_readers(count)}, planned already, would be tried again later."
        for edition, count in sorted(self.awaiting.items()):
            yield f"{edition}: {_readers(count)}, planned already, would get a mail once it is approved."
        for edition, count in sorted(self.ready.items()):
            yield f"{edition}: {_readers(count)} would get a mail."
        for reason, count in sorted(self.skipped.items()):
            yield f"{_readers(count)} would get none: {reason.replace('_', ' ')}."
        for subject, count in (+self.subjects).most_common(10):
            yield f"  {count:,} × {subject}"
        if not (self.ready or self.waiting or self.later or self.awaiting or self.skipped):
            yield f"{self.newsletter}: nobody is due."


def _readers(count: int) -> str:
    return "1 reader" if count == 1 else f"{count:,} readers"


def rehearse(house: Installation, slug: str, *, at: datetime, who: Who) -> Rehearsal:
    """Return what `send` would do; everything happens in a transaction that is taken back."""
    done = Rehearsal(slug)
    with reading(house.engine) as connection:
        newsletter_id, newsletter = load_newsletter(connection, slug)
    if newsletter.stream is not None:
        return _rehearse_stream(house, newsletter_id, slug, at)
    with house.engine.connect() as connection, connection.begin() as transaction:
        rows = planning.cadences_of(connection, newsletter_id)
        due: list[tuple[Any, list[planning.Group], Cut]] = []
        for slot in slots_of(newsletter, rows, at, who):
            edition_id, prepared = prepare_slot(connection, newsletter_id, slot, now=house.clock.now(), ask_again=True)
            done.skipped += prepared.skipped
            if edition_id is None:
                continue
            asked_at = max(at, house.clock.now())
            cut = cut_for(newsletter, slot.period, slot.slot_at, day=slot.day, asked_at=asked_at)
            since_cut = newsletter.since_cut(cut.off)
            groups = planning.groups_due(connection, edition_id, slot.slot_at, since_cut, welcome=newsletter.welcome)
            due.append((slot, groups, cut))
        # After the preparation: what a later edition takes the place of does not wait any more.
        _count_waiting(connection, newsletter_id, slug, done, house.clock.now())
        profiles = {group.profile_id for _, groups, _ in due for group in groups}
        interests = interests_by_profile(connection, profiles)
        histories = {group.history_id for _, groups, _ in due for group in groups}
        shown = stories_by_history(connection, histories)
        transaction.rollback()
    for slot, groups, cut in due:
        if not groups:
            continue
        workshop = open_workshop(house, newsletter, cut, slot.period, day=slot.day)
        for group in groups:
            since, first = planning.since_of(group), planning.is_first(group)
            wanted = Wanted(interests[group.profile_id], shown[group.history_id], since, group.locale, first)
            made = workshop.make(wanted)
            if made.layout is None:
                reason = made.selection.skip.value if made.selection.skip else ""
                done.skipped[reason] += group.readers
            else:
                done.ready[f"{slug}/{slot.period}"] += group.readers
                done.subjects[made.subject] += group.readers
    return done


def _count_waiting(connection: Connection, newsletter_id: int, slug: str, done: Rehearsal, now: datetime) -> None:
    for mails in waiting_mails(connection, newsletter_id, now):
        kind = done.awaiting if mails.awaiting else done.later if mails.later else done.waiting
        kind[f"{slug}/{mails.period}"] += mails.readers
        done.subjects[mails.subject] += mails.readers if kind is done.waiting else 0


def _rehearse_stream(house: Installation, newsletter_id: int, slug: str, at: datetime) -> Rehearsal:
    """Close what is due of a stream, on a copy."""
    done = Rehearsal(slug)
    with TemporaryDirectory(prefix="digest-") as folder:
        with reading(house.engine) as connection:
            _count_waiting(connection, newsletter_id, slug, done, house.clock.now())
            copied = copy_for_planning(connection, Path(folder), newsletter_id=newsletter_id, since=at)
        try:
            with reading(copied) as connection:
                seen = last_delivery(connection)
            plan_newsletter(replace(house, engine=copied, clock=FixedClock(at)), slug, at=at, who=Who.DUE)
            with reading(copied) as connection:
                rows = subjects_since(connection, newsletter_id, seen)
        finally:
            copied.dispose()
    for period, subject, reason, readers in rows:
        if subject is None:
            done.skipped[reason] += readers
        else:
            done.ready[f"{slug}/{period}"] += readers
            done.subjects[subject] += readers
    return done


def rehearse_correction(house: Installation, correction: Correction) -> Rehearsal:
    """Return whom a correction would reach now, with which subjects; nothing is written."""
    done = Rehearsal(correction.newsletter.slug)
    found = readers_to_correct(house, correction)
    for old, new in zip(found, remake(house, correction, found), strict=True) if found else ():
        done.skipped += Counter({reason: count for reason, count in old.readers.items() if reason})
        if new.layout is None:
            done.skipped[new.selection.skip or ""] += old.readers[""]
        else:
            done.ready[correction.name] += old.readers[""]
            done.subjects[new.subject] += old.readers[""]
    return done
