"""Files that are read: one bad file never stops the rest, and each problem is told in one line."""

from __future__ import annotations

import gzip
import os

import pytest

from digest.pipeline.collecting import collect
from digest.pipeline.collecting.collect import read_paths
from tests.pipeline.collect.newsroom import PAGE, WORDS, rss, write


def test_a_bad_file_is_told_in_one_line_and_the_rest_goes_on(articles, now):
    """The line names the file and the reason."""
    write(articles, "good.txt", PAGE)
    bad = {
        "empty.txt": "",
        "blank.md": "\n\n\t\n",
        "feed.xml": "<rss><channel><item>",
        "only-title.txt": "A title and nothing else\n",
        "data.json": '{"a": [1, 2',
        "page.html": "<html><body></body></html>",
    }
    for name, text in bad.items():
        write(articles, name, text)
    write(articles, "also-good.md", "# Bridge Closed\n\nThe old bridge is closed until the spring, the city said.\n")
    (articles / "picture.png").write_bytes(b"\x89PNG")

    found = read_paths([articles], now=now)

    assert sorted(article.title for article in found.articles) == ["Bridge Closed", "Harbour Opens Again"]
    assert len(found.problems) == len(bad)
    for name in bad:
        (line,) = [problem for problem in found.problems if name in problem]
        path, _, reason = line.partition(f"{name}: ")
        assert path == f"{articles}/"
        assert len(reason) > 10
        assert "\n" not in line


@pytest.mark.parametrize(
    ("place", "says"),
    [
        pytest.param("nowhere.txt", "no such file or folder", id="no such file"),
        pytest.param("x" * 300, "cannot be read", id="a name too long"),
        pytest.param("HTTP://127.0.0.1/feed", "private", id="a private address in capitals"),
        pytest.param("http://[::1]:99/", "port 99", id="a port that is none of the web's"),
        pytest.param("https://exa mple.org/", "https://exa mple.org/", id="no address"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_place_that_cannot_be_read_is_told_and_the_next_one_is_read(articles, monkeypatch, place, says, now):
    """A typing mistake in one argument does not cost the others."""
    monkeypatch.chdir(articles)
    good = write(articles, "good.txt", PAGE)

    found = read_paths([place, good], now=now) if place else read_paths([good], now=now)

    assert [article.title for article in found.articles] == ["Harbour Opens Again"]
    assert [says in problem.lower() or says in problem for problem in found.problems] == ([True] if place else [])


def test_a_file_nobody_may_read_is_told(articles, now):
    """Rights are a matter for the operator, by name."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    write(articles, "secret.txt", PAGE).chmod(0)

    found = read_paths([articles], now=now)

    assert found.problems == [f"{articles}/secret.txt: cannot be read (Permission denied)"]


def test_a_file_too_large_is_not_read_into_memory(articles, monkeypatch, now):
    """The cap comes before any parser."""
    path = articles / "huge.txt"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda self: pytest.fail("read"))

    found = read_paths([path], now=now)

    assert found.problems == [f"{path}: the file is larger than 5,242,880 bytes"]


def test_a_parser_that_breaks_costs_one_file(articles, monkeypatch, now):
    """Parsers of other people raise anything at hostile input."""
    write(articles, "a.txt", PAGE)
    write(articles, "b.txt", PAGE)
    reader = collect.reading_of_file

    def break_on_a(path, data, *, now):
        if path.name == "a.txt":
            raise RecursionError("maximum recursion depth exceeded")
        return reader(path, data, now=now)

    monkeypatch.setattr(collect, "reading_of_file", break_on_a)

    found = read_paths([articles], now=now)

    assert len(found.articles) == 1
    assert found.problems == [f"{articles}/a.txt: cannot be read (RecursionError; the log has more, please report it)"]


def test_a_gzipped_feed_file_is_read_as_the_feed_in_it(articles, now):
    """Archives keep their feeds so."""
    path = articles / "feed.xml.gz"
    path.write_bytes(gzip.compress(rss(("Harbour", "https://press.example.net/h", "1", WORDS))))

    for place in (path, articles):
        found = read_paths([place], now=now)

        assert ([each.title for each in found.articles], found.problems) == (["Harbour"], [])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(gzip.compress(b" " * 6_000_000), "unfolds to more than 5,242,880 bytes", id="too large"),
        pytest.param(gzip.compress(b"<rss/>" * 99)[:30], "ends too early", id="cut off"),
        pytest.param(b"\x1f\x8bno such thing", "is not gzip", id="not gzip"),
    ],
)
def test_a_gzipped_file_that_cannot_be_unfolded_says_why(articles, data, reason, now):
    """Nothing is unfolded beyond what we would read."""
    path = articles / "feed.xml.gz"
    path.write_bytes(data)

    (problem,) = read_paths([path], now=now).problems

    assert problem.startswith(f"{path}: ")
    assert reason in problem


def test_a_password_in_an_address_stands_in_no_report(now):
    """Nor does the place itself, which a report names."""
    (problem,) = read_paths(["https://anna:hunter2@press.example.org/feed"], now=now).problems

    assert "hunter2" not in problem
    assert "press.example.org/feed" in problem


WHOLE = "<rss version='2.0'><channel><title>Wire</title><item><title>One</title><description>Text</description></item>"


@pytest.mark.parametrize(
    ("feed", "count", "said"),
    [
        pytest.param(f"{WHOLE}<item><title>Tw", 1, "read it again when it is whole", id="it ends within an entry"),
        pytest.param(f"{WHOLE}", 1, "check it with a feed validator", id="it ends between entries"),
        pytest.param(WHOLE[:-20], 0, "read it again when it is whole", id="half an entry is there"),
        pytest.param(WHOLE[:40], 0, "check it with a feed validator", id="nothing of it is there"),
    ],
)
def test_a_feed_that_is_cut_off_says_so_once_and_says_what_to_do(articles, now, feed, count, said):
    """Not that something was read when nothing was."""
    write(articles, "wire.xml", feed)

    found = read_paths([articles / "wire.xml"], now=now)

    assert len(found.articles) == count
    assert [problem.endswith(said) for problem in found.problems] == [True]
    assert ("no article can be read" in found.problems[0]) == (count == 0)
