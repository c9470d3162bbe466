"""Plan: who is due, in cohorts; one digest for each cohort; a row for each reader, or a reason for none.

Reading and composing happen outside the write transactions; the rows are written in short ones, and only for readers
who still are what they were when the cohort was composed, and of articles that are still as they were read.
Whoever changed meanwhile, or was to get an article that changed, is planned in the next round. Planning the
same slot twice equals once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from digest.errors import DigestError
from digest.model.digest import SkipReason
from digest.model.newsletter import Newsletter
from digest.pipeline.composing.compose import Shelf, Workshop, open_workshop
from digest.pipeline.composing.edition_cut import cut_for
from digest.pipeline.composing.frame import date_of
from digest.pipeline.composing.links import LETTER
from digest.pipeline.composing.made import Wanted
from digest.pipeline.composing.planned import Planned, planned_rows
from digest.pipeline.editing.correct_edition import is_correction, plan_correction_again
from digest.pipeline.events.close_windows import EVENTS, close_windows
from digest.pipeline.events.remake_events import remake_events
from digest.pipeline.installation import Installation
from digest.pipeline.joining.join_parts import Asked, comes_alone, join_parts
from digest.pipeline.planning.approve import hold_to_approval
from digest.pipeline.planning.letters import write_again
from digest.pipeline.planning.moved import second_slots, skip_for_movers
from digest.pipeline.planning.slots_due import Slot, Who, slots_of, slots_passed
from digest.scheduling.cadence import (
    instant_period,
    next_slot,
    parse_rule,
)
from digest.scheduling.cut_off import Cut
from digest.store import moved, parts, planning
from digest.store.approvals import asked_again
from digest.store.cohorts import Cohort, write_cohorts
from digest.store.digests import DigestRow, open_slot, save_digests, save_pieces, save_pool
from digest.store.engine import reading
from digest.store.get_or_create import chunks
from digest.store.histories import history_ids, stories_by_history
from digest.store.matches import save_matches
from digest.store.newsletters import load_newsletter
from digest.store.origins import save_origin
from digest.store.planning import CadenceRow, Group
from digest.store.profiles import interests_by_profile
from digest.store.row_counts import count_anew
from digest.store.rulings import apply_expiries, expiries_come

__all__ = ["Slot", "Who", "plan_again", "plan_newsletter", "prepare_slot", "slots_of", "slots_passed"]

_ROUNDS = 10  # a reader who changes settings in each of ten rounds waits for the next tick
_COHORTS_PER_WRITE = 500
_TICK = frozenset({Who.DUE, Who.RESTORED})


def plan_newsletter(house: Installation, slug: str, *, at: datetime, who: Who, shelf: Shelf | None = None) -> Planned:
    """Plan what is due of newsletter *slug* as if the clock showed *at*; raises NotFound.

    A slot's pool is what was collected before the slot; when a person asks for a send, what was collected
    until now counts too, because that is what they see. A pause is over when the real clock says so, whatever
    *at* is: planning a day to come gets no mail to who is still on a break. Plannings may share a *shelf*.
    Of a stream those windows are closed that are due. Parts of readers who want their newsletters together wait
    for `join_parts`, which a tick calls when all newsletters are planned; for a person it is done here.
    """
    with reading(house.engine) as connection:
        newsletter_id, newsletter = load_newsletter(connection, slug)
        rows = planning.cadences_of(connection, newsletter_id, at if who in _TICK else None)
        expiring = expiries_come(connection, house.clock.now())
    if newsletter.stream is not None:
        return close_windows(house, newsletter_id, newsletter, at=at, whole=who not in _TICK)
    if expiring:
        with house.engine.begin() as connection:
            apply_expiries(connection, house.clock.now())
    done, shelf = Planned(), shelf or Shelf()
    if who in _TICK:
        for slot in slots_passed(rows, at):
            with house.engine.begin() as connection:
                planning.fill_scope(connection, slot.cadence_ids)
                done.skipped += planning.pass_over(
                    connection, newsletter_id, slot.period, slot.slot_at, house.clock.now()
                )
    cadences = {row.cadence_id: row for row in rows}
    for slot in slots_of(newsletter, rows, at, who):
        asked_at = None if who in _TICK else max(at, house.clock.now())
        done.add(_plan_slot(house, newsletter_id, newsletter, slot, cadences, shelf, asked_at=asked_at, who=who))
    if who in _TICK:
        with house.engine.begin() as connection:
            planning.advance_cadences(
                connection, ((row.cadence_id, next_slot(parse_rule(row.rule), row.zone, at)) for row in rows)
            )
    else:
        done.add(join_parts(house, asked=Asked(slug, at), prints=shelf.prints))
    return done


def _plan_slot(
    house: Installation,
    newsletter_id: int,
    newsletter: Newsletter,
    slot: Slot,
    cadences: Mapping[int, CadenceRow],
    shelf: Shelf,
    *,
    asked_at: datetime | None,
    who: Who,
) -> Planned:
    now = house.clock.now()
    count_anew(house.engine)
    with house.engine.begin() as connection:
        edition_id, done = prepare_slot(connection, newsletter_id, slot, now=now, ask_again=who not in _TICK)
        some_moved = edition_id is not None and moved.any_moved(connection)
        if edition_id is not None and some_moved and who in _TICK:
            done.skipped += skip_for_movers(connection, newsletter_id, edition_id, slot.slot_at, cadences, now)
    if edition_id is None:
        return done
    cut = cut_for(newsletter, slot.period, slot.slot_at, day=slot.day, asked_at=asked_at)
    done.add(_plan_readers(house, newsletter, edition_id, slot, shelf, cut, cadences))
    if not some_moved or who is Who.EVERYONE:
        return done
    for twice, ids in second_slots(edition_id, slot.slot_at, (cadences[each] for each in slot.cadence_ids)).items():
        with house.engine.begin() as connection:
            planning.fill_scope(connection, ids)
            if not moved.live_twice(connection, twice.edition_id, twice.early):
                continue
            with parts.parting_superseded(connection, now):
                done.superseded += moved.supersede_first(connection, twice.edition_id, twice.early, now)
            again = replace(slot, period=instant_period(slot.slot_at), cadence_ids=ids, twice=twice)
            again_id, _ = planning.open_edition(connection, newsletter_id, again.period, now)
        cut = cut_for(newsletter, again.period, slot.slot_at, day=slot.day, asked_at=asked_at)
        done.add(_plan_readers(house, newsletter, again_id, again, shelf, cut, cadences))
    with house.engine.begin() as connection:
        planning.fill_scope(connection, slot.cadence_ids)
        moved.settle_movers(connection, now if who in _TICK else slot.slot_at)
    return done


def _plan_readers(
    house: Installation,
    newsletter: Newsletter,
    edition_id: int,
    slot: Slot,
    shelf: Shelf,
    cut: Cut,
    cadences: Mapping[int, CadenceRow],
) -> Planned:
    done = Planned(editions={f"{newsletter.slug}/{slot.period}": edition_id})
    workshop: Workshop | None = None
    alone = comes_alone(newsletter, (cadences[each] for each in slot.cadence_ids))
    if not alone:
        with house.engine.begin() as connection:
            parts.line_up(
                connection,
                edition_id,
                slot.slot_at,
                house.clock.now(),
                cadence_ids=slot.cadence_ids,
                twice=slot.twice,
            )
    for _ in range(_ROUNDS):
        with house.engine.begin() as connection:
            planning.fill_scope(connection, slot.cadence_ids)
            groups = planning.groups_due(
                connection,
                edition_id,
                slot.slot_at,
                newsletter.since_cut(cut.off),
                welcome=newsletter.welcome,
                twice=slot.twice,
                alone=alone,
            )
        if not groups:
            break
        workshop = workshop or open_workshop(house, newsletter, cut, slot.period, shelf, day=slot.day)
        hold_to_approval(house, edition_id, workshop.pool_hash)
        planned, all_stood = _plan_groups(
            house, edition_id, slot, workshop, groups, fresh=True, urgent=newsletter.urgent, alone=alone
        )
        done.add(planned)
        workshop = workshop if all_stood else None
    return done


def prepare_slot(
    connection: Connection, newsletter_id: int, slot: Slot, *, now: datetime, ask_again: bool
) -> tuple[int | None, Planned]:
    """Open the slot's edition, log who gets nothing of it, end what it takes the place of.

    Returns the edition, None when nobody is to be planned for it, and what was skipped and superseded. The
    slot's cadences are in scope afterwards.
    """
    done = Planned()
    planning.resume_paused(connection, newsletter_id, now)
    edition_id, state = planning.open_edition(connection, newsletter_id, slot.period, now)
    planning.fill_scope(connection, slot.cadence_ids)
    if state == "cancelled":
        called_off = planning.skip_others(
            connection, edition_id, slot.slot_at, state="active", reason=SkipReason.CANCELLED, now=now
        )
        done.skipped[SkipReason.CANCELLED] += called_off
        return None, done
    if slot.late:
        missed = planning.skip_others(
            connection, edition_id, slot.slot_at, state="active", reason=SkipReason.MISSED, now=now
        )
        done.skipped[SkipReason.MISSED] += missed
        return None, done
    paused = planning.skip_others(
        connection, edition_id, slot.slot_at, state="paused", reason=SkipReason.PAUSED, now=now
    )
    done.skipped += Counter({SkipReason.PAUSED.value: paused}) if paused else Counter()
    if ask_again:
        planning.replan_skipped(connection, edition_id, now)
        parts.ask_again(connection, edition_id, now)
        asked_again(connection, edition_id, slot.slot_at, now)
    with parts.parting_superseded(connection, now):
        done.superseded += planning.supersede_older(connection, newsletter_id, edition_id, slot.slot_at, now)
    return edition_id, done


def plan_again(house: Installation, newsletter_slug: str, edition_id: int, period: str, slot_at: datetime) -> Planned:
    """Plan the rows of one slot that wait for a new plan; nobody else becomes due by it.

    They may draw from all that was there when they were planned before, also by a clock that was set back since.
    """
    if f"+{LETTER}" in period:
        return write_again(house, newsletter_slug, edition_id, period)
    if EVENTS in period:
        return remake_events(house, newsletter_slug, edition_id, period)
    if is_correction(period):
        return plan_correction_again(house, newsletter_slug, period)
    done = Planned()
    for _ in range(_ROUNDS):
        with house.engine.begin() as connection:
            newsletter_id, newsletter = load_newsletter(connection, newsletter_slug)
            scope = tuple(row.cadence_id for row in planning.cadences_of(connection, newsletter_id))
            planning.fill_scope(connection, scope)
            day = date_of(period, newsletter, slot_at)
            asked_at = max(house.clock.now(), planning.planned_by(connection, edition_id, slot_at))
            cut = cut_for(newsletter, period, slot_at, day=day, asked_at=asked_at)
            since_cut = newsletter.since_cut(cut.off)
            groups = planning.groups_due(
                connection, edition_id, slot_at, since_cut, welcome=newsletter.welcome, fresh=False
            )
        if not groups:
            break
        workshop = open_workshop(house, newsletter, cut, period, day=day)
        hold_to_approval(house, edition_id, workshop.pool_hash)
        slot = Slot(period, slot_at, scope)
        planned, all_stood = _plan_groups(
            house, edition_id, slot, workshop, groups, fresh=False, urgent=newsletter.urgent
        )
        done.add(planned)
        if all_stood:
            break
    return done


def _plan_groups(
    house: Installation,
    edition_id: int,
    slot: Slot,
    workshop: Workshop,
    groups: list[Group],
    *,
    fresh: bool,
    urgent: bool,
    alone: bool = True,
) -> tuple[Planned, bool]:
    """Return what was planned, and whether every article was still as the workshop had read it."""
    with house.engine.begin() as connection:
        save_matches(connection, workshop.new_matches)
    alike: defaultdict[Group, list[Group]] = defaultdict(list)
    for group in groups:
        alike[replace(group, locale=workshop.locale_for(group.locale), readers=0)].append(group)
    cohorts: list[Cohort] = []
    for part in chunks(alike, _COHORTS_PER_WRITE):
        made = _compose_part(house, edition_id, slot, workshop, part)
        cohorts.extend(replace(each, group=group) for each in made for group in alike[each.group])
    written = write_cohorts(
        house.engine,
        slot.cadence_ids,
        edition_id=edition_id,
        slot_at=slot.slot_at,
        since_cut=workshop.since_cut,
        as_read=workshop.as_read,
        cohorts=cohorts,
        now=house.clock.now(),
        fresh=fresh,
        urgent=urgent,
        twice=slot.twice,
        alone=alone,
    )
    return planned_rows(written.rows), written.all_stood


def _compose_part(
    house: Installation, edition_id: int, slot: Slot, workshop: Workshop, groups: list[Group]
) -> list[Cohort]:
    with reading(house.engine) as connection:
        profiles = interests_by_profile(connection, {group.profile_id for group in groups})
        histories = stories_by_history(connection, {group.history_id for group in groups})
    made = workshop.make_all(
        [
            Wanted(
                profiles[group.profile_id],
                histories[group.history_id],
                planning.since_of(group),
                group.locale,
                planning.is_first(group),
            )
            for group in groups
        ]
    )
    with house.engine.begin() as connection:
        pool_id = save_pool(connection, workshop.pool_hash, workshop.pool_spec)
        slot_id = open_slot(connection, edition_id, slot.slot_at, pool_id, house.clock.now())
        origin_id = save_origin(connection, house.origin)
        save_pieces(connection, workshop.take_pieces())
        told = {
            place: (histories[group.history_id] & workshop.alive)
            | {one.article.story_id for one in each.selection.chosen}
            | each.selection.let_go
            for place, (group, each) in enumerate(zip(groups, made, strict=True))
            if each.layout is not None
        }
        after = history_ids(connection, told.values())
        rows = [
            DigestRow(
                slot_id=slot_id,
                pool_id=pool_id,
                profile_id=groups[place].profile_id,
                locale=groups[place].locale,
                history_before=groups[place].history_id,
                history_after=after[stories],
                origin_id=origin_id,
                subject=made[place].subject,
                items=made[place].items,
                layout=made[place].layout or "",
            )
            for place, stories in told.items()
        ]
        ids = iter(save_digests(connection, rows))
    return [
        Cohort(group, next(ids), revisions=frozenset(one.article.revision_id for one in each.selection.chosen))
        if each.layout is not None
        else Cohort(group, None, _reason(each.selection.skip))
        for group, each in zip(groups, made, strict=True)
    ]


def _reason(skip: SkipReason | None) -> str:
    if skip is None:
        raise DigestError("a digest without articles must have a reason")
    return skip.value
