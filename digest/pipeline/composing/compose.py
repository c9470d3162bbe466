"""Compose: the digests of one slot, each made once for everybody who gets the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from digest.enrichment.reading import Analysed
from digest.enrichment.summary import Summariser
from digest.model.article import StoredArticle
from digest.model.digest import Choice, Rejected, Rejection, Selection, SkipReason, Why
from digest.model.newsletter import Newsletter, NothingNew
from digest.model.note import NoteKind
from digest.model.subscriber import Interests
from digest.pipeline.composing.bench import Bench, Materials
from digest.pipeline.composing.frame import date_of, frame_of
from digest.pipeline.composing.links import MORE, Links
from digest.pipeline.composing.made import Made, Shown, Wanted
from digest.pipeline.composing.mail_templates import templates_of
from digest.pipeline.composing.pool import SlotPool, build_pool
from digest.pipeline.composing.pool_spec import whole_spec
from digest.pipeline.composing.related_links import Entry, Mail, RelatedLinks
from digest.pipeline.composing.wording import Wording
from digest.pipeline.installation import Installation
from digest.rendering.headers import constant_headers
from digest.rendering.i18n import resolve_locale
from digest.rendering.languages import weekday_date_text
from digest.rendering.layout import boundary_of
from digest.rendering.parts import DigestParts
from digest.rendering.press import Composed, Press
from digest.rendering.templates import TemplateSet
from digest.rendering.views import slot_widths
from digest.rendering.written import EditionView, edition_view
from digest.scheduling.cut_off import Cut
from digest.selection.pool import Pool
from digest.selection.select import explain, finish, select_digest, why_outside
from digest.store.cohorts import AsRead
from digest.store.edition_notes import notes_for
from digest.store.engine import reading
from digest.store.matches import NewMatches

_MEMORY = 1_000  # digests kept in one slot, some 25 KB each; above that all are forgotten, and made again if need be


class Workshop:
    """Makes the digests of one slot; what two cohorts share is made once."""

    def __init__(
        self,
        newsletter: Newsletter,
        slot_pool: SlotPool,
        links: Links,
        templates: TemplateSet,
        period: str,
        day: date,
        shelf: Shelf,
        summarise: Summariser,
    ) -> None:
        self.newsletter = newsletter
        self._pool = slot_pool
        #: What the hash of its pool is of, as JSON: everything that decides the digests.
        self.pool_spec = whole_spec(slot_pool.spec, newsletter, slot_pool.topics)
        self._links = links
        self._templates = templates
        self._period = period
        self._day = day
        self._frame = frame_of(newsletter, period, links)
        self.edition = edition_view({kind: (one.markdown, one.language) for kind, one in slot_pool.notes.items()})
        self._benches = shelf.benches
        self._prints = shelf.prints
        self._summarise = summarise
        self._guests: dict[tuple[Press, str], Bench] = {}
        self._made: dict[Wanted, Made] = {}
        self._related = RelatedLinks(slot_pool, newsletter.limits.max_related)
        self._stories = self._related.stories.union(
            *({each.article.story_id, each.article.article_id} for each in slot_pool.pool.candidates)
        )
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
    def as_read(self) -> AsRead:
        """What editors had said when the pool was read."""
        return AsRead(self.newsletter.slug, self.newsletter.welcome, self._pool.ruled_at, self._pool.notes)

    def says(self, kind: NoteKind) -> str:
        """Return what the editors wrote for this edition, as Markdown; "" for nothing."""
        return self._pool.notes[kind].markdown if kind in self._pool.notes else ""

    @property
    def pool_hash(self) -> str:
        """The hash of everything that decides the digests."""
        return hashlib.sha256(self.pool_spec.encode()).hexdigest()

    def locale_for(self, locale: str) -> str:
        """Return the one locale of a mail to who chose *locale*: theirs, else the newsletter's, else English."""
        return resolve_locale(locale, self.newsletter.locale)

    def take_pieces(self) -> dict[str, bytes]:
        """Return the encoded pieces made since the last call, to be stored with the digests that use them."""
        pieces, self._new_pieces = self._new_pieces, {}
        self._known_pieces |= pieces.keys()
        return pieces

    @property
    def new_matches(self) -> NewMatches:
        """What nobody has kept yet of what the pool's articles match."""
        return self._pool.new_matches

    def make(self, wanted: Wanted) -> Made:
        """Return the digest for readers who are as *wanted* says, or the reason for none."""
        return self.make_all([wanted])[0]

    def make_all(self, wanted: Sequence[Wanted]) -> list[Made]:
        """Return a digest for each of *wanted*, in order; the cards that all of them need are printed together."""
        keys = [self._normal(each) for each in wanted]
        if len(self._made) + len(keys) > _MEMORY:
            self._made.clear()
        fresh = {
            key: select_digest(self._pool_for(key), key.interests, key.history, key.since)
            for key in dict.fromkeys(keys)
            if key not in self._made
        }
        for locale in sorted({key.locale for key, found in fresh.items() if found.chosen and self._prints}):
            chosen = [each for key, found in fresh.items() if key.locale == locale for each in found.chosen]
            self.bench(locale).print(chosen)
        for key, selection in fresh.items():
            self._made[key] = self._one(selection, key)
        return [self._made[key] for key in keys]

    def _normal(self, wanted: Wanted) -> Wanted:
        """Return *wanted* without what cannot change the digest, so that more readers share one."""
        # A day so long ago bounds nothing any more.
        interests = wanted.interests.without_days_before(self.since_cut.date() - timedelta(days=1))
        since = wanted.since if wanted.since and wanted.since > self.since_cut else None
        first = wanted.first and since is not None
        return Wanted(interests, wanted.history & self._stories, since, self.locale_for(wanted.locale), first)

    def explain(self, wanted: Wanted, archive: Iterable[StoredArticle] = ()) -> Selection:
        """Return the selection of *wanted*'s digest with a reason for every article of the pool, and of *archive*."""
        made, key = self.make(wanted), self._normal(wanted)
        found = explain(self._pool_for(key), made.selection, key.interests, key.history, key.since)
        candidates = {each.article.article_id for each in self._pool.pool.candidates}
        rules, sources = self._pool.pool.rules, self.newsletter.sources
        outside = tuple(
            Rejected(article, why_outside(article, rules, sources))
            for article in archive
            if article.article_id not in candidates
        )
        return replace(found, rejected=found.rejected + outside)

    def pieces_of(self, hashes: frozenset[str]) -> dict[str, bytes]:
        """Return pieces that were made here and not yet taken (a preview stores nothing)."""
        return {name: self._new_pieces[name] for name in hashes}

    def _pool_for(self, wanted: Wanted) -> Pool:
        """Return the pool they draw from: whoever is welcomed gets the best of it, however old."""
        return self._pool.pool.timeless if wanted.first else self._pool.pool

    def _one(self, selection: Selection, wanted: Wanted) -> Made:
        """Return the digest of *selection*; without articles there is one only when there is something else to say."""
        if selection.chosen:
            made = self._compose(selection, wanted)
            if made.layout is not None:
                return made
            selection = made.selection
        nothing_new = selection.skip is SkipReason.NOTHING_NEW and self.newsletter.nothing_new is NothingNew.NOTE
        if self.edition.announcement is None and not nothing_new:
            return Made(selection)
        selection = replace(selection, skip=None)
        if not self._prints:
            return self._unprinted(selection, wanted.locale)
        bench = self.bench(wanted.locale)
        parts = bench.without_articles(wanted.interests, selection.waiting, self.edition.announcement)
        return self._finish(bench, selection, parts, bench.press.compose(parts))

    def _compose(self, selection: Selection, wanted: Wanted) -> Made:
        if not self._prints:
            return self._unprinted(selection, wanted.locale)
        bench = self.bench(wanted.locale)
        limit = self.newsletter.limits.max_html_bytes
        while selection.chosen:
            related = self.links_beside(selection.chosen, wanted.interests, wanted.history)
            parts = bench.parts(selection, wanted.interests, related, welcome=wanted.first)
            composed = bench.press.compose(parts)
            if composed.html_size(self.widths()) <= limit:
                return self._finish(bench, selection, parts, composed)
            fitting = bench.press.how_many_fit(parts, self.widths(), limit)
            selection = self.without_the_large(selection, fitting)
        return Made(selection)

    def _unprinted(self, selection: Selection, locale: str) -> Made:
        words = Wording(self.newsletter, self._pool.topics, locale)
        items = tuple(
            {
                "article_id": each.article.article_id,
                "title": each.article.article.title,
                "why": words.why(each.why, each.ground),
            }
            for each in selection.chosen
        )
        return Made(selection, layout="", items=items)

    def links_beside(
        self, chosen: Sequence[Choice], interests: Interests, history: frozenset[int]
    ) -> list[list[Entry]]:
        """Return the related links of each of *chosen*, for one mail with all of them."""
        articles = [each.article for each in chosen]
        ids, stories = (frozenset(each) for each in zip(*((a.article_id, a.story_id) for a in articles), strict=True))
        mail = Mail(ids, stories, history, interests)
        return [self._related.of(article, mail) for article in articles]

    def make_again(self, shown: Sequence[Shown]) -> list[Made]:
        """Return each digest of *shown* anew: its articles as this pool has them, without those that are not in it.

        What would make a mail too large is left out; nothing else is asked of an article that was sent already.
        """
        articles = {each.article.article_id: each.article for each in self._pool.pool.candidates}
        chosen = [_chosen_again(one.items, articles) for one in shown]
        for locale in sorted({one.locale for one in shown}):
            together = zip(shown, chosen, strict=True)
            self.bench(locale).print([each for one, found in together if one.locale == locale for each in found])
        return [self._again(*each) for each in zip(shown, chosen, strict=True)]

    def _again(self, shown: Shown, chosen: tuple[Choice, ...]) -> Made:
        if not chosen:
            return Made(Selection((), skip=SkipReason.NOTHING_NEW))
        bench = self.bench(shown.locale)
        related = self.links_beside(chosen, shown.interests, frozenset())
        parts = bench.parts(Selection(chosen), shown.interests, related)
        why = {item["article_id"]: item["why"] for item in shown.items}
        cards = tuple(
            replace(card, why=why[each.article.article_id]) for card, each in zip(parts.cards, chosen, strict=True)
        )
        parts = replace(parts, cards=cards)
        fitting = bench.press.how_many_fit(parts, self.widths(), self.newsletter.limits.max_html_bytes)
        if not fitting:
            return Made(Selection((), skip=SkipReason.TOO_LARGE))
        parts = replace(parts, cards=cards[:fitting])
        return self._finish(bench, Selection(chosen[:fitting]), parts, bench.press.compose(parts))

    def _finish(self, bench: Bench, selection: Selection, parts: DigestParts, composed: Composed) -> Made:
        known = self._known_pieces
        self._new_pieces |= {name: one for name, one in composed.pieces.items() if name not in known}
        return Made(selection, composed.subject, self.stored(composed), bench.items(selection.chosen, parts))

    def without_the_large(self, selection: Selection, fitting: int) -> Selection:
        """Return *selection* without whole articles, which are kept for next time; the least important go first.

        When not even the first one fits, it goes alone: it would keep out all others, today and every day.
        """
        chosen = selection.chosen
        kept, gone = (chosen[:fitting], chosen[fitting:]) if fitting else (chosen[1:], chosen[:1])
        dropped = tuple(Rejected(each.article, Rejection.TOO_LARGE, each.score) for each in gone)
        # The stories that wait are only counted; what is let go must be known by name.
        left = selection.let_go | {each.article.story_id for each in dropped}
        smaller = finish(kept, dropped + selection.rejected, self._pool.pool.rules, left)
        if not kept:
            return replace(smaller, skip=SkipReason.TOO_LARGE)
        return replace(smaller, waiting=smaller.waiting + selection.waiting)

    def guest_bench(self, press: Press, locale: str) -> Bench:
        """Return the bench on which this newsletter's articles are printed for another one's mail, by its *press*."""
        key = (press, locale)
        if key not in self._guests:
            self._guests[key] = self._new_bench(press, locale)
        return self._guests[key]

    def _new_bench(self, press: Press, locale: str) -> Bench:
        words = Wording(self.newsletter, self._pool.topics, locale)
        materials = Materials(self.newsletter, self._links, locale, self._summarise)
        return Bench(press, words, weekday_date_text(self._day, locale), materials)

    def stored(self, composed: Composed) -> str:
        """Return a digest as it is stored, from this newsletter."""
        layout = composed.layout.to_json()
        headers = constant_headers(self._frame, composed.subject, boundary_of(layout))
        return json.dumps(
            {"layout": layout, "headers": headers.to_json(), "from": self._frame.sender_address},
            separators=(",", ":"),
        )

    def widths(self) -> dict[str, int]:
        """Return the largest size of each slot."""
        width = self._links.width
        return slot_widths(
            {"unsubscribe_url": width, "preferences_url": width, "view_url": width, "more_url": width + len(MORE)}
        )

    def bench(self, locale: str) -> Bench:
        """Return the bench of *locale*."""
        key = (self._period, self._day, locale, self.edition)
        if key not in self._benches:
            self._benches[key] = self._new_bench(Press(self._templates, self._frame, locale, self.edition), locale)
        return self._benches[key]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the slots of one planning share: printed cards by edition and locale, articles read for matching.

    Without `prints` digests are chosen and not rendered, so that none is too large; for who only asks what is in them.
    """

    benches: dict[tuple[str, date, str, EditionView], Bench] = field(default_factory=dict)
    analysed: dict[int, Analysed] = field(default_factory=dict)
    prints: bool = True


def open_workshop(
    house: Installation,
    newsletter: Newsletter,
    cut: Cut,
    period: str,
    shelf: Shelf | None = None,
    articles: list[StoredArticle] | None = None,
    day: date | None = None,
) -> Workshop:
    """Return the workshop of one slot: its pool by *cut* (or of *articles*), and the newsletter's template.

    *day* is what the mails are dated, where the period alone does not say it.
    Slots of one newsletter that are planned together may share a *shelf*.
    """
    shelf = shelf or Shelf()
    templates = templates_of(house, newsletter.template)
    with reading(house.engine) as connection:
        pool = build_pool(
            connection,
            newsletter,
            slot_at=cut.fresh_at,
            cut_off=cut.off,
            now=house.clock.now(),
            ruled_at=cut.ruled_at,
            template_hash=templates.fingerprint,
            known=shelf.analysed,
            memory=house.memory,
            articles=articles,
            notes=notes_for(connection, newsletter.slug, period),
        )
    dated = day or date_of(period, newsletter, cut.fresh_at)
    links = Links(house.base_url, house.tokens)
    return Workshop(newsletter, pool, links, templates, period, dated, shelf, house.summarise)


def _chosen_again(items: Sequence[Mapping[str, Any]], articles: Mapping[int, StoredArticle]) -> tuple[Choice, ...]:
    return tuple(
        Choice(articles[item["article_id"]], item["score"], tuple(Why(topic, (), (), 0.0) for topic in item["topics"]))
        for item in items
        if item["article_id"] in articles
    )
