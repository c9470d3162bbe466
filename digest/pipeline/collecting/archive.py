"""The archive that a vocabulary is matched with: what was collected before, and the articles given as examples."""

from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine

from digest.collection.canonical import canonical_url
from digest.collection.language import guess_language
from digest.enrichment.matching import VERSION, Matcher
from digest.enrichment.reading import Analysed, analyse
from digest.model.article import Article, Section, StoredArticle
from digest.model.topic import Topic
from digest.store.articles import ids_by_url_key, latest_revisions, live_articles
from digest.store.engine import reading

_LARGEST = 1_000  # articles; more of them hardly change an order, and all have to be read
_YOUNG = 500  # with fewer before the day began, the day's own count too
_KEPT = 8  # matchers; each is some 20 MB when its archive is large


class Matching:
    """A vocabulary with an archive, and the hash of both; the archive is read when an article is asked about."""

    def __init__(self, key: str, engine: Engine, topics: Collection[Topic], archive: Collection[int]) -> None:
        """*archive* are ids of articles."""
        self.key = key
        self._engine, self._topics, self._archive = engine, topics, archive
        self._matcher: Matcher | None = None

    def matcher(self, known: dict[int, Analysed]) -> Matcher:
        """Return the matcher, made once: learning from a large archive takes seconds.

        *known* holds articles that were read before, by revision id, and gets the new ones.
        """
        if self._matcher is None:
            with reading(self._engine) as connection:
                stored = live_articles(connection, self._archive)
                named = named_articles(connection, self._topics)
            self._matcher = _matcher(self._topics, stored, named, known)
        return self._matcher


@dataclass(frozen=True, slots=True)
class Memory:
    """Vocabularies with their archives that were asked for before, by their hashes."""

    kept: OrderedDict[str, Matching] = field(default_factory=OrderedDict)

    def keep(self, made: Matching) -> Matching:
        """Remember *made*, and forget the oldest when there are many."""
        self.kept[made.key] = made
        while len(self.kept) > _KEPT:
            self.kept.popitem(last=False)
        return made


def matching_of(connection: Connection, topics: Mapping[str, Topic], until: datetime, memory: Memory) -> Matching:
    """Return the vocabulary *topics* with the archive as it was at *until*, which is the same for a whole day (UTC)."""
    day = until.replace(hour=0, minute=0, second=0, microsecond=0)
    revisions = latest_revisions(connection, day, _LARGEST)
    if len(revisions) < _YOUNG:
        revisions = latest_revisions(connection, until, _LARGEST)
    named = named_articles(connection, topics.values())
    of_examples = [(name, stored.revision_id) for name, stored in sorted(named.items())]
    made_from = (VERSION, sorted(topics.items()), sorted(revisions), of_examples)
    key = hashlib.sha256(repr(made_from).encode()).hexdigest()
    if key not in memory.kept:
        return memory.keep(Matching(key, connection.engine, list(topics.values()), frozenset(revisions.values())))
    return memory.kept[key]


def _matcher(
    topics: Iterable[Topic],
    archive: Iterable[StoredArticle],
    named: Mapping[str, StoredArticle],
    known: dict[int, Analysed],
) -> Matcher:
    """Return the matcher of *topics*; examples that are texts are read as articles of their own."""
    everything = {each.revision_id: each for each in (*archive, *named.values())}
    for revision_id, stored in everything.items():
        if revision_id not in known:
            known[revision_id] = analyse(stored.article)
    places = {revision_id: place for place, revision_id in enumerate(sorted(everything))}
    read = [known[revision_id] for revision_id in sorted(everything)]
    examples: defaultdict[str, list[int]] = defaultdict(list)
    for topic in topics:
        for given in topic.examples:
            if given in named:
                examples[topic.slug].append(places[named[given].revision_id])
            elif not is_reference(given):
                examples[topic.slug].append(len(read))
                read.append(analyse(Article("", (Section("", (given,)),), language=guess_language(given))))
    return Matcher(list(topics), read, examples)


def is_reference(example: str) -> bool:
    """Whether *example* names an article, by address or number; else it is the text of one."""
    return example.isascii() and (
        example.isdigit() or (bool(canonical_url(example)) and not any(map(str.isspace, example)))
    )


def named_articles(connection: Connection, topics: Iterable[Topic]) -> dict[str, StoredArticle]:
    """Return the live article of each example that names one; those that were not collected yet are left out."""
    given = sorted({one for topic in topics for one in topic.examples if is_reference(one)})
    if not given:
        return {}
    by_address = ids_by_url_key(connection, [canonical_url(one) for one in given if not one.isdigit()])
    ids = {one: int(one) if one.isdigit() else by_address.get(canonical_url(one), 0) for one in given}
    stored = {each.article_id: each for each in live_articles(connection, set(ids.values()))}
    return {one: stored[number] for one, number in ids.items() if number in stored}
