"""Preview a stream: the mail that a reader's open window would be now, by the code that closes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from digest.errors import NotFound
from digest.model.digest import Selection, SkipReason
from digest.model.event import Actor, Event, Outcome, Recipient, Thing
from digest.model.newsletter import Newsletter
from digest.model.stream import Stream
from digest.pipeline.composing.made import Made
from digest.pipeline.events.close_windows import EVENTS, gather_events
from digest.pipeline.events.event_bench import EventBench
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.previewed import Preview, no_mail_at_all, with_message
from digest.rendering.i18n import resolve_locale
from digest.scheduling.zones import zone_of
from digest.selection.gathering import Gathered, Member, gather
from digest.store import subscriptions, windows
from digest.store.planning import Reader, reader_of


def preview_events(
    house: Installation,
    connection: Connection,
    newsletter_id: int,
    newsletter: Newsletter,
    address_key: str,
    *,
    at: datetime,
) -> Preview:
    """Return what the window of the reader that closes next would be as a mail; `slot_at` is when it closes.

    Raises NotFound for who does not subscribe to the stream.
    """
    reader = reader_of(connection, newsletter_id, address_key)
    agreement = subscriptions.find_agreement(connection, reader.subscription_id) if reader else None
    if reader is None or agreement is None:
        raise NotFound(
            f"{address_key} does not subscribe to {newsletter.slug}; see: digest subscribers show {address_key}"
        )
    waiting = windows.open_windows_of(connection, newsletter_id, reader.subscriber_id)[:1]
    stored = windows.members(connection, [each.window_id for each in waiting], Outcome.PENDING)
    gathered = gather_events(newsletter, (each for some in stored.values() for each in some), at)
    skip = no_mail_at_all(agreement, house.clock.now()) or (None if gathered.lines else SkipReason.NOTHING_NEW)
    closes_at = waiting[0].closes_at if waiting else at
    found = Preview(
        newsletter.slug, _period(at), closes_at, agreement.address, Selection((), skip=skip), Made(Selection(()))
    )
    if skip is not None:
        return found
    return _made(house, newsletter, found, gathered, reader, agreement.locale, agreement.zone, at)


def preview_sample_events(
    house: Installation, newsletter: Newsletter, reader: Reader, *, at: datetime, locale: str
) -> Preview:
    """Return what a made-up reader would get of made-up events, three of each category."""
    assert newsletter.stream is not None
    members = [Member(number, each) for number, each in enumerate(_samples(newsletter.stream, at), 1)]
    gathered = gather(members, now=at, most=newsletter.limits.max_items)
    found = Preview(newsletter.slug, _period(at), at, reader.address, Selection(()), Made(Selection(())))
    return _made(house, newsletter, found, gathered, reader, locale or newsletter.locale, "UTC", at)


def _made(
    house: Installation,
    newsletter: Newsletter,
    found: Preview,
    gathered: Gathered,
    reader: Reader,
    locale: str,
    zone: str,
    at: datetime,
) -> Preview:
    assert newsletter.stream is not None
    tongue = resolve_locale(locale, newsletter.locale)
    bench = EventBench(house, newsletter, newsletter.stream, found.period, tongue)
    made = bench.make(gathered, at=at, zone=zone_of(newsletter.schedule.zone or zone))
    lines = tuple({"title": each["title"], "count": each["count"]} for each in made.items)
    found = replace(found, made=Made(Selection(()), made.subject, made.layout), lines=lines)
    return with_message(house, newsletter, found, made.pieces, reader, at)


def _samples(stream: Stream, at: datetime) -> Iterator[Event]:
    names = ("Ana", "Ben", "Kim")
    for category in stream.categories or ("",):
        for number, name in enumerate(names):
            thing = Thing(f"sample:{category}", "Tariff truce", "https://www.example.org/tariff-truce")
            said = {"title": "Something happened", "text": "These are the words of an event.", "name": name}
            happened = at - timedelta(minutes=len(names) - number)
            yield Event("", Recipient(), category, Actor(name, name), thing, "", "", False, happened, None, said)


def _period(at: datetime) -> str:
    return f"{at.astimezone(UTC).date()}{EVENTS}"
