"""One story, told once: which of labelled pairs of news are joined, and which are found at all.

The pairs were drawn by lot from strata of likeness and labelled by reading both texts (docs/choosing.md says how);
each counts for the pairs of its stratum that it was drawn from.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from digest.collection.canonical import TELLING_TEXT
from digest.enrichment.retelling import telling_of, tells_the_same
from digest.model.article import Article, Section
from digest.model.likeness import bands, lead_sketch, sketch
from scripts.benchmarks.measured import Measured, against, report, rounded

ROOT = Path(__file__).resolve().parents[2]
NEWS = ROOT.parent / "shared" / "corpora" / "news" / "dev.jsonl.gz"
LABELLED = ROOT / "tests" / "enrichment" / "told_again.json"
Count = Mapping[tuple[str, bool], float]  # label and whether joined -> pairs


def joined(one: Article, other: Article) -> tuple[bool, bool]:
    """Return whether a search by keys finds the one for the other, and whether both are then one story."""
    if min(len(one.text), len(other.text)) < TELLING_TEXT:
        return False, False
    keys, others = (set(bands(sketch(each.text), lead_sketch(each.text))) for each in (one, other))
    return not keys.isdisjoint(others), tells_the_same(telling_of(one), telling_of(other))


def measured(count: Count, wanted: str = "same") -> Measured:
    """Return precision and recall of what is joined."""
    right, missed = count.get((wanted, True), 0), count.get((wanted, False), 0)
    all_joined = sum(times for (_, is_joined), times in count.items() if is_joined)
    return {
        "precision": rounded(right / all_joined) if all_joined else 1.0,
        "recall": rounded(right / (right + missed)),
    }


def read_articles(path: Path, wanted: set[int]) -> Mapping[int, Article]:
    """Return the articles with these ids."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = (row for row in map(json.loads, lines) if row["id"] in wanted)
        return {row["id"]: Article(row["title"], (Section("", (row["text"],)),)) for row in rows}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--articles", type=Path, default=NEWS, help="JSON lines: id, title, text")
    asked.add_argument("--pairs", type=Path, default=LABELLED, help="JSON: strata with their sizes; labelled pairs")
    given = asked.parse_args()
    labelled = json.loads(given.pairs.read_text(encoding="utf-8"))
    articles = read_articles(given.articles, {number for pair in labelled["pairs"] for number in pair[:2]})
    drawn = Counter(stratum for *_, stratum in labelled["pairs"])
    plain, weighed = defaultdict[tuple[str, bool], float](float), defaultdict[tuple[str, bool], float](float)
    missed = 0
    for one, other, label, stratum in labelled["pairs"]:
        found, same = joined(articles[one], articles[other])
        missed += same and not found
        plain[label, same and found] += 1
        weighed[label, same and found] += labelled["strata"][stratum] / drawn[stratum]
    report(
        "pairs of articles that are joined to one story, against labels of people",
        argparse.Namespace(**{name: str(value) for name, value in vars(given).items()}),
        {"pairs": measured(plain), "each_for_its_stratum": measured(weighed)},
        {
            "precision": against([measured(weighed)["precision"]], at_least=0.98),
            "recall": against([measured(weighed)["recall"]], at_least=0.85),
        },
        labelled=len(labelled["pairs"]),
        joined_but_not_found_by_key=missed,
        labels=dict(Counter(label for _, _, label, _ in labelled["pairs"])),
    )


if __name__ == "__main__":
    main()
