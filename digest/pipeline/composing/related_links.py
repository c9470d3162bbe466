"""What stands under a card as related: the publisher's own list, other versions of the story, then neighbours.

Never an article of the same mail, and never one whose story the reader was told before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from digest.enrichment.related import LIKE_ENOUGH, Known, is_told, resolve
from digest.model.article import RelatedLink, StoredArticle
from digest.model.subscriber import Interests
from digest.pipeline.composing.pool import SlotPool
from digest.selection.gate import speaks

Entry = tuple[RelatedLink, Known | None]


@dataclass(frozen=True, slots=True)
class Mail:
    """What one mail tells to whom: its articles, the stories of its readers' history, their interests."""

    articles: frozenset[int]
    stories: frozenset[int]
    history: AbstractSet[int]
    interests: Interests


class RelatedLinks:
    """The related links of one slot's cards."""

    def __init__(self, slot_pool: SlotPool, limit: int) -> None:
        self._pool, self._archive, self._limit = slot_pool.pool, slot_pool.archive, limit
        self._place = {each.article.article_id: at for at, each in enumerate(self._pool.candidates)}
        self._near: dict[int, list[int]] = {}

    @property
    def stories(self) -> frozenset[int]:
        """The stories that a link may lead to, as histories know them: what decides who gets the same links."""
        return frozenset(number for known in self._archive.values() for number in (known.story_id, known.article_id))

    def of(self, card: StoredArticle, mail: Mail) -> list[Entry]:
        """Return at most the newsletter's `max_related` entries, each with the article it leads to, or None."""
        told = (mail.history | mail.stories) - {card.story_id}
        found = resolve(card.article.related, self._archive, leave_out=mail.articles, told=told, limit=self._limit)
        linked = mail.articles | {known.article_id for _, known in found if known is not None}
        for known in self._more(card, mail.interests, linked, told):
            if len(found) >= self._limit:
                break
            found.append((RelatedLink(known.title, known.url), known))
        return found

    def _more(
        self, card: StoredArticle, interests: Interests, linked: AbstractSet[int], told: Collection[int]
    ) -> Iterator[Known]:
        """Give other versions of the story, then one article of each story that is about the same."""
        position = self._place.get(card.article_id)
        shown: set[int] = set()
        for other in () if position is None else self._nearest(position):
            article = self._pool.candidates[other].article
            known = Known(
                article.article_id,
                article.article.title,
                article.article.url,
                article.article.language,
                article.story_id,
            )
            of_another = article.story_id != card.story_id
            if article.article_id in linked or article.story_id in shown or is_told(known, told):
                continue
            if not speaks(interests, article) or any(self._pool.is_about(other, slug) for slug in interests.muted):
                continue
            shown |= {article.story_id} if of_another else set()
            yield known

    def _nearest(self, position: int) -> list[int]:
        """Return the positions that may be linked to from *position*, nearest first."""
        if position not in self._near:
            pool, story = self._pool, self._pool.story[position]
            versions = [self._place[each] for each in pool.retold.get(story, ()) if self._place[each] != position]
            likeness = pool.neighbours(position)
            near = [at for at, much in likeness.items() if much >= LIKE_ENOUGH and pool.story[at] != story]
            near.sort(key=lambda at: (-likeness[at], pool.order[at]))
            versions.sort(key=lambda at: pool.order[at])
            self._near[position] = [at for at in (*versions, *near) if pool.barred[at] is None]
        return self._near[position]
