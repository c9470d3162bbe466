"""A topic on trial: which of the latest articles its name and words match, and by which words."""

from __future__ import annotations

from dataclasses import dataclass

from digest.enrichment.matching import Matcher
from digest.enrichment.reading import analyse
from digest.errors import BadInput, NotFound
from digest.model.article import StoredArticle
from digest.model.digest import Why
from digest.model.topic import Topic
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.subscriber_rows import Problems, read_keywords
from digest.store.articles import list_articles
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.newsletters import load_topics, save_topics
from digest.store.specs import topic_as_json

LOOKED_AT = 40  # articles


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it: articles with their reasons, and those that have a word of it but not enough."""

    matched: tuple[tuple[StoredArticle, Why], ...]
    nearly: tuple[tuple[StoredArticle, Why], ...]
    looked_at: int


def read_topic(before: Topic | None, slug: str, name: str, keywords: str) -> Topic:
    """Return the topic of a form: *before* with another name and other keywords; raises BadInput."""
    problems: Problems = []
    words = read_keywords(keywords.replace("\n", ","), problems)
    if problems:
        raise BadInput(problems[0][1])
    if not name.strip() or len(name) > 80:
        raise BadInput("give the topic a name of at most 80 characters")
    if before is not None:
        return Topic(before.slug, name.strip(), words, before.names, before.parent, before.keywords_in, before.examples)
    return Topic(slug, name.strip(), words)


def try_topic(house: Installation, topic: Topic) -> Trial:
    """Match *topic* alone, by its words and labels, with the latest articles."""
    with reading(house.engine) as connection:
        latest = list(list_articles(connection, limit=LOOKED_AT))
    matcher = Matcher([Topic(topic.slug, topic.name, topic.keywords, topic.names, "", topic.keywords_in)])
    analysed = [(each, analyse(each.article)) for each in latest]
    matched = [(each, why) for each, read in analysed if (why := matcher.topics(read).get(topic.slug))]
    nearly = [(each, why) for each, read in analysed if (why := matcher.near_misses(read).get(topic.slug))]
    matched.sort(key=lambda found: -found[1].score)
    return Trial(tuple(matched), tuple(nearly), len(latest))


def keep_topic(house: Installation, who: str, topic: Topic) -> None:
    """Write *topic* over the one with its slug, and who did it; raises NotFound when there is none."""
    with house.engine.begin() as connection:
        before = load_topics(connection).get(topic.slug)
        if before is None:
            raise NotFound(f"there is no topic {topic.slug!r}; new ones come with a newsletter file")
        save_topics(connection, [topic])
        record(
            connection,
            who,
            "topic.save",
            f"topic {topic.slug}",
            now=house.clock.now(),
            before=topic_as_json(before),
            after=topic_as_json(topic),
        )
