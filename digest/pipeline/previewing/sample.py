"""Samples: what would be sent next for the interests just chosen, as a page shows it; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from digest.enrichment.summary import summarise
from digest.model.digest import Choice
from digest.model.newsletter import Newsletter
from digest.model.subscriber import Interests
from digest.pipeline.composing.compose import Workshop, open_workshop
from digest.pipeline.composing.made import Made, Wanted
from digest.pipeline.installation import Installation
from digest.rendering.clean import clean_text
from digest.rendering.languages import direction
from digest.scheduling.cut_off import cut_now
from digest.store.engine import reading
from digest.store.histories import stories_of
from digest.store.newsletters import load_newsletter
from digest.store.planning import reader_of
from digest.store.subscriptions import Agreement
from digest.store.tables import from_micros


@dataclass(frozen=True, slots=True)
class Shown:
    """One article as a page lists it; the disclaimer goes wherever the article goes."""

    title: str
    summary: str
    disclaimer: str
    why: str
    language: str
    dir: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What would be sent at *slot_at*, best first; no articles: nothing new suits these interests yet."""

    slot_at: datetime
    articles: tuple[Shown, ...]


def sample(house: Installation, slug: str, interests: Interests, locale: str) -> Sample:
    """Return what a new reader with *interests* would be sent of newsletter *slug* now; raises NotFound."""
    with reading(house.engine) as connection:
        _, newsletter = load_newsletter(connection, slug)
    now = house.clock.now()
    workshop = _workshop(house, newsletter, now)
    return Sample(now, _shown(workshop.make(Wanted(interests, frozenset(), None, locale))))


def upcoming(house: Installation, agreement: Agreement) -> Sample:
    """Return what the reader of *agreement* would be sent next, as things are; their history counts."""
    with reading(house.engine) as connection:
        newsletter_id, newsletter = load_newsletter(connection, agreement.newsletter)
        key, due = connection.execute(
            text(
                "SELECT u.address_key, c.next_slot_at FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
                " JOIN cadences c ON c.id = s.cadence_id WHERE s.id = :id"
            ),
            {"id": agreement.subscription_id},
        ).one()
        reader = reader_of(connection, newsletter_id, key)
        assert reader is not None
        history = stories_of(connection, reader.history_id)
    slot_at = max(from_micros(due), house.clock.now())
    first = newsletter.welcome and reader.is_new
    wanted = Wanted(agreement.interests, history, reader.since, agreement.locale, first)
    return Sample(slot_at, _shown(_workshop(house, newsletter, slot_at).make(wanted)))


def _workshop(house: Installation, newsletter: Newsletter, at: datetime) -> Workshop:
    return open_workshop(house, newsletter, cut_now(at, at), at.date().isoformat())


def _shown(made: Made) -> tuple[Shown, ...]:
    pairs = zip(made.selection.chosen, made.items, strict=True) if made.layout else ()
    return tuple(_article(choice, str(item["disclaimer"]), str(item["why"])) for choice, item in pairs)


def _article(choice: Choice, disclaimer: str, why: str) -> Shown:
    article = choice.article.article
    return Shown(
        title=clean_text(article.title),
        summary=clean_text(summarise(article).text),
        disclaimer=clean_text(disclaimer),
        why=why,
        language=article.language,
        dir=direction(article.language, article.title),
    )
