"""What comes back, read against expected answers: classes, codes, intervals, and what is left without what was seen.

The corpus is a folder with `messages/*.eml` and `expected.json`: file -> one entry for each recipient, with `class`,
`status` and `reply_code`. The name of a file up to its number is the kind of server that wrote it.

Cross-validated: the reports of each kind of server are read once more without every phrase that, in this corpus,
only reports of that kind hold, as if nobody had ever seen one of them. That takes away what general knowledge put
there as well, so what is left is a floor.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest.feedback.charset import decode_text
from digest.feedback.mail import parse_mail
from digest.feedback.read import read_report
from digest.feedback.rules import Phrase, Rules, plain, shipped_rules
from digest.feedback.wording import read_wording
from digest.model.feedback import ReportClass, ReportKind
from scripts.benchmarks.flufl import read_by_flufl
from scripts.benchmarks.measured import Stretch

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpora" / "bounces"
BARS = {
    "recognised": 0.97, "hard_recall": 0.95, "hard_precision": 0.98, "class_right": 0.90, "first_digit": 0.95,
    "complaints": 1.0,
}  # fmt: skip
Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True)
class Answer:
    """One expected recipient beside what was read; "" where there was no entry for it."""

    server: str
    wanted: str
    wanted_status: str
    found: str
    found_status: str
    is_recognised: bool


def main() -> None:
    """Read the corpus as it is and cross-validated, and print both."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--corpus", type=Path, default=CORPUS, help="a folder with messages/ and expected.json")
    given = asked.parse_args()
    if not (given.corpus / "expected.json").is_file():
        sys.exit(f"{given.corpus} has no expected.json; name a corpus with --corpus")
    print(json.dumps(measure(given.corpus), indent=2))


def measure(corpus: Path) -> dict[str, Any]:
    """Return all figures."""
    rules = shipped_rules()
    with Stretch() as stretch:
        answers = list(read_corpus(corpus, rules))
    blind = list(without_what_was_seen(corpus, rules))
    mails = len(list((corpus / "messages").glob("*.eml")))
    figures = figures_of(answers)
    return {
        "what": "reports that came back, read against expected answers",
        "parameters": {"corpus": corpus.name, "mails": mails, "recipients": len(answers)},
        "milliseconds_per_mail": round(1000 * stretch.cpu / max(mails, 1), 2),
        "figures": figures,
        "confusion": confusion_of(answers),
        "by_server": by_server(answers),
        "cross_validated": figures_of(blind),
        "cross_validated_confusion": confusion_of(blind),
        "flufl_bounce": read_by_flufl(corpus),
        "met": all(each["met"] for each in figures.values()),
    }


def read_corpus(corpus: Path, rules: Rules, only: str | None = None) -> Iterator[Answer]:
    """Give every expected recipient with what is read for it, of all kinds of server or of one."""
    expected = json.loads((corpus / "expected.json").read_text("utf-8"))
    for name, entries in expected.items():
        server = server_of(name)
        if only is not None and server != only:
            continue
        reports = read_report((corpus / "messages" / name).read_bytes(), rules)
        for number, entry in enumerate(entries):
            found = reports[number] if number < len(reports) else None
            yield Answer(
                server,
                entry["class"],
                entry.get("status", ""),
                found.report_class if found else "",
                found.status if found else "",
                found is not None and found.kind is not ReportKind.UNKNOWN,
            )


def without_what_was_seen(corpus: Path, rules: Rules) -> Iterator[Answer]:
    """Give the answers for each kind of server by rules without the phrases that only its reports hold."""
    holders = holders_of(corpus, rules)
    for server in sorted({server_of(path.name) for path in (corpus / "messages").glob("*.eml")}):
        yield from read_corpus(corpus, rules.keeping(lambda each, own={server}: holders.get(each) != own), server)


def holders_of(corpus: Path, rules: Rules) -> dict[Phrase, set[str]]:
    """Return, for each phrase that the corpus holds, the kinds of server whose reports hold it."""
    holders: dict[Phrase, set[str]] = defaultdict(set)
    phrases: list[Phrase] = []
    rules.keeping(lambda each: bool(phrases.append(each)))
    for path in sorted((corpus / "messages").glob("*.eml")):
        words = words_of(path.read_bytes(), rules)
        for phrase in phrases:
            if phrase.find(words) >= 0:
                holders[phrase].add(server_of(path.name))
    return holders


def words_of(data: bytes, rules: Rules) -> str:
    """Return everything that a report says itself, as phrases are compared."""
    mail = parse_mail(data)
    fields = "\n".join(mail.get(name) for name in ("from", "subject", "x-mailer"))
    parts = "\n".join(decode_text(part.content) for part in mail.walk() if part.type.endswith("status"))
    return plain(f"{fields}\n{read_wording(mail, rules).text}\n{parts}")


def server_of(name: str) -> str:
    """Return the kind of server that the name of a file tells."""
    return name.rpartition("-")[0]


def figures_of(answers: list[Answer]) -> dict[str, dict[str, Any]]:
    """Return each figure that has a bar."""
    hard = [each for each in answers if each.wanted == ReportClass.HARD]
    called_hard = [each for each in answers if each.found == ReportClass.HARD]
    coded = [each for each in answers if each.wanted_status]
    complaints = [each for each in answers if each.wanted == ReportClass.COMPLAINT]
    counts = {
        "recognised": (sum(each.is_recognised for each in answers), len(answers)),
        "hard_recall": (sum(each.found == ReportClass.HARD for each in hard), len(hard)),
        "hard_precision": (sum(each.wanted == ReportClass.HARD for each in called_hard), len(called_hard)),
        "class_right": (sum(each.found == each.wanted for each in answers), len(answers)),
        "first_digit": (sum(each.found_status[:1] == each.wanted_status[:1] for each in coded), len(coded)),
        "complaints": (sum(each.found == ReportClass.COMPLAINT for each in complaints), len(complaints)),
    }
    return {name: against(right, of, BARS[name]) for name, (right, of) in counts.items()}


def against(right: int, of: int, bar: float) -> dict[str, Any]:
    """Return a share with its interval and whether it meets its bar; a share of nothing meets every bar."""
    share = right / of if of else 1.0
    low, high = wilson(right, of)
    return {
        "right": right, "of": of, "share": round(share, 4), "interval": [round(low, 4), round(high, 4)],
        "bar": f">= {bar}", "met": share >= bar,
    }  # fmt: skip


def wilson(right: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson's score interval)."""
    if not of:
        return 0.0, 1.0
    share, square = right / of, Z * Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def confusion_of(answers: list[Answer]) -> Mapping[str, Mapping[str, int]]:
    """Return expected class -> read class -> how many."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for each in answers:
        table[each.wanted][each.found or "missing"] += 1
    return {wanted: dict(found) for wanted, found in sorted(table.items())}


def by_server(answers: list[Answer]) -> Mapping[str, Mapping[str, Any]]:
    """Return, for each kind of server, how many classes are right, with the interval."""
    of = Counter(each.server for each in answers)
    right = Counter(each.server for each in answers if each.found == each.wanted)
    return {
        server: {
            "right": right[server],
            "of": total,
            "interval": [round(end, 3) for end in wilson(right[server], total)],
        }
        for server, total in sorted(of.items())
    }


if __name__ == "__main__":
    main()
