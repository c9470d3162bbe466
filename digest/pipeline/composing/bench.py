"""The bench: one locale's printed cards, and what a digest says beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from digest.enrichment.related import Known
from digest.enrichment.summary import Summariser
from digest.model.article import StoredArticle
from digest.model.digest import Choice, Selection
from digest.model.newsletter import Newsletter, Overflow, UnresolvedRelated
from digest.model.subscriber import Interests
from digest.pipeline.collecting.notice import notice_for
from digest.pipeline.composing.links import Links
from digest.pipeline.composing.related_links import Entry
from digest.pipeline.composing.wording import Wording
from digest.rendering.clean import clean_url, shorten
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.press import Press
from digest.rendering.views import CardView, RelatedView, card_view, related_view
from digest.rendering.written import Written

_TITLE_LENGTH = 70  # of a subject; a mail program on a phone shows some forty


@dataclass(frozen=True, slots=True)
class Materials:
    """What the cards of a newsletter are made with."""

    newsletter: Newsletter
    links: Links
    locale: str
    summarise: Summariser


class Bench:
    """One locale's press with the cards it has printed."""

    def __init__(self, press: Press, words: Wording, day: str, materials: Materials) -> None:
        self.press = press
        self._words = words
        self._date = day
        self._newsletter = materials.newsletter
        self._links = materials.links
        self._locale = materials.locale
        self._summarise = materials.summarise
        self._cards: dict[tuple[int, str], int] = {}
        self._summaries: dict[int, str] = {}

    def parts(
        self, selection: Selection, interests: Interests, related: Sequence[Sequence[Entry]], *, welcome: bool = False
    ) -> DigestParts:
        """Return what the digest says, with the *related* links of each article; its cards were printed before."""
        chosen = selection.chosen
        cards = tuple(
            CardChoice(
                self._cards[self._card_key(each)],
                self._words.why(each.why, each.ground),
                self._related(each.article, beside),
            )
            for each, beside in zip(chosen, related, strict=True)
        )
        first = chosen[0].article
        counts = self._newsletter.limits.overflow is Overflow.COUNT
        return DigestParts(
            cards=cards,
            date=self._date,
            preheader=self._words.preheader(chosen, self._summaries[first.revision_id]),
            more=self._words.no_room(len(selection.let_go)) if counts else self._words.more(selection.waiting),
            follows=self._words.follows(interests),
            lead=self._words.welcome() if welcome else self._words.lead(),
        )

    def without_articles(self, interests: Interests, waiting: int, announcement: Written | None) -> DigestParts:
        """Return what a mail says that has no article: the editors' *announcement*, or that there is nothing new."""
        follows = self._words.follows(interests)
        return DigestParts(
            cards=(),
            date=self._date,
            preheader=follows,
            more=self._words.more(waiting),
            follows=follows,
            lead="" if announcement else self._words.nothing_new(),
            title=shorten(announcement.title, _TITLE_LENGTH) if announcement else self._words.nothing_new_in(),
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
                "disclaimer": notice_for(each.article.article, [self._newsletter]) or each.article.article.disclaimer,
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

    def _view(self, choice: Choice) -> CardView:
        stored = choice.article
        summary = self._summarise(stored.article)
        self._summaries[stored.revision_id] = summary.text
        label = _label(choice)
        # An address that cannot be linked to is none: the article is read on a page of ours.
        url = clean_url(stored.article.url)
        shown = replace(
            stored,
            article=replace(stored.article, url=url or self._links.article(stored.article_id)),
            source=urlsplit(url).hostname or "",
        )
        return card_view(
            shown,
            self._locale,
            topic_label=self._words.topic(label) if label else "",
            summary=summary.text,
            summary_by=summary.by.value,
            notice=notice_for(stored.article, [self._newsletter]),
        )

    def _related(self, stored: StoredArticle, found: Sequence[Entry]) -> tuple[RelatedView, ...]:
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


def _label(choice: Choice) -> str:
    """Return the topic a card is headed with: the strongest one that suits this reader."""
    return next((why.topic for why in choice.why if why.topic), "")
