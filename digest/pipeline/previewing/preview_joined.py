"""Preview a joined mail: what would come in one mail with a newsletter, by the code that joins; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, text

from digest.model.newsletter import Newsletter
from digest.model.subscriber import Interests, Joins, SubscriptionState
from digest.pipeline.composing.made import Made
from digest.pipeline.installation import Installation
from digest.pipeline.joining.join_parts import comes_alone
from digest.pipeline.joining.joined_events import ReaderEvents, events_to_come
from digest.pipeline.joining.joined_mail import Joined, Joiner, Seat
from digest.pipeline.previewing.previewed import Preview, with_message
from digest.scheduling.cadence import latest_slot, parse_rule, period_of
from digest.store import parts
from digest.store.newsletters import load_newsletters
from digest.store.planning import CadenceRow, Reader, reader_of
from digest.store.subscriptions import Agreement, agreements_of, joins_of
from digest.store.tables import to_micros


@dataclass(frozen=True, slots=True)
class Beside:
    """What may come in one mail with a reader's newsletter: the parts of it and of others, and events."""

    seats: tuple[Seat, ...]
    interests: dict[int, Interests]
    subscriptions: dict[int, int]
    events: ReaderEvents | None
    newsletters: dict[str, Newsletter]


def what_is_beside(
    connection: Connection, house: Installation, slug: str, reader: Reader, address_key: str, at: datetime
) -> Beside | None:
    """Return what would come with newsletter *slug* at *at*; None for who gets each mail by itself."""
    joins = joins_of(connection, reader.subscriber_id)
    newsletters = load_newsletters(connection)
    rule = parse_rule(reader.rule)
    slot_at = latest_slot(rule, reader.zone, at).slot_at
    if not joins or comes_alone(newsletters[slug], [CadenceRow(0, reader.rule, reader.zone, at)]):
        return None
    waiting = {each.newsletter: each for each in parts.waiting_parts(connection, [reader.subscriber_id])}
    seats: list[Seat] = []
    agreements = {each.newsletter: each for each in agreements_of(connection, reader.subscriber_id)}
    for each in agreements.values():
        own = reader_of(connection, each.newsletter_id, address_key)
        if own is None or each.state is not SubscriptionState.ACTIVE:
            continue
        if comes_alone(newsletters[each.newsletter], [CadenceRow(0, own.rule, own.zone, at)]):
            continue
        seat = _seat(each, own, house, at)
        if each.newsletter in waiting and each.newsletter != slug:
            seat = seat._replace(period=waiting[each.newsletter].period, slot_at=waiting[each.newsletter].slot_at)
        is_due = seat.slot_at == slot_at and not _is_planned(connection, each, seat.period)
        if each.newsletter == slug or (joins & Joins.NEWSLETTERS and (each.newsletter in waiting or is_due)):
            seats.append(seat)
    events = None
    if joins & Joins.EVENTS:
        events = events_to_come(connection, house, newsletters, reader.subscriber_id, max(at, house.clock.now()))
    return Beside(
        tuple(sorted(seats)),
        {each.newsletter_id: each.interests for each in agreements.values()},
        {each.newsletter_id: each.subscription_id for each in agreements.values()},
        events,
        newsletters,
    )


def preview_joined(
    house: Installation,
    found: Preview,
    beside: Beside,
    history: frozenset[int],
    reader: Reader,
    locale: str,
    at: datetime,
) -> Preview | None:
    """Return *found* as the mail that it would be in; None when it would be by itself."""
    joiner = Joiner(house, beside.newsletters)
    courses = joiner.choose(beside.seats, beside.interests, history, locale)
    joined = joiner.join(courses, beside.events.sections if beside.events else ())
    mine = next((each for each in joined.courses if each.seat.newsletter == found.newsletter), None)
    if joined.composed is None or mine is None:
        return None
    return _drawn(house, found, beside, joined, mine.made, reader, at)


def _drawn(
    house: Installation, found: Preview, beside: Beside, joined: Joined, mine: Made, reader: Reader, at: datetime
) -> Preview:
    assert joined.composed is not None
    host = joined.courses[0]
    made = replace(mine, subject=joined.composed.subject, layout=host.workshop.stored(joined.composed))
    streams = [each.newsletter.slug for each in beside.events.streams] if beside.events else []
    names = [each.seat.newsletter for each in joined.courses if each.seat.newsletter != found.newsletter] + streams
    whole = replace(
        found, made=made, selection=replace(found.selection, chosen=mine.selection.chosen), parts=tuple(names)
    )
    sender = replace(reader, subscription_id=beside.subscriptions[host.seat.newsletter_id])
    newsletter = host.workshop.newsletter
    return with_message(house, newsletter, whole, joined.composed.pieces, sender, at, beside.subscriptions)


def _seat(each: Agreement, own: Reader, house: Installation, at: datetime) -> Seat:
    rule = parse_rule(own.rule)
    due = latest_slot(rule, own.zone, at)
    period = period_of(rule.frequency, due)
    # No two of them are of one edition, which may not be there yet.
    return Seat(
        newsletter=each.newsletter,
        newsletter_id=each.newsletter_id,
        edition_id=-each.newsletter_id,
        period=period,
        slot_at=due.slot_at,
        profile_id=each.newsletter_id,
        since=to_micros(own.since),
        is_new=own.is_new,
        asked_at=max(at, house.clock.now()),
    )


def _is_planned(connection: Connection, each: Agreement, period: str) -> bool:
    found = connection.execute(
        text(
            "SELECT 1 FROM deliveries d JOIN editions e ON e.id = d.edition_id"
            " WHERE e.newsletter_id = :n AND e.period = :p AND d.subscriber_id = :u AND d.waits_until IS NULL"
        ),
        {"n": each.newsletter_id, "p": period, "u": each.subscriber_id},
    )
    return found.first() is not None
