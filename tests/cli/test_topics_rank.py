"""`digest topics rank`: two files in, the best articles of each day and topic out; nothing is stored."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.cli.program import Program

TOPICS = [
    {"slug": "cocoa", "name": "Cocoa", "keywords": ["cocoa", "cocoa beans"]},
    {"slug": "rates", "name": "Interest rates", "keywords": ["discount rate"]},
    {"slug": "chess", "name": "Chess"},
]
ARTICLES = [
    ("a", "2026-11-23T06:00:00Z", "Museum opens a wing", "Paintings that were in cellars can be seen from Sunday."),
    ("b", "2026-11-23T07:00:00Z", "Cocoa harvest delayed", "Growers in the delta wait for rain on the pods."),
    ("c", "2026-11-23T08:00:00Z", "Rain returns to the delta", "Growers say the pods will ripen in a month."),
    (4, "2026-11-24T06:00:00Z", "Bank holds its discount rate", "Lenders had hoped for cheaper money."),
]


@pytest.fixture
def files(tmp_path):
    """Write the files of an editor, the articles with labels that are all wrong; give the program beside them."""
    program = Program(tmp_path)
    program.write("topics.json", json.dumps(TOPICS))
    lines = [
        json.dumps({"id": key, "published_at": at, "title": title, "text": text, "topics": ["chess"]})
        for key, at, title, text in ARTICLES
    ]
    (tmp_path / "news.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    program.write("backwards.jsonl", "\n".join(line.replace('["chess"]', "[]") for line in reversed(lines)))
    return program


def rank(program, *more, articles="news.jsonl.gz"):
    return program.run("topics", "rank", "--topics", "topics.json", "--articles", articles, *more)


def test_an_editor_sees_the_best_articles_of_each_day_and_topic(files):
    """Day, topic, ids as the file has them, best first; a topic that nobody writes about has none."""
    told = rank(files, "--top", 2, "--json")

    assert told.status == 0, told.err
    assert {day: {slug: len(ids) for slug, ids in found.items()} for day, found in told.json.items()} == {
        "2026-11-23": {"cocoa": 2, "rates": 2},
        "2026-11-24": {"cocoa": 1, "rates": 1},
    }
    assert told.json["2026-11-23"]["cocoa"] == ["b", "c"]
    assert told.json["2026-11-24"]["rates"] == [4]
    assert not (files.folder / "var").exists()


def test_labels_and_the_order_of_lines_change_nothing(files):
    """The file backwards and without its labels prints the same bytes."""
    assert rank(files, "--json", articles="backwards.jsonl").out == rank(files, "--json").out


def test_an_editor_without_a_program_reads_titles(files):
    """Without --json it is a table."""
    told = rank(files, "--top", 1)

    assert told.status == 0
    assert "Cocoa harvest delayed" in told.out


@pytest.mark.parametrize(
    ("articles", "more", "status", "said"),
    [
        pytest.param("none.jsonl.gz", (), 1, "digest: none.jsonl.gz: No such file or directory", id="no such file"),
        pytest.param("topics.json", (), 1, "digest: topics.json:1: expected a JSON object", id="another file"),
        pytest.param("news.jsonl.gz", ("--top", 0), 2, "'0' is not a whole number from 1 on", id="no place"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(files, articles, more, status, said):
    """With the status that says whose mistake it is."""
    told = rank(files, *more, articles=articles)

    assert told.status == status
    assert said in told.error_lines[-1]
