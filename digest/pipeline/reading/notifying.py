"""What a reader chooses about events: how each stream comes, and what holds for all of them.

The BadInput sentences are for readers: each stands in the catalogues of the pages.
"""

from __future__ import annotations

from collections.abc import Collection

from digest.errors import BadInput
from digest.model.frequency import EVERY_DAY, Quiet
from digest.model.stream import Way
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.frequencies import read_local_time
from digest.pipeline.reading.subscribe import Choices, hour_of, require_hour
from digest.scheduling.cadence import DAY_NAMES, next_slot, parse_rule
from digest.scheduling.reader_rules import ReaderRules
from digest.scheduling.zones import zone_of
from digest.store import subscriptions
from digest.store.cadences import cadence_for, cadence_ids
from digest.store.engine import reading
from digest.store.reader_rules import rules_of, save_rules
from digest.store.windows import newsletter_cadences

MOST_A_DAY = 100
_DAILY = ",".join(DAY_NAMES)
_OFTEN = {Way.DAILY: _DAILY, Way.NEWSLETTER: _DAILY, Way.WEEKLY: DAY_NAMES[0]}


def choose_way(house: Installation, choices: Choices, way: str, send_at: str) -> None:
    """Let a stream come in this *way*, of daily and weekly at the local hour *send_at* ("HH:MM"); raises BadInput.

    With the newsletter it is the hour of the one that comes next, also on days on which that does not come. A window
    that is open keeps the policy it has.
    """
    if way not in {*Way}:
        raise BadInput("Choose how these messages shall come.")
    require_hour(send_at)
    often = _OFTEN.get(Way(way), "")
    hour = choices.agreement.send_at if send_at == hour_of(choices) else send_at
    if way == Way.NEWSLETTER:
        hour = _newsletters_hour(house, choices) or hour
    cadence = cadence_for(choices.newsletter, choices.agreement.zone, hour, often)
    now, newsletter_id = house.clock.now(), choices.agreement.newsletter_id
    with house.engine.begin() as connection:
        cadence_id = cadence_ids(connection, newsletter_id, [cadence], now)[cadence]
        subscriptions.set_way(
            connection, choices.agreement, way=way, cadence_id=cadence_id, send_at=hour, frequency=often, now=now
        )


def _newsletters_hour(house: Installation, choices: Choices) -> str:
    """Return the hour, by the stream's clock, of the newsletter that comes to the reader next; "" without any."""
    reader, now = choices.agreement.subscriber_id, house.clock.now()
    with reading(house.engine) as connection:
        cadences = newsletter_cadences(connection, [reader]).get(reader, ())
    slots = [next_slot(parse_rule(rule), zone, now) for rule, zone in cadences]
    own = zone_of(choices.newsletter.schedule.zone or choices.agreement.zone)
    return f"{min(slots).astimezone(own):%H:%M}" if slots else ""


def rules_for(house: Installation, reader: int) -> ReaderRules:
    """Return what holds for all events to a reader."""
    with reading(house.engine) as connection:
        return rules_of(connection, [reader]).get(reader, ReaderRules())


def choose_rules(house: Installation, reader: int, *, start: str, end: str, days: Collection[str], cap: str) -> None:
    """Set quiet hours (both "" for none), quiet days ("mon") and how many mails a day ("" for any number).

    What is critical comes all the same. Raises BadInput.
    """
    rules = ReaderRules(_quiet(start, end), _days(days), _cap(cap))
    with house.engine.begin() as connection:
        save_rules(connection, reader, rules)


def _quiet(start: str, end: str) -> Quiet | None:
    if not start and not end:
        return None
    try:
        quiet = Quiet(read_local_time(start), read_local_time(end))
    except ValueError:
        raise BadInput("Quiet hours need a time at which they begin and another at which they end.") from None
    if quiet.start == quiet.end:
        raise BadInput("Quiet hours need a time at which they begin and another at which they end.")
    return quiet


def _days(days: Collection[str]) -> tuple[int, ...]:
    if set(days) - {*DAY_NAMES}:
        raise BadInput("Choose days of the week.")
    if len(set(days)) == len(EVERY_DAY):
        raise BadInput("At least one day must not be quiet.")
    return tuple(sorted(DAY_NAMES.index(day) for day in set(days)))


def _cap(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_A_DAY):
        raise BadInput("Write how many mails a day, from 1 to 100, or nothing for any number.")
    return int(text)
