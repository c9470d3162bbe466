"""The worked example of docs/choosing.md, line by line against what the program makes of the sample."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.pipeline.collecting.collect import read_paths, store_articles
from digest.pipeline.newsletters.apply_newsletters import apply_file
from digest.pipeline.previewing.preview import preview
from digest.pipeline.subscribers.import_subscribers import import_file
from digest.shipped import shipped_folder
from tests.house import SECRET, House

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\| (.+) \| (\d+\.\d\d) \| (.+) \|$", re.MULTILINE)


@pytest.mark.sqlite
def test_the_example_in_the_docs_is_what_the_sample_reader_gets(house: House) -> None:
    """Titles, scores and reasons; and how many more are left out."""
    house.clock.at = now = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    files = shipped_folder("subscribers")
    apply_file(house.engine, files / "example.toml", postal_address="", dry_run=False, now=now)
    import_file(house.engine, files / "readers.example.csv", newsletter="daily", now=now, secret=SECRET)
    found = read_paths([ROOT / "digest" / "cli" / "demo" / "articles"], now=now)
    store_articles(house.engine, found.articles, source="", now=now)
    shown = preview(house.installation, "daily", "world@example.org", at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    chosen = [
        (one.article.article.title, f"{one.score:.2f}", str(item["why"]))
        for one, item in zip(shown.selection.chosen, shown.made.items, strict=True)
    ]
    left = [(one.article.article.title, f"{one.score:.2f}", one.reason.value) for one in shown.selection.rejected]
    lines = LINE.findall((ROOT / "docs" / "choosing.md").read_text(encoding="utf-8"))[:8]

    assert lines[:5] == chosen
    assert [(title, score) for title, score, _ in lines[5:7]] == [(title, score) for title, score, _ in left[:2]]
    assert [score for _, score, _ in left[2:]] == ["0.00"] * 10
    assert {reason for *_, reason in left} == {"no_match"}
    assert lines[7][:2] == ("ten more", "0.00")
