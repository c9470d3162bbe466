"""Choosing: how good ranking and readers' matches are on labelled news, and how fast; beside others' ways.

The labels are for scoring. With examples, a topic's examples are what carries its label on other days.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from digest.enrichment.ranking.reading import Item
from digest.model.topic import Topic
from digest.model.words import stems
from digest.pipeline.collecting.rank_topics import Definitions, rank_topics, read_articles, read_definitions
from scripts.benchmarks.gain import Pair, Relevant, gains, interval, mean, relevant
from scripts.benchmarks.matching import quality, speed
from scripts.benchmarks.measured import against, report, rounded, tell

NEWS = Path(__file__).resolve().parents[2].parent / "shared" / "corpora" / "news"
TOP = 10
ALONE, TAUGHT = 0.88, 0.90  # the bars

Ranking = Mapping[str, Mapping[str, Sequence[Any]]]
Score = Callable[[Topic, Item], float]


def labels_of(path: Path) -> dict[Any, list[str]]:
    """Return id -> topics; only this side looks at them."""
    unfold = gzip.open if path.suffix == ".gz" else open
    with unfold(path, "rt", encoding="utf-8") as lines:
        return {article["id"]: article.get("topics", []) for article in map(json.loads, lines)}


def by_score(topics: Sequence[Topic], items: Sequence[Item], score: Score) -> Ranking:
    """Rank by *score* alone, the first of two equal ones first."""
    days: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        days[item.day].append(item)
    return {
        day: {
            topic.slug: [item.id for item in sorted(ours, key=lambda item: -score(topic, item))[:TOP]]
            for topic in topics
        }
        for day, ours in days.items()
    }


def counting(topics: Sequence[Topic], items: Sequence[Item]) -> Ranking:
    """Rank by how often a topic's keywords stand in title and text."""
    texts = {item.id: f" {' '.join(stems(f'{item.title} {item.text}'))} " for item in items}
    sought = {topic.slug: {f" {' '.join(stems(one))} " for one in topic.keywords} for topic in topics}
    return by_score(topics, items, lambda topic, item: sum(map(texts[item.id].count, sought[topic.slug])))


def tf_idf(topics: Sequence[Topic], items: Sequence[Item]) -> Ranking:
    """Rank by the cosine of an article with a topic's name and keywords."""
    texts = {item.id: Counter(stems(f"{item.title} {item.text}")) for item in items}
    spread = Counter(word for words in texts.values() for word in words)

    def vector(words: Counter[str]) -> dict[str, float]:
        weighed = {
            word: (1 + math.log(times)) * math.log(len(texts) / spread[word])
            for word, times in words.items()
            if word in spread
        }
        length = math.hypot(*weighed.values()) or 1.0
        return {word: weight / length for word, weight in weighed.items()}

    articles = {key: vector(words) for key, words in texts.items()}
    sought = {topic.slug: vector(Counter(stems(" ".join([topic.name, *topic.keywords])))) for topic in topics}

    def cosine(topic: Topic, item: Item) -> float:
        article = articles[item.id]
        return sum(weight * article.get(word, 0.0) for word, weight in sought[topic.slug].items())

    return by_score(topics, items, cosine)


def with_examples(topics: Sequence[Topic], items: Sequence[Item], right: Relevant, folds: int) -> Ranking:
    """Rank each fold of days (every *folds*-th) with the right articles of all other days as examples."""
    days = sorted({item.day for item in items})
    found: dict[str, Mapping[str, Sequence[Any]]] = {}
    for number in range(folds):
        held = set(days[number::folds])
        examples: defaultdict[str, list[Any]] = defaultdict(list)
        for (day, slug), ids in sorted(right.items()):
            if day not in held:
                examples[slug] += sorted(ids)
        taught = {slug: tuple(ids) for slug, ids in examples.items()}
        ranking = rank_topics(Definitions(tuple(topics), taught), items, TOP)
        found.update({day: ranking[day] for day in held})
        tell(f"with examples: fold {number + 1} of {folds}")
    return found


def summed(gained: Mapping[Pair, float]) -> dict[str, float]:
    """Return the mean of all days and topics with its interval."""
    low, high = interval(list(gained.values()))
    return {"ndcg_at_10": rounded(mean(gained.values())), "low": rounded(low), "high": rounded(high)}


def report_speed(topics: Sequence[Topic], items: Sequence[Item]) -> None:
    """Print how long it takes to choose, in processor seconds, against the bars of a slot."""
    taken = speed(topics, items)
    beside = taken["match_1000"] / taken["sqlite_fts5_match_1000"]
    report(
        "processor seconds of choosing: 1,000 articles, 10,000 profiles of up to 20 topics",
        argparse.Namespace(),
        {"ours": {name: rounded(value) for name, value in taken.items()}},
        {
            "add_one_to_10000": against([taken["add_one_to_10000"]], at_most=0.005),
            "choose_1000_for_10000": against([taken["choose_1000_for_10000"]], at_most=3.0),
            "match_beside_sqlite_fts5": against([beside]),
        },
    )


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--articles", type=Path, default=NEWS / "dev.jsonl.gz", help="JSON lines with labels")
    asked.add_argument("--topics", type=Path, default=NEWS / "topics.json")
    asked.add_argument("--folds", type=int, default=5, help="of days, for the examples; 0 leaves them out")
    asked.add_argument("--every", type=int, default=3, help="score readers' matches on every so many days; 0: none")
    asked.add_argument("--speed", action="store_true", help="only how fast it is")
    asked.add_argument("--days", type=int, nargs=2, default=(0, 1), metavar=("FIRST", "STEP"), help="score these only")
    given = asked.parse_args()
    topics, items = read_definitions(given.topics).topics, read_articles(given.articles)
    if given.speed:
        report_speed(topics, items)
        return
    labels = labels_of(given.articles)
    right = relevant(((one.id, one.day, labels[one.id]) for one in items), {topic.slug for topic in topics})
    first, step = given.days
    scored = set(sorted({one.day for one in items})[first::step])
    kept = {pair: ids for pair, ids in right.items() if pair[0] in scored}
    sides = {"keyword_counts": counting(topics, items), "tf_idf": tf_idf(topics, items)}
    tell("without examples")
    sides["ours"] = rank_topics(Definitions(topics, {}), items, TOP)
    if given.folds:
        sides["ours_with_examples"] = with_examples(topics, items, right, given.folds)
    figures = {name: gains(ranking, kept) for name, ranking in sides.items()}
    bars = {"ours": against([mean(figures["ours"].values())], at_least=ALONE)}
    if given.folds:
        bars["ours_with_examples"] = against([mean(figures["ours_with_examples"].values())], at_least=TAUGHT)
    worst: defaultdict[str, list[float]] = defaultdict(list)
    for (_, slug), gain in figures["ours"].items():
        worst[slug].append(gain)
    report(
        "nDCG@10 over days and topics, with 95 % bootstrap intervals",
        argparse.Namespace(**{name: str(value) for name, value in vars(given).items()}),
        {name: summed(gained) for name, gained in figures.items()}
        | (quality(topics, items, right, given.every) if given.every else {}),
        bars,
        pairs=len(kept),
        by_topic={slug: rounded(mean(values)) for slug, values in sorted(worst.items())},
    )


if __name__ == "__main__":
    main()
