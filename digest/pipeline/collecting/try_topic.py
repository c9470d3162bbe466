"""A topic on trial: which of the latest articles it matches as it is written just now, and by which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from digest.enrichment.matching import Matcher
from digest.enrichment.reading import Analysed, analyse
from digest.errors import BadInput, NotFound
from digest.model.article import StoredArticle
from digest.model.digest import Why
from digest.model.topic import Topic
from digest.pipeline.collecting.archive import Memory, is_reference, matching_of, named_articles
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.newsletter_file import SLUG
from digest.pipeline.subscribers.subscriber_rows import Problems, read_keywords
from digest.store.articles import latest_revisions, live_articles
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.newsletters import load_topics, save_topics
from digest.store.specs import topic_as_json

RECENT = timedelta(days=14)
_AT_A_GLANCE, _AT_MOST = 40, 200  # articles
_MOST, _LONGEST = 50, 5_000  # examples, and characters of one


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it: articles with their reasons, and those that have a word of it but not enough.

    `missing` are the examples that name an article which is not here.
    """

    matched: tuple[tuple[StoredArticle, Why], ...]
    nearly: tuple[tuple[StoredArticle, Why], ...]
    looked_at: int
    missing: tuple[str, ...] = ()


def read_topic(before: Topic, name: str, keywords: str, examples: str) -> Topic:
    """Return the topic of a form: *before* with another name, keywords and examples (one a line); raises BadInput."""
    problems: Problems = []
    words = read_keywords(keywords.replace("\n", ","), problems)
    if problems:
        raise BadInput(problems[0][1])
    if not name.strip() or len(name) > 80:
        raise BadInput("give the topic a name of at most 80 characters")
    given = tuple(dict.fromkeys(filter(None, (" ".join(line.split()) for line in examples.splitlines()))))
    if len(given) > _MOST or any(len(each) > _LONGEST for each in given):
        raise BadInput(f"give at most {_MOST} examples, each of at most {_LONGEST:,} characters")
    return replace(before, name=name.strip(), keywords=words, examples=given)


def glance_at(house: Installation, topic: Topic) -> Trial:
    """Match *topic* alone, by its words and labels, with the latest articles; that takes no time."""
    matcher = Matcher([replace(topic, parent="", examples=())])
    with reading(house.engine) as connection:
        return _tried(matcher, topic, _recent(connection, house.clock.now(), _AT_A_GLANCE), {})


def try_topic(house: Installation, topic: Topic) -> Trial:
    """Match *topic* with the articles of the last two weeks as a mail would be, had it been kept.

    That is with all other topics, what the archive says, and examples; it may take seconds.
    """
    now, known = house.clock.now(), dict[int, Analysed]()
    with reading(house.engine) as connection:
        topics = {**load_topics(connection), topic.slug: topic}
        # A memory of its own: what is tried must not push out what mails are made with.
        matching = matching_of(connection, topics, now, Memory())
        named = named_articles(connection, [topic])
        recent = _recent(connection, now, _AT_MOST)
    missing = tuple(one for one in topic.examples if is_reference(one) and one not in named)
    return replace(_tried(matching.matcher(known), topic, recent, known), missing=missing)


def _recent(connection: Connection, now: datetime, most: int) -> list[StoredArticle]:
    """Return the live articles of the last two weeks, latest first, at most so many."""
    ids = latest_revisions(connection, now + timedelta(seconds=1), most).values()
    recent = [each for each in live_articles(connection, set(ids)) if each.collected_at > now - RECENT]
    return sorted(recent, key=lambda each: (each.collected_at, each.article_id), reverse=True)


def _tried(matcher: Matcher, topic: Topic, recent: list[StoredArticle], known: Mapping[int, Analysed]) -> Trial:
    read = [(each, known.get(each.revision_id) or analyse(each.article)) for each in recent]
    matched = [(each, why) for each, one in read if (why := matcher.topics(one).get(topic.slug))]
    nearly = [(each, why) for each, one in read if (why := matcher.near_misses(one).get(topic.slug))]
    matched.sort(key=lambda found: -found[1].score)
    return Trial(tuple(matched), tuple(nearly), len(recent))


def keep_topic(house: Installation, who: str, topic: Topic, *, is_new: bool = False) -> None:
    """Write *topic* over the one with its slug, or as a new one, and who did it.

    Raises NotFound when there is none to write over, BadInput when the slug of a new one is taken or cannot be one.
    """
    if is_new and not SLUG.fullmatch(topic.slug):
        raise BadInput("the short name must be lower-case letters, digits, - and _ inside, at most 60")
    with house.engine.begin() as connection:
        before = load_topics(connection).get(topic.slug)
        if is_new and before is not None:
            raise BadInput(f"there is a topic {topic.slug!r} already; give this one another short name")
        if not is_new and before is None:
            raise NotFound(f"there is no topic {topic.slug!r}")
        save_topics(connection, [topic])
        record(
            connection,
            who,
            "topic.save",
            f"topic {topic.slug}",
            now=house.clock.now(),
            before=topic_as_json(before) if before else None,
            after=topic_as_json(topic),
        )
