"""Compose: the digests of one slot, each made once for everybody who gets the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from digest.enrichment.related import Known, resolve
from digest.enrichment.summary import summarise
from digest.model.article import StoredArticle
from digest.model.digest import Choice, Rejected, Rejection, Selection
from digest.model.newsletter import Newsletter, Unmarked, UnresolvedRelated
from digest.model.subscriber import Follow, Interests
from digest.pipeline.installation import Installation
from digest.pipeline.links import Links
from digest.pipeline.pool import SlotPool, build_pool
from digest.pipeline.wording import Wording
from digest.rendering.headers import constant_headers
from digest.rendering.languages import weekday_date_text
from digest.rendering.press import CardChoice, Composed, DigestParts, Press
from digest.rendering.templates import TemplateSet
from digest.rendering.views import Frame, RelatedView, card_view, related_view, slot_widths
from digest.selection.select import explain, finish, select_digest
from digest.store.engine import reading

_MEMORY = 20_000  # digests remembered in one slot; above that all are forgotten and made again when asked for


@dataclass(frozen=True, slots=True)
class Made:
    """One digest as made: what was chosen, and (unless skipped) its stored form."""

    selection: Selection
    subject: str = ""
    layout: str | None = None
    items: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """For whom a digest is: interests, the stories they were shown, the day they joined (if it matters), locale."""

    interests: Interests
    history: frozenset[int]
    since: datetime | None
    locale: str


class Workshop:
    """Makes the digests of one slot; what two cohorts share is made once."""

    def __init__(
        self, newsletter: Newsletter, slot_pool: SlotPool, links: Links, templates: TemplateSet, period: str
    ) -> None:
        self._newsletter = newsletter
        self._pool = slot_pool
        self._links = links
        self._templates = templates
        self._period = period
        self._frame = frame_of(newsletter, period, links)
        self._benches: dict[str, _Bench] = {}
        self._made: dict[Wanted, Made] = {}
        self._stories = frozenset(each.article.story_id for each in slot_pool.pool.candidates)
        self._new_pieces: dict[str, bytes] = {}
        self._known_pieces: set[str] = set()

    @property
    def alive(self) -> frozenset[int]:
        """The stories that a history still has to remember."""
        return self._pool.alive

    @property
    def since_cut(self) -> datetime:
        """Whoever joined before this has nothing to look back to any more."""
        return self._pool.since_cut

    @property
    def pool_hash(self) -> str:
        """The hash of everything that decides the digests."""
        return self._pool.hash

    @property
    def pool_spec(self) -> str:
        """What that hash is of, as JSON."""
        return self._pool.spec

    def take_pieces(self) -> dict[str, bytes]:
        """Return the encoded pieces made since the last call, to be stored with the digests that use them."""
        pieces, self._new_pieces = self._new_pieces, {}
        self._known_pieces |= pieces.keys()
        return pieces

    def make(self, wanted: Wanted) -> Made:
        """Return the digest for readers who are as *wanted* says, or the reason for none."""
        return self.make_all([wanted])[0]

    def make_all(self, wanted: Sequence[Wanted]) -> list[Made]:
        """Return a digest for each of *wanted*, in order; the cards that all of them need are printed together."""
        keys = [self._normal(each) for each in wanted]
        if len(self._made) + len(keys) > _MEMORY:
            self._made.clear()
        fresh = {
            key: select_digest(self._pool.pool, key.interests, key.history, key.since)
            for key in dict.fromkeys(keys)
            if key not in self._made
        }
        for locale in sorted({key.locale for key, selection in fresh.items() if selection.chosen}):
            chosen = [each for key, found in fresh.items() if key.locale == locale for each in found.chosen]
            self._bench(locale).print(chosen)
        for key, selection in fresh.items():
            self._made[key] = (
                self._compose(selection, key.interests, key.locale) if selection.chosen else Made(selection)
            )
        return [self._made[key] for key in keys]

    def _normal(self, wanted: Wanted) -> Wanted:
        """Return *wanted* without what cannot change the digest, so that more readers share one."""
        interests = _without_stale_days(wanted.interests, self.since_cut.date())
        since = wanted.since if wanted.since and wanted.since > self.since_cut else None
        return Wanted(interests, wanted.history & self._stories, since, wanted.locale)

    def explain(self, made: Made) -> Selection:
        """Return the selection of *made* with a reason for every article of the pool."""
        return explain(self._pool.pool, made.selection)

    def pieces_of(self, hashes: frozenset[str]) -> dict[str, bytes]:
        """Return pieces that were made here and not yet taken (a preview stores nothing)."""
        return {name: self._new_pieces[name] for name in hashes}

    def _compose(self, selection: Selection, interests: Interests, locale: str) -> Made:
        bench = self._bench(locale)
        chosen = selection.chosen
        parts = bench.parts(chosen, interests, _waiting(selection))
        limit = self._newsletter.limits.max_html_bytes
        fitting = bench.press.how_many_fit(parts, self._widths(), limit)
        if fitting < len(chosen):
            # Whole articles give way and are kept for next time; the least important go first.
            dropped = tuple(Rejected(each.article, Rejection.TOO_LARGE, each.score) for each in chosen[fitting:])
            selection = finish(chosen[:fitting], dropped + selection.rejected, self._newsletter.limits.min_items)
            if not selection.chosen:
                return Made(selection)
            chosen = selection.chosen
            parts = bench.parts(chosen, interests, _waiting(selection))
        composed = bench.press.compose(parts)
        self._new_pieces |= {name: one for name, one in composed.pieces.items() if name not in self._known_pieces}
        return Made(selection, composed.subject, self._stored(composed), bench.items(chosen, parts))

    def _stored(self, composed: Composed) -> str:
        headers = constant_headers(self._frame, composed.subject, composed.layout.boundary)
        return json.dumps(
            {"layout": composed.layout.to_json(), "headers": headers.to_json(), "from": self._frame.sender_address},
            separators=(",", ":"),
        )

    def _widths(self) -> dict[str, int]:
        width = self._links.width
        return slot_widths({"unsubscribe_url": width, "preferences_url": width, "view_url": width})

    def _bench(self, locale: str) -> _Bench:
        if locale not in self._benches:
            self._benches[locale] = _Bench(
                Press(self._templates, self._frame, locale),
                Wording(self._newsletter, self._pool.topics, locale),
                weekday_date_text(date_of(self._period, self._newsletter), locale),
                _Materials(self._newsletter, self._pool.archive, self._links, locale),
            )
        return self._benches[locale]


@dataclass(frozen=True, slots=True)
class _Materials:
    newsletter: Newsletter
    archive: Mapping[str, Known]
    links: Links
    locale: str


class _Bench:
    """One locale's press with the cards it has printed."""

    def __init__(self, press: Press, words: Wording, day: str, materials: _Materials) -> None:
        self.press = press
        self._words = words
        self._date = day
        self._newsletter = materials.newsletter
        self._archive = materials.archive
        self._links = materials.links
        self._locale = materials.locale
        self._cards: dict[tuple[int, str], int] = {}
        self._summaries: dict[int, str] = {}

    def parts(self, chosen: tuple[Choice, ...], interests: Interests, waiting: int) -> DigestParts:
        """Return what the digest says; its cards were printed before."""
        ids = {each.article.article_id for each in chosen}
        cards = tuple(
            CardChoice(self._cards[self._card_key(each)], self._words.why(each.why), self._related(each.article, ids))
            for each in chosen
        )
        first = chosen[0].article
        return DigestParts(
            cards=cards,
            date=self._date,
            preheader=self._words.preheader(chosen, self._summaries[first.revision_id]),
            more=self._words.more(waiting),
            follows=self._words.follows(interests),
        )

    def items(self, chosen: tuple[Choice, ...], parts: DigestParts) -> tuple[Mapping[str, Any], ...]:
        """Return what the log keeps of each article: what was shown, and why."""
        return tuple(
            {
                "article_id": each.article.article_id,
                "revision_id": each.article.revision_id,
                "story_id": each.article.story_id,
                "title": each.article.article.title,
                "topics": [why.topic for why in each.why if why.topic],
                "why": card.why,
                "score": each.score,
                "disclaimer": self._notice(each.article) or each.article.article.disclaimer,
            }
            for each, card in zip(chosen, parts.cards, strict=True)
        )

    def _card_key(self, choice: Choice) -> tuple[int, str]:
        return choice.article.revision_id, _label(choice)

    def print(self, choices: Sequence[Choice]) -> None:
        """Print the cards of *choices* that are not printed yet, together: one costs as much as fifty."""
        fresh = {self._card_key(choice): choice for choice in choices if self._card_key(choice) not in self._cards}
        views = [self._view(choice) for choice in fresh.values()]
        self._cards.update(zip(fresh, self.press.add_cards(views), strict=True))

    def _view(self, choice: Choice) -> Any:
        stored = choice.article
        summary = summarise(stored.article)
        self._summaries[stored.revision_id] = summary.text
        label = _label(choice)
        shown = replace(
            stored,
            article=replace(stored.article, url=stored.article.url or self._links.article(stored.article_id)),
            source=urlsplit(stored.article.url).hostname or "",
        )
        return card_view(
            shown,
            self._locale,
            topic_label=self._words.topic(label) if label else "",
            extract=summary.text,
            notice=self._notice(stored),
        )

    def _notice(self, stored: StoredArticle) -> str:
        """Return our own notice where the publisher gave none and there is (or may be) something to disclose."""
        article, rules = stored.article, self._newsletter.disclaimers
        if article.disclaimer or article.ai_generated is False:
            return ""
        if article.ai_generated is None and rules.unmarked is Unmarked.LEAVE:
            return ""
        language = article.language or self._newsletter.locale
        return (
            rules.notices.get(language)
            or rules.notices.get(language.split("-", maxsplit=1)[0])
            or rules.notices.get(self._newsletter.locale)
            or "This content may be AI-generated."
        )

    def _related(self, stored: StoredArticle, in_mail: set[int]) -> tuple[RelatedView, ...]:
        limit = self._newsletter.limits.max_related
        found = resolve(stored.article.related, self._archive, leave_out=in_mail, limit=limit)
        return tuple(
            related_view(
                link.title, self._url_of(known) or link.url, known.language if known else stored.article.language
            )
            for link, known in found
            if known or link.url or self._newsletter.unresolved_related is UnresolvedRelated.TEXT
        )

    def _url_of(self, known: Known | None) -> str:
        if known is None:
            return ""
        return known.url or self._links.article(known.article_id)


def open_workshop(
    house: Installation, newsletter: Newsletter, slot_at: datetime, period: str, cut_off: datetime
) -> Workshop:
    """Return the workshop of one slot: its pool as of now, and the newsletter's template."""
    templates = TemplateSet.load(house.templates / "email", newsletter.template)
    with reading(house.engine) as connection:
        pool = build_pool(
            connection,
            newsletter,
            slot_at=slot_at,
            cut_off=cut_off,
            now=house.clock.now(),
            template_hash=_fingerprint(templates),
        )
    return Workshop(newsletter, pool, Links(house.base_url, house.tokens), templates, period)


def _fingerprint(templates: TemplateSet) -> str:
    digest = hashlib.sha256()
    for file in sorted(templates.folder.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def frame_of(newsletter: Newsletter, period: str, links: Links) -> Frame:
    """Return what the newsletter gives to every mail of the edition."""
    domain = newsletter.sender.address.rpartition("@")[2]
    return Frame(
        name=newsletter.name,
        sender_name=newsletter.sender.name,
        sender_address=newsletter.sender.address,
        list_id=newsletter.list_id or f"{newsletter.slug}.{domain}",
        postal_lines=tuple(line.strip() for line in newsletter.postal_address.splitlines() if line.strip()),
        description=newsletter.description,
        reply_to=newsletter.sender.reply_to,
        home_url=links.base_url,
        # edition : newsletter : sender id; the same for every reader (Gmail's feedback loop).
        feedback_id=f"{period}:{newsletter.slug}:{_sender_id(domain)}",
    )


def date_of(period: str, newsletter: Newsletter) -> date:
    """Return the day an edition is dated: its own, or the newsletter's weekday in its ISO week."""
    if "-W" in period:
        year, _, week = period.partition("-W")
        return date.fromisocalendar(int(year), int(week), newsletter.schedule.days[0] + 1)
    return date.fromisoformat(period)


def _sender_id(domain: str) -> str:
    name = "".join(c for c in domain.lower() if c.isascii() and c.isalnum())
    return name[-15:] if len(name) >= 5 else f"{name}digest"


def _label(choice: Choice) -> str:
    """Return the topic a card is headed with: the strongest one that suits this reader."""
    return next((why.topic for why in choice.why if why.topic), "")


def _waiting(selection: Selection) -> int:
    kept = (Rejection.OVER_LIMIT, Rejection.TOO_LARGE)
    return sum(rejected.reason in kept for rejected in selection.rejected)


def _without_stale_days(interests: Interests, cut: date) -> Interests:
    """Return *interests* without days so long ago that they bound nothing any more."""
    if not any(follow.since for follow in interests.follows):
        return interests
    bound = timedelta(days=1)
    follows = tuple(
        Follow(each.topic, each.weight, each.since if each.since and each.since >= cut - bound else None)
        for each in interests.follows
    )
    return replace(interests, follows=follows)
