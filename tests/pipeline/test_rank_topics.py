"""Files of topics and articles: what is read, and what is told of those that cannot be."""

from __future__ import annotations

import gzip
import json

import pytest

from digest.enrichment.ranking.reading import Item
from digest.errors import BadInput
from digest.model.topic import Topic
from digest.pipeline.collecting.rank_topics import Definitions, rank_topics, read_articles, read_definitions

GOOD = {"id": 7, "published_at": "1987-02-26T15:01:01Z", "title": "Cocoa harvest", "text": "Rain came."}


def line(**changes):
    return json.dumps({name: value for name, value in {**GOOD, **changes}.items() if value is not ...}).encode()


@pytest.fixture
def file(tmp_path):
    """Give a function that writes a file and returns its path."""

    def write(data, name="news.jsonl"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        pytest.param("news.jsonl", bytes, id="plain"),
        pytest.param("news.jsonl.gz", gzip.compress, id="gzip"),
        pytest.param("news", gzip.compress, id="gzip without its name"),
        pytest.param("news.jsonl", lambda data: b"\xef\xbb\xbf" + data, id="with a byte order mark"),
        pytest.param("news.jsonl", lambda data: data.replace(b"\n", b"\r\n\r\n"), id="with empty lines"),
    ],
)
def test_an_editor_s_articles_are_read_however_they_are_packed(file, name, pack):
    """Ids keep their type; a day is the one in UTC; labels are left alone."""
    data = b"\n".join([line(), line(id="b", published_at="2026-11-23T23:30:00-02:00", topics=["cocoa"], title=...)])

    items = read_articles(file(pack(data), name))

    assert items == [
        Item(7, "1987-02-26", "Cocoa harvest", "Rain came."),
        Item("b", "2026-11-24", "", "Rain came."),
    ]


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        pytest.param(line() + b"\n{", "n.jsonl", "n.jsonl:2: this line is not JSON", id="not JSON"),
        pytest.param(b"[" * 100_000, "n.jsonl", "n.jsonl:1: this line is not JSON", id="nested without end"),
        pytest.param(b"[1]", "n.jsonl", "n.jsonl:1: expected a JSON object", id="no object"),
        pytest.param(line(id=...), "n.jsonl", "n.jsonl:1: this article has no id", id="no id"),
        pytest.param(line(id=True), "n.jsonl", "n.jsonl:1: this article has no id", id="an id that is none"),
        pytest.param(line() + b"\n\n" + line(), "n.jsonl", "n.jsonl:3: id 7 stands in line 1 too", id="an id twice"),
        pytest.param(line(text=...), "n.jsonl", "n.jsonl:1: this article has no text", id="no text"),
        pytest.param(line(text=" ", title=""), "n.jsonl", "n.jsonl:1: this article has no text", id="an empty text"),
        pytest.param(line(text=5), "n.jsonl", "n.jsonl:1: text must be a text, not int", id="a number for a text"),
        pytest.param(line(published_at=...), "n.jsonl", "n.jsonl:1: published_at is None", id="no date"),
        pytest.param(line(published_at="soon"), "n.jsonl", "n.jsonl:1: published_at is 'soon'", id="no such date"),
        pytest.param(line() + b"\n\xff\xfe{", "n.jsonl", "n.jsonl:2: byte 1 is not UTF-8", id="another encoding"),
        pytest.param(line(), "n.jsonl.gz", "n.jsonl.gz: this is not gzip", id="not gzip"),
        pytest.param(gzip.compress(line())[:-9], "n.jsonl.gz", "ends too early", id="half a gzip file"),
        pytest.param(b"\n", "n.jsonl", "n.jsonl: there is no article", id="nothing in it"),
    ],
)
def test_an_editor_is_told_the_file_and_the_line_that_is_wrong(file, data, name, told):
    """One line, with what to do."""
    with pytest.raises(BadInput) as refused:
        read_articles(file(data, name))

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_editor_is_told_of_a_file_that_is_not_there(tmp_path):
    """Its name is in the line."""
    with pytest.raises(BadInput, match=r"none\.json: No such file"):
        read_definitions(tmp_path / "none.json")


def test_an_editor_s_topics_are_read_with_their_examples(file):
    """Examples are ids of the articles, or texts."""
    topics = [
        {
            "slug": "cocoa",
            "name": "Cocoa",
            "keywords": ["cocoa beans"],
            "parent": "food",
            "examples": [7, {"text": "T"}],
        },
        {"slug": "food", "name": "Food", "names": {"de": "Essen"}},
    ]

    found = read_definitions(file(json.dumps(topics).encode()))

    assert found.topics == (
        Topic("cocoa", "Cocoa", ("cocoa beans",), parent="food"),
        Topic("food", "Food", names={"de": "Essen"}),
    )
    assert found.examples == {"cocoa": (7, Item("", "", "", "T")), "food": ()}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(b"[\n{", "t.json:2: this is not JSON", id="not JSON"),
        pytest.param(b"\xff", "t.json: byte 1 is not UTF-8", id="another encoding"),
        pytest.param(b"{}", "expected a JSON array of topics", id="no array"),
        pytest.param(b"[1]", "topic 1: expected an object", id="no object"),
        pytest.param(b'[{"slug": "a"}]', "topic 1: name is missing", id="no name"),
        pytest.param(b'[{"slug": "a", "name": "A", "keywords": "a"}]', "topic 1: keywords", id="keywords in a text"),
        pytest.param(b'[{"slug": "a", "name": "A", "names": ["b"]}]', "topic 1: names", id="names in a list"),
        pytest.param(b'[{"slug": "a", "name": "A", "examples": 1}]', "topic 1: examples", id="examples in a number"),
        pytest.param(
            b'[{"slug": "a", "name": "A", "examples": [1.5]}]', "example 1.5 is neither", id="a broken example"
        ),
        pytest.param(
            b'[{"slug": "a", "name": "A"}, {"slug": "a", "name": "B"}]', "topic 2: slug 'a'", id="a slug twice"
        ),
    ],
)
def test_an_editor_is_told_which_topic_is_wrong(file, data, told):
    """The file and the number of the topic."""
    with pytest.raises(BadInput) as refused:
        read_definitions(file(data, "t.json"))

    assert told in str(refused.value)
    assert "t.json" in str(refused.value)


def test_an_example_that_no_article_has_is_refused():
    """A wrong id teaches nothing, and would do so silently."""
    definitions = Definitions((Topic("cocoa", "Cocoa"),), {"cocoa": (8,)})

    with pytest.raises(BadInput, match="topic 'cocoa': example 8 is no id"):
        rank_topics(definitions, [Item(7, "2026-11-23", "Cocoa", "")], 1)
