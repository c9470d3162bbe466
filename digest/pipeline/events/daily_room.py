"""How many mails a reader still may have on a day: what they had, what they have coming, and what they allow.

Newsletters come at the hour that was promised: those of the day are counted before they are planned, and mail of
events takes the room that is left. What finds none waits for a day with room, but not for ever: where newsletters
fill every day, no cap could be kept without dropping something, so after a week it goes beside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from digest.scheduling.cadence import parse_rule, slots_between
from digest.scheduling.reader_rules import ReaderRules, day_of, has_room, next_day, send_time
from digest.store.reader_rules import Promised, hold_readers, mails_since, promised_to

LONGEST = timedelta(days=7)  #: that a mail waits for newsletters to leave room
_PLANNED_BY = timedelta(minutes=5)  # after a slot: then it is known whether there was anything to send
_MANY = 50  # slots of one newsletter on a day


class DailyRoom:
    """The days of readers with a cap, while mails are planned that others may not plan beside us."""

    def __init__(self, connection: Connection, rules: Mapping[int, ReaderRules], at: datetime) -> None:
        self._rules = {number: each for number, each in rules.items() if each.daily_cap}
        hold_readers(connection, self._rules)
        since = at - timedelta(days=2)
        self._newsletters, self._streams = mails_since(connection, self._rules, since) if self._rules else ({}, {})
        self._promised: defaultdict[int, list[Promised]] = defaultdict(list)
        for each in promised_to(connection, self._rules):
            self._promised[each.subscriber_id].append(each)

    def full_until(self, subscriber_id: int, goes: datetime, zone: str, *, waits_since: datetime) -> datetime | None:
        """Return until when a mail that would go at *goes* has to wait; None when it may go."""
        rules = self._rules.get(subscriber_id)
        if rules is None:
            return None
        streams, newsletters = self._streams.get(subscriber_id, ()), self._newsletters.get(subscriber_id, ())
        coming = self._coming(subscriber_id, *day_of(goes, zone))
        counted = [*streams] if goes - waits_since >= LONGEST else [*streams, *newsletters, *coming]
        if has_room(rules, counted, goes, zone):
            return None
        # A newsletter that turns out to have nothing new leaves its place on the same day.
        after = max(coming, default=goes) + _PLANNED_BY
        may_go_today = has_room(rules, [*streams, *newsletters], goes, zone) and goes < after < next_day(goes, zone)
        return send_time(after if may_go_today else next_day(goes, zone), rules, zone)

    def take(self, subscriber_id: int, goes: datetime) -> None:
        """Count a mail of events that goes at *goes*."""
        if subscriber_id in self._rules:
            self._streams.setdefault(subscriber_id, []).append(goes)

    def _coming(self, subscriber_id: int, begins: datetime, ends: datetime) -> Sequence[datetime]:
        """Return the slots of newsletters from *begins* to *ends* that are not planned yet."""
        return [
            due.slot_at
            for each in self._promised.get(subscriber_id, ())
            for due in slots_between(parse_rule(each.rule), each.zone, max(begins, each.next_slot_at), ends, most=_MANY)
        ]
