"""Build a slot's pool: the articles it may draw from, matched against the vocabulary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import overload

from sqlalchemy import Connection

from digest.enrichment.keywords import KeywordIndex
from digest.enrichment.neighbours import Neighbours
from digest.enrichment.reading import Analysed, analyse
from digest.enrichment.related import Known, is_certain, keys_of
from digest.model.article import StoredArticle
from digest.model.digest import Why
from digest.model.newsletter import Fallback, Newsletter
from digest.model.note import EditionNote, NoteKind
from digest.model.ruling import RulingKind
from digest.model.topic import Topic
from digest.pipeline.collecting.archive import Matching, Memory, matching_of
from digest.selection.editing import UNTOUCHED, Verdict, verdict_of
from digest.selection.pool import Candidate, Pool, Rules
from digest.selection.select import VERSION, by_most_chosen
from digest.store.articles import articles_between, known_at, known_under, stories_since
from digest.store.matches import NewMatches, matches_of
from digest.store.newsletters import load_newsletters, load_topics
from digest.store.profiles import readers_by_interests
from digest.store.rulings import rulings_between

_LONGEST_LATE = timedelta(days=16)  # half a month, for a newsletter that says nothing
_REMEMBERED = timedelta(days=60)  # the least time for which a mailbox remembers a story


@dataclass(frozen=True, slots=True)
class SlotPool:
    """A pool with what its digests also need: the vocabulary, the archive's answers, which stories live.

    `new_matches` are what nobody has kept yet of what its articles match.
    """

    pool: Pool
    topics: Mapping[str, Topic]
    archive: Mapping[str, Known]
    alive: frozenset[int]
    since_cut: datetime
    ruled_at: datetime
    notes: Mapping[NoteKind, EditionNote]
    new_matches: NewMatches
    spec: str

    @property
    def hash(self) -> str:
        """64 hexadecimal characters: equal pools give equal digests."""
        return hashlib.sha256(self.spec.encode()).hexdigest()


def build_pool(
    connection: Connection,
    newsletter: Newsletter,
    *,
    slot_at: datetime,
    cut_off: datetime,
    now: datetime,
    ruled_at: datetime,
    template_hash: str = "",
    known: dict[int, Analysed],
    memory: Memory | None = None,
    articles: list[StoredArticle] | None = None,
    notes: Mapping[NoteKind, EditionNote],
) -> SlotPool:
    """Return the pool of *newsletter* for the slot at *slot_at*, of what was collected before *cut_off*.

    With *articles* it is of just those, whatever their age. *known* holds articles that were read for matching
    before, by revision id, and gets the new ones; *memory* holds vocabularies with what an archive taught. Editors'
    rulings count as they are at *ruled_at*; *notes* are what they say in this edition.
    """
    rules = _rules(newsletter, slot_at, cut_off)
    start = cut_off - newsletter.expires_after
    verdicts = _verdicts(connection, newsletter, start, cut_off, ruled_at)
    everything = load_topics(connection)
    offered = {slug: topic for slug, topic in everything.items() if not newsletter.topics or slug in newsletter.topics}
    # An article that was added by hand has no source; it is for every newsletter.
    sources = ("", *newsletter.sources) if newsletter.sources else ()
    if articles is None:
        called = [article_id for article_id, (_, by_name) in verdicts.items() if by_name]
        articles = articles_between(connection, start, cut_off, sources, called)
    # The whole vocabulary: a topic on offer is also matched by its children, which may not be.
    matching = matching_of(connection, everything, cut_off, memory or Memory())
    texts = Texts(articles, known)
    found, new = _matches(connection, matching, texts, known)
    candidates = [
        _candidate(stored, found[stored.revision_id], offered, verdicts.get(stored.article_id, (UNTOUCHED, False))[0])
        for stored in articles
    ]
    pool = Pool(
        candidates,
        rules,
        KeywordIndex(texts).matches,
        lambda at: matching.matcher(known).near_misses(texts[at]),
        Neighbours(texts).of,
    )
    if newsletter.fallback is Fallback.MOST_CHOSEN:
        pool.most_chosen = by_most_chosen(pool, readers_by_interests(connection, newsletter.slug))
    alive = _alive(connection, min(cut_off, now))
    return SlotPool(
        pool=pool,
        topics=offered,
        archive=_archive(connection, articles, alive),
        alive=alive,
        since_cut=newsletter.since_cut(cut_off),
        ruled_at=ruled_at,
        notes=notes,
        new_matches=NewMatches(matching.key, new),
        spec=_spec(newsletter, pool, matching.key, template_hash, notes),
    )


def _rules(newsletter: Newsletter, slot_at: datetime, cut_off: datetime) -> Rules:
    limits = newsletter.limits
    return Rules(
        slot_at=slot_at,
        cut_off=cut_off,
        expires_after=newsletter.expires_after,
        look_back=newsletter.look_back,
        half_life=newsletter.freshness_half_life,
        max_items=limits.max_items,
        min_items=limits.min_items,
        overflow=limits.overflow,
        fallback=newsletter.fallback,
        max_per_source=limits.max_per_source,
        max_per_topic=limits.max_per_topic,
        diversity=limits.diversity,
    )


class Texts(Sequence[Analysed]):
    """The articles of a pool ready for who looks for words in them; each is read when it is first asked for."""

    def __init__(self, articles: Sequence[StoredArticle], known: dict[int, Analysed]) -> None:
        self._articles, self._known = articles, known

    @property
    def revision_ids(self) -> list[int]:
        """Return which articles they are, in order."""
        return [stored.revision_id for stored in self._articles]

    def __len__(self) -> int:
        """Return how many articles there are."""
        return len(self._articles)

    @overload
    def __getitem__(self, at: int) -> Analysed: ...
    @overload
    def __getitem__(self, at: slice) -> list[Analysed]: ...
    def __getitem__(self, at: int | slice) -> Analysed | list[Analysed]:
        """Return the article at a position, or several."""
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        stored = self._articles[at]
        if stored.revision_id not in self._known:
            self._known[stored.revision_id] = analyse(stored.article)
        return self._known[stored.revision_id]


def _matches(
    connection: Connection, matching: Matching, texts: Texts, known: dict[int, Analysed]
) -> tuple[dict[int, Mapping[str, Why]], dict[int, Mapping[str, Why]]]:
    """Return what each of *texts* matches, by revision id; and of that what had to be worked out."""
    found = matches_of(connection, matching.key, texts.revision_ids)
    new: dict[int, Mapping[str, Why]] = {
        revision_id: matching.matcher(known).topics(texts[at])
        for at, revision_id in enumerate(texts.revision_ids)
        if revision_id not in found
    }
    return found | new, new


def _candidate(
    stored: StoredArticle, found: Mapping[str, Why], offered: Collection[str], verdict: Verdict
) -> Candidate:
    topics = {slug: why for slug, why in found.items() if slug in offered}
    return Candidate(stored, topics, frozenset(found.keys() - topics.keys()), verdict)


def _verdicts(
    connection: Connection, newsletter: Newsletter, start: datetime, end: datetime, at: datetime
) -> dict[int, tuple[Verdict, bool]]:
    """Return what editors decided, by article, and whether they pinned it to this newsletter by name.

    Such a pin is an invitation: the article comes, whatever sources the newsletter draws from.
    """
    found: dict[int, tuple[Verdict, bool]] = {}
    for article_id, rulings in rulings_between(connection, newsletter.slug, start, end).items():
        verdict = verdict_of(rulings, at)
        named = any(each.kind is RulingKind.PIN and each.newsletter and each.holds(at) for each in rulings)
        found[article_id] = verdict, verdict.pinned and named
    return found


def _archive(connection: Connection, articles: list[StoredArticle], alive: AbstractSet[int]) -> dict[str, Known]:
    """Return what the related entries of *articles* lead to, by URL and by key.

    Only stories that histories remember: of an older one nobody can tell whether a reader has had it.
    """
    links = [link for stored in articles for link in stored.article.related]
    words = {keys_of(link): link.title for link in links}
    by_words = known_under(connection, words.keys() - {""})
    certain = {key: known for key, known in by_words.items() if is_certain(words[key], known)}
    by_url = known_at(connection, {link.url for link in links} - {""})
    return {key: known for key, known in (certain | by_url).items() if known.story_id in alive}


def _alive(connection: Connection, at: datetime) -> frozenset[int]:
    """Return the stories that a history must remember when it is written at *at*; it may drop all others.

    A story must stay as long as any newsletter may still tell it, and somewhat longer: a late slot of another
    newsletter has an earlier cut-off, by which the story has not expired yet; and an editor who raises
    `expires_after` makes stories tellable again that had expired. Two months are kept whatever the newsletters
    say. Those collected after the cut-off count: another newsletter, or a send by hand, may have told them
    already. So do those taken back, which may return.
    """
    newsletters = load_newsletters(connection).values()
    longest = max(each.expires_after for each in newsletters) + max(
        each.max_late or _LONGEST_LATE for each in newsletters
    )
    longest += max(each.cut_off.longest for each in newsletters)
    return stories_since(connection, at - max(longest + timedelta(days=1), _REMEMBERED))


def _spec(
    newsletter: Newsletter,
    pool: Pool,
    matching_key: str,
    template_hash: str,
    notes: Mapping[NoteKind, EditionNote],
) -> str:
    candidates = pool.candidates
    return json.dumps(
        {
            "newsletter": newsletter.slug,
            "selector": VERSION,
            "welcome": newsletter.welcome,
            "template": template_hash,
            "rules": {name: str(value) for name, value in asdict(pool.rules).items()},
            "revisions": [each.article.revision_id for each in candidates],
            "pinned": [candidates[position].article.article_id for position in sorted(pool.pinned)],
            "kept_out": {
                each.article.article_id: each.verdict.kept_out for each in candidates if each.verdict.kept_out
            },
            "most_chosen": [candidates[position].article.article_id for position in pool.most_chosen],
            "notes": {kind: [note.language, note.markdown] for kind, note in notes.items()},
            "matching": matching_key,
        },
        sort_keys=True,
        separators=(",", ":"),
    )
