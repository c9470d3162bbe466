"""Splicing one reader's message against rendering it whole (Jinja, then premailer) for that reader, in one run."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from premailer import Premailer

from digest.model.article import StoredArticle
from digest.rendering.headers import constant_headers
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.press import Press
from digest.rendering.splice import ReaderValues, Splicer
from digest.rendering.templates import TemplateSet
from digest.rendering.views import Frame, card_view
from digest.rendering.whole import render_whole
from digest.shipped import shipped_folder
from scripts.benchmarks.material import articles

FRAME = Frame(
    name="The Measured Morning",
    sender_name="Example Press",
    sender_address="digest@news.example.org",
    list_id="bench.news.example.org",
    postal_lines=("Example Press", "12 Example Street", "10115 Berlin"),
)


def reader(number: int) -> ReaderValues:
    """Return the values of one reader."""
    token = f"{number:032d}"
    return ReaderValues(
        name=f"Reader Number {number}",
        address=f"reader{number}@example.org",
        unsubscribe_url=f"https://news.example.org/u/{token}",
        preferences_url=f"https://news.example.org/p/{token}",
        view_url=f"https://news.example.org/v/{token}",
        message_id=f"<{token}@news.example.org>",
        date=datetime(2026, 1, 5, 7, 0, number % 60, tzinfo=UTC),
    )


def seconds_each(call: Callable[[ReaderValues], object], count: int) -> float:
    """Return the mean seconds of *call* over *count* readers."""
    started = time.perf_counter()
    for number in range(count):
        call(reader(number))
    return (time.perf_counter() - started) / count


class PlainInliner:
    """premailer as it is published; the program's own remembers style sheets."""

    def inline(self, html: str) -> str:
        """Return *html* inlined."""
        return str(Premailer(html, keep_style_tags=True, strip_important=False, disable_validation=True).transform())


def main() -> None:
    """Measure in turn and print medians."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--articles", type=int, default=10, help="articles in the digest")
    asked.add_argument("--locale", default="en")
    asked.add_argument("--runs", type=int, default=5)
    given = asked.parse_args()
    templates = TemplateSet.load(shipped_folder("templates") / "email")
    now = datetime(2026, 1, 5, tzinfo=UTC)
    stored = [StoredArticle(n, n, n, each, now) for n, each in enumerate(articles(given.articles), 1)]
    views = [card_view(each, given.locale, topic_label="Subject") for each in stored]
    press = Press(templates, FRAME, given.locale)
    choices = tuple(CardChoice(each, "Because you follow Subject 1") for each in press.add_cards(views))
    parts = DigestParts(choices, "Monday, 5 January 2026", "What it is about", follows="You follow Subject 1.")
    composed = press.compose(parts)
    splicer = Splicer(
        composed.layout, composed.pieces, constant_headers(FRAME, composed.subject, composed.layout.boundary)
    )
    plain = replace(templates, inliner=PlainInliner())
    spliced, whole = [], []
    for _ in range(given.runs):
        # What making a reader costs is in both.
        spliced.append(seconds_each(splicer.splice, 2_000))
        whole.append(seconds_each(lambda one: render_whole(plain, FRAME, given.locale, views, parts, one), 5))
    ratios = [slow / fast for slow, fast in zip(whole, spliced, strict=True)]
    print(
        json.dumps(
            {
                "what": "splice per reader against Jinja + premailer per reader",
                **vars(given),
                "message_bytes": len(splicer.splice(reader(1))),
                "splice_us": round(statistics.median(spliced) * 1e6, 1),
                "jinja_premailer_ms": round(statistics.median(whole) * 1e3, 1),
                "ratio_median": round(statistics.median(ratios)),
                "ratio_min": round(min(ratios)),
                "ratio_max": round(max(ratios)),
                "bar": "ratio_median >= 300",
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
