"""How long `digest simulate` takes for a month of daily mails: seconds, against the bar of a minute."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.pipeline.previewing.simulate import Span, simulate
from digest.pipeline.subscribers.import_subscribers import import_file
from digest.store.articles import save_article
from scripts.benchmarks.material import SLUG, articles, fill, open_house, write_csv
from scripts.benchmarks.measured import Stretch, against, report, rounded, tell

MONTH = 30  # days


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--readers", type=int, default=10_000)
    asked.add_argument("--profiles", type=int, default=1_000, help="distinct sets of interests")
    asked.add_argument("--articles", type=int, default=20, help="new ones each day")
    asked.add_argument("--days", type=int, default=MONTH)
    given = asked.parse_args()
    with TemporaryDirectory(prefix="digest-") as name:
        folder = Path(name)
        house = open_house(folder, f"sqlite:///{folder}/digest.db")
        fill(house, 0)
        now = house.clock.now()
        made = articles(given.days * given.articles)
        with house.engine.begin() as connection:
            for number, one in enumerate(made):
                at = now - timedelta(days=given.days * (1 - number / len(made)))
                save_article(connection, one, source="", now=at)
        write_csv(folder / "readers.csv", given.readers, given.profiles)
        joined = now - timedelta(days=given.days + 1)
        import_file(house.engine, folder / "readers.csv", newsletter=SLUG, now=joined, secret=house.secret)
        tell("simulating")
        first = (now - timedelta(days=given.days - 1)).date()
        with Stretch() as taken:
            slots = list(simulate(house, SLUG, Span(first, first + timedelta(days=given.days - 1))))
        house.engine.dispose()
    report(
        f"simulating {given.days} days of a daily newsletter",
        given,
        {"ours": {"seconds": rounded(taken.seconds), "processor_seconds": rounded(taken.cpu)}},
        {"seconds": against([taken.seconds], at_most=60.0), "processor_seconds": against([taken.cpu], at_most=60.0)},
        slots=len(slots),
        digests=sum(len(slot.digests) for slot in slots),
        mails=sum(each.readers for slot in slots for each in slot.digests),
    )


if __name__ == "__main__":
    main()
