"""Approve: an editor's word for what an edition may draw from; and how it is withdrawn, or comes too late.

What is approved is the pool, by its hash: readers may still change their interests, for a digest is a function of
pool, profile and history. Two at once, or a change just then: one word counts, and never for what nobody saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.log import get_logger
from digest.model.approval import Approval
from digest.model.newsletter import ApprovalRule, Newsletter
from digest.pipeline.composing.compose import open_workshop
from digest.pipeline.composing.edition_cut import cut_for
from digest.pipeline.editing.write_note import find_or_begin
from digest.pipeline.installation import Installation
from digest.pipeline.planning.clean_lint import errors_of, require_clean
from digest.rendering.lint.finding import Finding
from digest.scheduling.cadence import Rule, half_period, latest_slot, next_slot, period_of
from digest.scheduling.cut_off import Cut
from digest.store import approvals
from digest.store.audit import record
from digest.store.digests import save_pool
from digest.store.editions import Edition, count_waiting, find_edition, is_begun
from digest.store.engine import reading
from digest.store.jobs import ask_for_workers
from digest.store.newsletters import load_newsletter, newsletter_ids
from digest.store.standing import make_edition
from digest.store.tables import from_micros, to_micros

_TRIES = 5  # who changes something at each of five tries is at work on it
_FIRST_ZONE = "Pacific/Kiritimati"  # where each day begins
_OVER_AFTER = timedelta(days=40)  # an edition for which nobody was ever due; the readers of a month are apart by less
_HALF_WEEK, _HALF_MONTH = timedelta(days=3.5), timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an edition stands with its approval: what may be approved now, by whom not, and what was.

    `pool_hash` is of the pool as it is now, "" before the cut-off at `cut_off`.
    """

    edition: Edition
    rule: ApprovalRule
    cut_off: datetime
    pool_hash: str
    last_hand: str
    approvals: tuple[Approval, ...]

    @property
    def approval(self) -> Approval | None:
        """The approval that stands."""
        return next((each for each in self.approvals if each.stands), None)


def standing_of(house: Installation, name: str, *, pool: bool = True) -> Standing:
    """Return how the edition *name* stands; without *pool* its hash is left out. Raises NotFound."""
    with reading(house.engine) as connection:
        edition = find_edition(connection, name)
        _, newsletter = load_newsletter(connection, edition.newsletter)
        cut = _cut(newsletter, edition.period, house.clock.now())
        asked = approvals.asked_of(connection, edition.edition_id)
        found = Standing(
            edition,
            asked.rule,
            cut.off,
            "",
            approvals.last_hand(connection, edition.edition_id, _window(newsletter, cut)),
            tuple(approvals.approvals_of(connection, edition.edition_id)),
        )
    if not (pool and asked.rule) or house.clock.now() < cut.off:
        return found
    return replace(found, pool_hash=_pool(house, newsletter, edition.period, cut)[0])


def approve_edition(house: Installation, name: str, *, by: str, expected: str = "") -> Standing:
    """Approve the edition *name* ("daily/2026-11-24") as it is now, on the word of *by*; it goes out at its hours.

    *expected* is the hash of the pool that was looked at. Mails for which it comes too late by `max_late` are skipped,
    and so recorded. Raises NotFound, or BadInput when it needs none, has one, is not complete yet, is not what
    was *expected*, must not be approved by *by*, or has lint errors where the newsletter wants none.
    """
    for _ in range(_TRIES):
        with house.engine.begin() as connection:
            edition_id, newsletter, period = find_or_begin(connection, house, name)
            cut = _cut(newsletter, period, house.clock.now())
            asked = approvals.asked_of(connection, edition_id)
            _require_need(connection, edition_id, asked, f"{newsletter.slug}/{period}")
            _require_complete(house, newsletter, period, cut)
            if asked.rule is ApprovalRule.TWO:
                _require_second(approvals.last_hand(connection, edition_id, _window(newsletter, cut)), by)
        found, spec = _pool(house, newsletter, period, cut)
        if expected and expected != found:
            raise BadInput(f"{newsletter.slug}/{period} is not what was looked at: something changed since; look again")
        if newsletter.require_clean_lint:
            require_clean(house, newsletter, period, cut)
        if _approve(house, edition_id, newsletter, (found, spec), cut, changes=asked.changes, by=by):
            return standing_of(house, str(edition_id), pool=False)
    raise BadInput(f"{name} is being changed just now; look at it again, then approve it")


def errors_in(house: Installation, found: Standing) -> list[Finding]:
    """Return the errors for which an edition cannot be approved; none where its newsletter does not ask for that."""
    with reading(house.engine) as connection:
        _, newsletter = load_newsletter(connection, found.edition.newsletter)
    if not newsletter.require_clean_lint:
        return []
    now = house.clock.now()
    return errors_of(house, newsletter, found.edition.period, _cut(newsletter, found.edition.period, now), now=now)


def withdraw_approval(house: Installation, name: str, *, by: str) -> Standing:
    """Take the approval of the edition *name* back; what has not left waits. Raises NotFound or BadInput."""
    with house.engine.begin() as connection:
        edition = find_edition(connection, name)
        if edition.state in ("finished", "cancelled"):
            raise BadInput(f"{edition.name} is {edition.state}: nothing of it waits any more")
        withdrawn = approvals.withdraw(
            connection, edition.edition_id, "taken back by hand", by=by, now=house.clock.now()
        )
        if withdrawn is None:
            raise BadInput(f"{edition.name} is not approved; there is nothing to take back")
        record(connection, by, "withdraw approval", edition.name, now=house.clock.now())
    return standing_of(house, str(edition.edition_id), pool=False)


def hold_to_approval(house: Installation, edition_id: int, pool_hash: str) -> None:
    """Take an edition's approval back when its pool is not the one that was approved any more, whoever changed it."""
    with reading(house.engine) as connection:
        approved = approvals.asked_of(connection, edition_id).approved
    if approved in ("", pool_hash):
        return
    why = "what it may draw from, or its template, is not what was approved"
    with house.engine.begin() as connection:
        if approvals.asked_of(connection, edition_id).approved != approved:
            return
        approvals.withdraw(connection, edition_id, why, now=house.clock.now())


def attend(house: Installation, asking: Sequence[Newsletter]) -> int:
    """Look after the newsletters that ask for approvals; return how many mails were skipped for want of one.

    Their next editions are begun once they are complete, for all to see; what is later than `max_late` waits no more.
    """
    if not asking:
        return 0
    _begin_complete(house, asking)
    with reading(house.engine) as connection:
        waiting = approvals.awaiting(connection)
    done = 0
    for edition_id, slug, period in waiting:
        with house.engine.begin() as connection:
            _, newsletter = load_newsletter(connection, slug)
            done += _lapse(connection, newsletter, edition_id, period, house.clock.now())
            if house.clock.now() - _cut(newsletter, period, house.clock.now()).off > _OVER_AFTER:
                approvals.end_empty(connection, edition_id)
    return done


def _begin_complete(house: Installation, asking: Sequence[Newsletter]) -> None:
    now = house.clock.now()
    nexts = [(each, _next_period(each, now)) for each in asking]
    with reading(house.engine) as connection:
        missing = [
            (each.slug, period)
            for each, period in nexts
            if _cut(each, period, now).off <= now and not is_begun(connection, each.slug, period)
        ]
    for slug, period in missing:
        with house.engine.begin() as connection:
            make_edition(connection, newsletter_ids(connection)[slug], period, to_micros(now))


def _next_period(newsletter: Newsletter, now: datetime) -> str:
    schedule = newsletter.schedule
    rule, zone = Rule(schedule.frequency, schedule.at, schedule.quiet), schedule.zone or _FIRST_ZONE
    return period_of(rule.frequency, latest_slot(rule, zone, next_slot(rule, zone, now)))


def _approve(
    house: Installation,
    edition_id: int,
    newsletter: Newsletter,
    pool: tuple[str, str],
    cut: Cut,
    *,
    changes: int,
    by: str,
) -> bool:
    now = house.clock.now()
    with house.engine.begin() as connection:
        edition = find_edition(connection, str(edition_id))
        pool_id = save_pool(connection, *pool)
        window = _window(newsletter, cut)
        if not approvals.approve(
            connection,
            edition_id,
            (pool_id, pool[0]),
            window,
            changes=changes,
            by=by,
            now=now,
            urgent=newsletter.urgent,
        ):
            return False
        _lapse(connection, newsletter, edition_id, edition.period, now)
        record(connection, by, "approve", edition.name, now=now, after={"pool": pool[0]})
        ask_for_workers(connection, edition_id, count_waiting(connection, edition))
    get_logger().info("edition_approved", edition=edition.name, by=by, pool=pool[0][:12])
    return True


def _lapse(connection: Connection, newsletter: Newsletter, edition_id: int, period: str, now: datetime) -> int:
    cut = _cut(newsletter, period, now)
    return sum(
        approvals.lapse(connection, edition_id, slot_at, now)
        for slot_at, planned_at in approvals.slots_of(connection, edition_id)
        if now - max(from_micros(slot_at), from_micros(planned_at), cut.off)
        > _max_late(newsletter, period, from_micros(slot_at))
    )


def _max_late(newsletter: Newsletter, period: str, slot_at: datetime) -> timedelta:
    if newsletter.max_late is not None:
        return newsletter.max_late
    if "-W" in period:
        return _HALF_WEEK
    if len(period) == len("2026-11"):
        return _HALF_MONTH
    schedule = newsletter.schedule
    return half_period(Rule(schedule.frequency, schedule.at, schedule.quiet), schedule.zone or "UTC", slot_at)


def _cut(newsletter: Newsletter, period: str, now: datetime) -> Cut:
    at = datetime.fromisoformat(period) if "T" in period else now
    return cut_for(newsletter, period, at)


def _window(newsletter: Newsletter, cut: Cut) -> tuple[datetime, datetime]:
    return cut.off - newsletter.expires_after, cut.off


def _pool(house: Installation, newsletter: Newsletter, period: str, cut: Cut) -> tuple[str, str]:
    workshop = open_workshop(house, newsletter, cut, period)
    return workshop.pool_hash, workshop.pool_spec


def _require_need(connection: Connection, edition_id: int, asked: approvals.Asked, name: str) -> None:
    if not asked.rule:
        raise BadInput(f"{name} needs no approval: its newsletter does not say approval = true")
    if asked.approved:
        word = next(each for each in approvals.approvals_of(connection, edition_id) if each.stands)
        raise BadInput(f"{name} was approved already, by {word.by} at {word.at:%Y-%m-%d %H:%M} UTC")


def _require_complete(house: Installation, newsletter: Newsletter, period: str, cut: Cut) -> None:
    if newsletter.cut_off.at is None:
        raise BadInput(f"{newsletter.slug} has no fixed cut-off any more; write cut_off.at, and apply the file")
    if house.clock.now() < cut.off:
        name, cut_off = f"{newsletter.slug}/{period}", f"{cut.off:%Y-%m-%d %H:%M} UTC"
        raise BadInput(f"{name} is complete at {cut_off}, its cut-off; approve it after that")


def _require_second(last: str, by: str) -> None:
    if last and last.strip().casefold() == by.strip().casefold():
        raise BadInput(
            f"{by} was the last to write or decide something for this edition; somebody else must approve it"
        )
