"""A reader's clock was set to another zone: no day twice, none left out without a line in the log.

The next slot goes by the new clock. One that comes sooner than half a period after the last mail is skipped. A local
date that the new clock had behind it, and the old one still before it, is skipped too. A local date that the reader
lives twice has two slots: the second one, half a period later or more, is an edition named by its instant.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from digest.model.digest import SkipReason
from digest.scheduling.cadence import Rule, half_period, parse_rule, period_of, slots_between
from digest.store import moved, planning
from digest.store.planning import CadenceRow, Twice

_JUST_AFTER = timedelta(microseconds=1)
_DATES_AT_MOST = 3  # that a change of zone can leave out: two clocks are at most 26 hours apart


def skip_for_movers(
    connection: Connection,
    newsletter_id: int,
    edition_id: int,
    slot_at: datetime,
    cadences: Mapping[int, CadenceRow],
    now: datetime,
) -> Counter[str]:
    """Log what readers in scope do not get because they moved; return the rows written, by reason."""
    written: Counter[str] = Counter()
    for who in moved.movers(connection, slot_at):
        row = cadences[who.cadence_id]
        rule = parse_rule(row.rule)
        half = half_period(rule, row.zone, slot_at)
        for at, period in _left_out(rule, row.zone, who, slot_at, half):
            passed, state = planning.edition_passed(connection, newsletter_id, period, now)
            if state not in ("paused", "cancelled"):
                written[SkipReason.ZONE_CHANGED] += moved.skip_movers(
                    connection, passed, who, at=at, slot_at=slot_at, now=now
                )
        if slot_at - who.last_at < half:
            written[SkipReason.ZONE_CHANGED] += moved.skip_movers(
                connection, edition_id, who, at=slot_at, slot_at=slot_at, now=now
            )
    return +written


def _left_out(
    rule: Rule, zone: str, who: moved.Movers, slot_at: datetime, half: timedelta
) -> Iterator[tuple[datetime, str]]:
    """Give slots of the new clock that were past when the reader got it, and their editions."""
    since = max(who.last_at + _JUST_AFTER, who.moved_at - 2 * half)
    for due in slots_between(rule, zone, since, min(slot_at, who.moved_at), most=_DATES_AT_MOST):
        yield due.slot_at, period_of(rule.frequency, due)


def second_slots(edition_id: int, slot_at: datetime, cadences: Iterable[CadenceRow]) -> dict[Twice, tuple[int, ...]]:
    """Return the cadences of a slot by the latest earlier slot of the same edition after which it is a second one."""
    together: defaultdict[Twice, list[int]] = defaultdict(list)
    for row in cadences:
        rule = parse_rule(row.rule)
        if not rule.frequency.hours:
            early = slot_at - half_period(rule, row.zone, slot_at)
            together[Twice(edition_id, early)].append(row.cadence_id)
    return {twice: tuple(ids) for twice, ids in together.items()}
