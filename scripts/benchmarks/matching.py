"""What readers get of labelled news, with and without what the archive teaches; and how long choosing takes."""

from __future__ import annotations

import random
import sqlite3
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

from digest.enrichment.keywords import KeywordIndex, Keywords
from digest.enrichment.matching import Matcher
from digest.enrichment.ranking.reading import Item
from digest.enrichment.reading import Analysed, analyse
from digest.model.article import Article, Section, StoredArticle
from digest.model.subscriber import Follow, Interests
from digest.model.topic import Topic
from digest.selection.audience import Audience
from digest.selection.pool import Candidate, Pool, Rules
from digest.selection.select import select_digest
from scripts.benchmarks.gain import Relevant, mean, ndcg
from scripts.benchmarks.measured import Measured, rounded

ARCHIVE = 1_000  # articles, as the program takes
PROFILES, TOPICS_EACH = 10_000, 20
_NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)


def article_of(item: Item) -> Article:
    """Return a labelled item as it would be collected, its paragraphs told by their indents."""
    paragraphs = (" ".join(part.split()) for part in item.text.split("\n    "))
    return Article(item.title, (Section("", tuple(filter(None, paragraphs))),), item.deck)


def quality(topics: Sequence[Topic], items: Sequence[Item], right: Relevant, every: int) -> dict[str, Measured]:
    """Return how well readers' matches agree with the labels of every so many days, learned from earlier ones."""
    ordered = sorted(items, key=lambda item: (item.day, str(item.id)))
    read = {item.id: analyse(article_of(item)) for item in ordered}
    days = sorted({item.day for item in items})[4::every]
    alone = Matcher(topics)
    sides: dict[str, Callable[[str], Matcher]] = {
        "readers_words_alone": lambda _day: alone,
        "readers": lambda day: Matcher(topics, [read[one.id] for one in ordered if one.day < day][-ARCHIVE:]),
    }
    return {
        name: _agreement(topics, ordered, read, right, {day: made(day) for day in days}) for name, made in sides.items()
    }


def _agreement(
    topics: Sequence[Topic],
    items: Sequence[Item],
    read: Mapping[Any, Analysed],
    right: Relevant,
    matchers: Mapping[str, Matcher],
) -> Measured:
    found: defaultdict[tuple[str, str], dict[Any, float]] = defaultdict(dict)
    for item in items:
        if item.day in matchers:
            for slug, why in matchers[item.day].topics(read[item.id]).items():
                found[item.day, slug][item.id] = why.score
    count: Counter[str] = Counter()
    tops, gains = [], []
    for day in matchers:
        for topic in topics:
            scores, wanted = found[day, topic.slug], set(right.get((day, topic.slug), ()))
            count["right"] += len(scores.keys() & wanted)
            count["found"] += len(scores)
            count["wanted"] += len(wanted)
            top = sorted(scores, key=lambda key: (-scores[key], key))[:10]
            tops += [len(wanted.intersection(top)) / len(top)] if top else []
            gains += [ndcg(top, wanted)] if wanted else []
    precision, recall = count["right"] / count["found"], count["right"] / count["wanted"]
    return {
        "precision": rounded(precision),
        "recall": rounded(recall),
        "f1": rounded(2 * precision * recall / (precision + recall)),
        "precision_at_10": rounded(mean(tops)),
        "ndcg_at_10": rounded(mean(gains)),
    }


def speed(topics: Sequence[Topic], items: Sequence[Item], runs: int = 3) -> dict[str, float]:
    """Return processor seconds, medians: 1,000 articles for 10,000 profiles, one article more, and FTS5 beside it."""
    articles = [article_of(item) for item in items[-1_000:]]
    matcher = Matcher(topics, [analyse(article_of(item)) for item in items[-2_000:-1_000]])
    matcher.topics(analyse(articles[0]))
    for article in articles:  # each topic is learned once a day, when it is first asked for
        matcher.topics(analyse(article))
    profiles = _profiles(topics)
    audience = Audience(profiles)
    keywords = Keywords(audience.keywords)
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        began = process_time()
        analysed = [analyse(article) for article in articles]
        matches = [matcher.topics(one) for one in analysed]
        taken["match_1000"].append(process_time() - began)
        pool = _pool(articles, analysed, matches)
        for interests in profiles:
            select_digest(pool, interests, frozenset())
        taken["choose_1000_for_10000"].append(process_time() - began)
        began = process_time()
        for article in articles:
            one = analyse(article)
            audience.of(matcher.topics(one), keywords.matches(one))
        taken["add_one_to_10000"].append((process_time() - began) / len(articles))
        taken["sqlite_fts5_match_1000"].append(_fts5(topics, articles))
    return {name: statistics.median(values) for name, values in taken.items()}


def _profiles(topics: Sequence[Topic]) -> list[Interests]:
    drawn = random.Random(0)
    slugs = [topic.slug for topic in topics]
    words = sorted({word for topic in topics for word in topic.keywords})
    return [
        Interests(
            tuple(sorted(Follow(slug) for slug in drawn.sample(slugs, drawn.randint(1, min(TOPICS_EACH, len(slugs)))))),
            keywords=tuple(drawn.sample(words, 1)) if number % 4 == 0 else (),
        )
        for number in range(PROFILES)
    ]


def _pool(articles: Sequence[Article], analysed: Sequence[Analysed], matches: Sequence[Mapping[str, Any]]) -> Pool:
    rules = Rules(_NOW, _NOW, timedelta(days=14), timedelta(days=3), timedelta(days=2), max_items=10, min_items=1)
    stored = [StoredArticle(n, n, n, one, _NOW - timedelta(minutes=n + 1)) for n, one in enumerate(articles)]
    candidates = [Candidate(one, found) for one, found in zip(stored, matches, strict=True)]
    return Pool(candidates, rules, KeywordIndex(analysed).matches)


def _fts5(topics: Sequence[Topic], articles: Sequence[Article]) -> float:
    """Return what SQLite's full-text index needs to take the articles in and rank them for each topic by BM25."""
    began = process_time()
    with sqlite3.connect(":memory:") as base:
        base.execute("CREATE VIRTUAL TABLE news USING fts5(title, body, tokenize='porter unicode61')")
        base.executemany("INSERT INTO news VALUES (?, ?)", [(one.title, one.text) for one in articles])
        for topic in topics:
            sought = " OR ".join('"' + text.replace('"', "") + '"' for text in (topic.name, *topic.keywords))
            base.execute("SELECT rowid FROM news WHERE news MATCH ? ORDER BY bm25(news, 5, 1)", (sought,)).fetchall()
    return process_time() - began
