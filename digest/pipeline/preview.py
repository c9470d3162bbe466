"""Preview: exactly what a reader would be sent at a moment, by the code that sends; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from digest.errors import NotFound
from digest.model.digest import Choice, Selection, SkipReason, Why
from digest.model.newsletter import Newsletter
from digest.model.note import NoteKind
from digest.model.subscriber import EndedReason, Interests, SubscriptionState
from digest.pipeline.addresses import read_address
from digest.pipeline.compose import Made, Wanted, Workshop, open_workshop
from digest.pipeline.edition_cut import cut_for
from digest.pipeline.installation import Installation
from digest.pipeline.links import Links
from digest.pipeline.messages import Sheet, envelope_of, read_stored, values_of
from digest.rendering.splice import Splicer
from digest.scheduling.cadence import Due, Rule, latest_slot, parse_rule, period_of
from digest.scheduling.cut_off import Cut
from digest.store import subscriptions
from digest.store.articles import list_articles
from digest.store.dispatching import Claim
from digest.store.engine import reading
from digest.store.histories import stories_of
from digest.store.newsletters import load_newsletter
from digest.store.planning import Reader, reader_of
from digest.store.subscriptions import Agreement

_EXPLAINED = timedelta(days=60)  # for articles collected so long ago a preview says why they are left out
_EXPLAINED_AT_MOST = 2_000
_EVERYTHING = Interests()
_SAMPLE = Reader(0, 0, "sample.reader@example.org", "Sample Reader", 0, datetime.min.replace(tzinfo=UTC), "", "")


@dataclass(frozen=True, slots=True)
class Preview:
    """A message that was not sent, or the reason why there would be none; and why each article is in or out."""

    newsletter: str
    period: str
    slot_at: datetime
    address: str
    selection: Selection
    made: Made
    html: str = ""
    text: str = ""
    raw: bytes = b""
    announcement: str = ""
    note: str = ""
    drawn: tuple[Claim, Sheet] | None = None  #: what the message was made of, to make it for somebody else

    def as_json(self) -> dict[str, Any]:
        """Return everything but the message: times in ISO 8601, articles with score and reasons."""
        return {
            "newsletter": self.newsletter,
            "edition": f"{self.newsletter}/{self.period}",
            "slot_at": self.slot_at.isoformat(),
            "address": self.address,
            "skip": self.selection.skip.value if self.selection.skip else None,
            "subject": self.made.subject,
            "announcement": self.announcement or None,
            "note": self.note or None,
            "html_bytes": len(self.html.encode()),
            "articles": [
                {**_facts(choice), "reason": choice.ground.value, "why": item["why"], "disclaimer": item["disclaimer"]}
                for choice, item in zip(self.made.selection.chosen, self.made.items, strict=True)
            ],
            "left_out": [
                {
                    "article_id": each.article.article_id,
                    "title": each.article.article.title,
                    "reason": each.reason.value,
                    "score": each.score,
                    "matches": _matches(each.why),
                }
                for each in self.selection.rejected
            ],
        }


def preview(house: Installation, slug: str, address: str, *, at: datetime) -> Preview:
    """Return what *address* would get from newsletter *slug* at the moment *at*.

    A reader who left, or is on a break now, would get nothing whatever there is: the preview has the reason and
    no message. Every article of the last 60 days (the latest 2,000) that is left out has its reason.

    Raises NotFound for an unknown newsletter, or an address that does not subscribe to it.
    """
    key = read_address(address).key
    with reading(house.engine) as connection:
        newsletter_id, newsletter = load_newsletter(connection, slug)
        reader = reader_of(connection, newsletter_id, key)
        if reader is None:
            raise NotFound(f"{address} does not subscribe to {slug}; see: digest subscribers show {address}")
        history = stories_of(connection, reader.history_id)
        agreement = subscriptions.find_agreement(connection, reader.subscription_id)
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
    skip = _no_mail_at_all(agreement, house.clock.now())
    if skip:
        selection = replace(selection, chosen=(), skip=skip)
        made = Made(selection)
    found = Preview(slug, period, due.slot_at, agreement.address, selection, made)
    return _with_message(house, newsletter, found, workshop, reader, at) if made.layout else found


def preview_sample(
    house: Installation, slug: str, *, at: datetime, locale: str = "", interests: Interests = _EVERYTHING
) -> Preview:
    """Return what a made-up reader, to whom nothing was shown yet, would get of *slug* at *at*.

    *locale* "" is the newsletter's own. Raises NotFound for an unknown newsletter.
    """
    return preview_in(house, open_sample(house, slug, at=at), interests, locale, at=at)


@dataclass(frozen=True, slots=True)
class Opened:
    """The workshop of one slot, for several previews out of one pool."""

    newsletter: Newsletter
    period: str
    slot_at: datetime
    workshop: Workshop


def open_sample(house: Installation, slug: str, *, at: datetime) -> Opened:
    """Return the workshop of the newsletter's own slot that is the latest at *at*; raises NotFound."""
    with reading(house.engine) as connection:
        _, newsletter = load_newsletter(connection, slug)
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
    found = Preview(opened.newsletter.slug, opened.period, opened.slot_at, _SAMPLE.address, selection, made)
    if not made.layout:
        return found
    return _with_message(house, opened.newsletter, found, opened.workshop, _SAMPLE, at)


def _cut(house: Installation, newsletter: Newsletter, period: str, due: Due, at: datetime) -> Cut:
    asked_at = max(at, house.clock.now())
    return cut_for(newsletter, period, due.slot_at, day=due.local_date, asked_at=asked_at)


def _no_mail_at_all(agreement: Agreement, now: datetime) -> SkipReason | None:
    """Return why planning passes this reader by, None when it does not; who has not confirmed is no reader yet."""
    match agreement.state:
        case SubscriptionState.ACTIVE:
            return None
        case SubscriptionState.PAUSED:
            over = agreement.paused_until is not None and agreement.paused_until <= now
            return None if over else SkipReason.PAUSED
    return SkipReason.SUPPRESSED if agreement.ended_reason == EndedReason.SUPPRESSED else SkipReason.UNSUBSCRIBED


def _with_message(
    house: Installation, newsletter: Newsletter, found: Preview, workshop: Workshop, reader: Reader, at: datetime
) -> Preview:
    assert found.made.layout is not None
    layout, headers, sender = read_stored(found.made.layout)
    splicer = Splicer(layout, workshop.pieces_of(layout.hashes), headers)
    sheet = Sheet(splicer, Links(house.base_url, house.tokens), sender, newsletter.slug, found.period)
    claim = Claim(
        delivery_id=0,
        token=0,
        attempt_no=1,
        digest_id=0,
        edition_id=0,
        subscriber_id=reader.subscriber_id,
        subscription_id=reader.subscription_id,
        plan_no=1,
        doubt_count=0,
        address=reader.address,
        name=reader.name,
        newsletter=newsletter.slug,
        worker="preview",
        dated_at=at,
    )
    values = values_of(claim, sheet)
    return replace(
        found,
        html=splicer.html(values),
        text=splicer.text(values),
        raw=envelope_of(house, claim, sheet).content,
        announcement=workshop.says(NoteKind.ANNOUNCEMENT),
        note=workshop.says(NoteKind.NOTE),
        drawn=(claim, sheet),
    )


def _facts(choice: Choice) -> dict[str, Any]:
    return {
        "article_id": choice.article.article_id,
        "title": choice.article.article.title,
        "score": choice.score,
        "ground": choice.ground.value,
        "matches": _matches(choice.why),
    }


def _matches(reasons: Sequence[Why]) -> list[dict[str, Any]]:
    return [
        {
            "topic": why.topic,
            "words": list(why.words),
            "fields": list(why.fields),
            "score": why.score,
            "through": why.through,
        }
        for why in reasons
    ]
