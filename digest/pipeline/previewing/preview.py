"""Preview: exactly what a reader would be sent at a moment, by the code that sends; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from digest.errors import BadInput, NotFound
from digest.model.newsletter import Newsletter
from digest.model.note import NoteKind
from digest.model.subscriber import Interests
from digest.pipeline.addresses import read_address
from digest.pipeline.composing.compose import Workshop, open_workshop
from digest.pipeline.composing.edition_cut import cut_for
from digest.pipeline.composing.made import Made, Wanted
from digest.pipeline.delivering.messages import read_stored
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.preview_events import preview_events, preview_sample_events
from digest.pipeline.previewing.preview_joined import preview_joined, what_is_beside
from digest.pipeline.previewing.previewed import SAMPLE, Preview, no_mail_at_all, with_message
from digest.scheduling.cadence import Due, Rule, latest_slot, parse_rule, period_of
from digest.scheduling.cut_off import Cut
from digest.store import subscriptions
from digest.store.articles import list_articles
from digest.store.engine import reading
from digest.store.histories import stories_of
from digest.store.newsletters import load_newsletter
from digest.store.planning import Reader, reader_of

_EXPLAINED = timedelta(days=60)  # for articles collected so long ago a preview says why they are left out
_EXPLAINED_AT_MOST = 2_000
_EVERYTHING = Interests()


def preview(house: Installation, slug: str, address: str, *, at: datetime) -> Preview:
    """Return what *address* would get from newsletter *slug* at the moment *at*.

    A reader who left, or is on a break now, would get nothing whatever there is: the preview has the reason and
    no message. Of who wants newsletters together it is the mail with all that would come with it. Every article of
    the last 60 days (the latest 2,000) that is left out has its reason.

    Raises NotFound for an unknown newsletter, or an address that does not subscribe to it.
    """
    key = read_address(address).key
    with reading(house.engine) as connection:
        newsletter_id, newsletter = load_newsletter(connection, slug)
        if newsletter.stream is not None:
            return preview_events(house, connection, newsletter_id, newsletter, key, at=at)
        reader = reader_of(connection, newsletter_id, key)
        if reader is None:
            raise NotFound(f"{address} does not subscribe to {slug}; see: digest subscribers show {address}")
        history = stories_of(connection, reader.history_id)
        agreement = subscriptions.find_agreement(connection, reader.subscription_id)
        beside = what_is_beside(connection, house, slug, reader, key, at)
        oldest = house.clock.now() - _EXPLAINED
        latest = list_articles(connection, limit=_EXPLAINED_AT_MOST)
        archive = list(takewhile(lambda each: each.collected_at >= oldest, latest))
    assert agreement is not None
    rule = parse_rule(reader.rule)
    due = latest_slot(rule, reader.zone, at)
    period = period_of(rule.frequency, due)
    workshop = open_workshop(house, newsletter, _cut(house, newsletter, period, due, at), period, day=due.local_date)
    wanted = Wanted(
        agreement.interests, history, reader.since, agreement.locale, first=newsletter.welcome and reader.is_new
    )
    made, selection = workshop.make(wanted), workshop.explain(wanted, archive)
    skip = no_mail_at_all(agreement, house.clock.now())
    if skip:
        selection = replace(selection, chosen=(), skip=skip)
        made = Made(selection)
    found = Preview(slug, period, due.slot_at, agreement.address, selection, made)
    if made.layout and beside is not None:
        joined = preview_joined(house, found, beside, history, reader, agreement.locale, at)
        if joined is not None:
            return _with_words(joined, workshop)
    return _with_message(house, newsletter, found, workshop, reader, at) if made.layout else found


def preview_sample(
    house: Installation, slug: str, *, at: datetime, locale: str = "", interests: Interests = _EVERYTHING
) -> Preview:
    """Return what a made-up reader, to whom nothing was shown yet, would get of *slug* at *at*.

    *locale* "" is the newsletter's own; a stream's events have no *interests*. Raises NotFound for an unknown
    newsletter.
    """
    with reading(house.engine) as connection:
        _, newsletter = load_newsletter(connection, slug)
    if newsletter.stream is not None:
        return preview_sample_events(house, newsletter, SAMPLE, at=at, locale=locale)
    return preview_in(house, open_sample(house, slug, at=at), interests, locale, at=at)


@dataclass(frozen=True, slots=True)
class Opened:
    """The workshop of one slot, for several previews out of one pool."""

    newsletter: Newsletter
    period: str
    slot_at: datetime
    workshop: Workshop


def open_sample(house: Installation, slug: str, *, at: datetime) -> Opened:
    """Return the workshop of the newsletter's own slot that is the latest at *at*; raises NotFound, BadInput."""
    with reading(house.engine) as connection:
        _, newsletter = load_newsletter(connection, slug)
    if newsletter.stream is not None:
        raise BadInput(f"{slug} is a stream of events, which are not chosen by interests")
    schedule = newsletter.schedule
    rule = Rule(schedule.frequency, schedule.at, schedule.quiet)
    due = latest_slot(rule, schedule.zone or "UTC", at)
    period = period_of(rule.frequency, due)
    cut = _cut(house, newsletter, period, due, at)
    return Opened(newsletter, period, due.slot_at, open_workshop(house, newsletter, cut, period, day=due.local_date))


def preview_in(house: Installation, opened: Opened, interests: Interests, locale: str, *, at: datetime) -> Preview:
    """Return what a made-up reader with *interests* would get, with all that was left out as for any reader."""
    wanted = Wanted(interests, frozenset(), None, locale or opened.newsletter.locale)
    made, selection = opened.workshop.make(wanted), opened.workshop.explain(wanted, [])
    found = Preview(opened.newsletter.slug, opened.period, opened.slot_at, SAMPLE.address, selection, made)
    if not made.layout:
        return found
    return _with_message(house, opened.newsletter, found, opened.workshop, SAMPLE, at)


def _cut(house: Installation, newsletter: Newsletter, period: str, due: Due, at: datetime) -> Cut:
    asked_at = max(at, house.clock.now())
    return cut_for(newsletter, period, due.slot_at, day=due.local_date, asked_at=asked_at)


def _with_message(
    house: Installation, newsletter: Newsletter, found: Preview, workshop: Workshop, reader: Reader, at: datetime
) -> Preview:
    assert found.made.layout is not None
    layout, _, _ = read_stored(found.made.layout)
    drawn = with_message(house, newsletter, found, workshop.pieces_of(layout.hashes), reader, at)
    return _with_words(drawn, workshop)


def _with_words(found: Preview, workshop: Workshop) -> Preview:
    """Return *found* with what the editors say in the edition."""
    return replace(
        found,
        announcement=workshop.says(NoteKind.ANNOUNCEMENT),
        note=workshop.says(NoteKind.NOTE),
    )
