"""Which slots are to be planned, and for whom: pure, of the cadences of a newsletter and the time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from digest.model.newsletter import Newsletter
from digest.scheduling.cadence import half_period, latest_slot, parse_rule, period_of, slot_for_today, slots_between
from digest.store.planning import CadenceRow, Twice

_PASSED_AT_MOST = 31  # slots of a cadence that are logged after a long time without planning


class Who(StrEnum):
    """Whom a planning is for."""

    DUE = "due"  #: the tick: cadences whose next slot has come
    RESTORED = "restored"  #: after a backup was put back: what a tick would plan, however late it is
    LATEST = "latest"  #: `digest send`: everybody's latest slot, served or not
    EVERYONE = "everyone"  #: `digest send --everyone`: today's edition, whatever the hour


@dataclass(frozen=True, slots=True)
class Slot:
    """One instant at which readers of an edition are due, the local date there, and their cadences.

    *twice*: only those readers, who live a local date again because they moved.
    """

    period: str
    slot_at: datetime
    cadence_ids: tuple[int, ...]
    late: bool = False
    day: date | None = None
    twice: Twice | None = None


def slots_passed(rows: Iterable[CadenceRow], at: datetime) -> list[Slot]:
    """Return the slots that came while nobody planned, earliest first, without each cadence's latest.

    That one stands for all of them: a reader gets one mail, not one for each. Of a cadence the latest 31 count.
    """
    together: defaultdict[tuple[datetime, str], list[int]] = defaultdict(list)
    for row in rows:
        rule = parse_rule(row.rule)
        until = latest_slot(rule, row.zone, at).slot_at
        for due in slots_between(rule, row.zone, row.next_slot_at, until, most=_PASSED_AT_MOST):
            together[due.slot_at, period_of(rule.frequency, due)].append(row.cadence_id)
    return [Slot(period, slot_at, tuple(ids)) for (slot_at, period), ids in sorted(together.items())]


def slots_of(newsletter: Newsletter, rows: Iterable[CadenceRow], at: datetime, who: Who) -> list[Slot]:
    """Return the slots to plan, earliest first: cadences with the same edition, instant and date are one slot.

    One is late when it lies back for longer than the newsletter's `max_late`, or half its period.
    """
    together: defaultdict[tuple[datetime, str, date, bool], list[int]] = defaultdict(list)
    for row in rows:
        rule = parse_rule(row.rule)
        due = slot_for_today(rule, row.zone, at) if who is Who.EVERYONE else latest_slot(rule, row.zone, at)
        late = who is Who.DUE and at - due.slot_at > (newsletter.max_late or half_period(rule, row.zone, due.slot_at))
        together[due.slot_at, period_of(rule.frequency, due), due.local_date, late].append(row.cadence_id)
    return [
        Slot(period, slot_at, tuple(ids), late, day) for (slot_at, period, day, late), ids in sorted(together.items())
    ]
