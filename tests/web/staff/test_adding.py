"""Editors add articles by hand: by an address, as a file, written in a form; the same again is never doubled."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.collection.fetched import Fetched
from digest.errors import FetchRefused
from digest.model.article import Article
from digest.model.staff import Role
from digest.pipeline.collecting import collect
from digest.store.articles import list_articles
from digest.store.engine import reading
from tests.house import House
from tests.web.staff.visiting import press, token

PAGE = "/staff/articles/add"
FILE = b"Rope is dear\n\nThe deck of it, in a line.\n\nHemp costs twice what it did. Nobody at the port knows why.\n"
FEED = b"""<rss version="2.0"><channel><title>Wire</title>
<item><title>One</title><link>https://example.org/1</link><description>The first of the two.</description></item>
<item><title>Two</title><link>https://example.org/2</link><description>The second of them.</description></item>
</channel></rss>"""


@pytest.fixture
def editor(visit: Any) -> TestClient:
    """Give the browser of an editor."""
    client: TestClient = visit(Role.EDITOR)
    return client


def bring(client: TestClient, content: bytes, name: str) -> Any:
    data = {"csrf": token(client, PAGE), "do": "file"}
    return client.post(PAGE, data=data, files={"file": (name, content)})


def write(client: TestClient, **fields: str) -> Any:
    return press(client, PAGE, page=PAGE, do="form", **fields)


def told(answer: Any) -> str:
    """Return what the page says went right, or wrong."""
    return " ".join(
        lxml_html.document_fromstring(answer.text).xpath("string(//*[@role='status' or @role='alert'])").split()
    )


def stored(house: House) -> list[Article]:
    with reading(house.engine) as connection:
        return [each.article for each in list_articles(connection)]


def test_a_file_becomes_an_article_once_however_often_it_is_brought(anna: House, editor: TestClient) -> None:
    """The page leads to it; an edited file edits it; who brought it is on record."""
    first = bring(editor, FILE, "rope.txt")

    assert told(first) == "Added Rope is dear"
    assert "/staff/articles/1" in first.text
    assert told(bring(editor, FILE, "rope.txt")) == "Here already, as it is Rope is dear"
    assert told(bring(editor, FILE.replace(b"twice", b"thrice"), "again.txt")) == "Updated Rope is dear"
    assert [each.title for each in stored(anna)] == ["Rope is dear"]
    acts = anna.rows("SELECT who, target FROM audit WHERE action = 'article.add'")
    assert acts == [("editor", "article 1")] * 3


def test_a_feed_brings_all_its_articles(anna: House, editor: TestClient) -> None:
    """Under whatever name it was saved."""
    assert told(bring(editor, FEED, "wire.txt")) == "Added (2) OneTwo"
    assert {each.url for each in stored(anna)} == {"https://example.org/1", "https://example.org/2"}


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"", "empty.txt", "empty.txt: the file is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "C:\\pictures\\a.png", "a.png: "),
        (b"\x1f\x8b\x08broken", "../../x.gz", "x.gz: "),
        (b"<rss><channel></channel></rss>", "none.xml", "there is no article in it"),
        (b"x" * (collect.LARGEST_FILE + 1), "long.txt", "long.txt: the file is larger than"),
        (b"One <b>line</b>", "<script>.txt", "<script>.txt: there is nothing under the title"),
    ],
    ids=["empty", "picture", "half a gzip", "empty feed", "too large", "no text"],
)
def test_a_file_that_is_no_article_is_told_in_one_line(
    anna: House, editor: TestClient, content: bytes, name: str, problem: str
) -> None:
    """With its name, and nothing comes in."""
    answer = bring(editor, content, name)

    assert answer.status_code == 422
    assert told(answer).startswith(problem)
    assert "<script>." not in answer.text
    assert stored(anna) == []


def test_an_address_is_fetched_as_those_of_sources_are(
    anna: House, editor: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page gets the address that it stands at."""
    asked: list[tuple[str, bool]] = []

    def fetch(url: str, *, allow_private: bool) -> Fetched:
        asked.append((url, allow_private))
        return Fetched(200, FILE, "text/plain", url=url)

    monkeypatch.setattr(collect, "fetch", fetch)
    answer = press(editor, PAGE, page=PAGE, do="address", place=" https://example.org/rope ")

    assert told(answer) == "Added Rope is dear"
    assert asked == [("https://example.org/rope", False)]
    assert stored(anna)[0].url == "https://example.org/rope"


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("", "write a whole web address"),
        ("/etc/passwd", "write a whole web address"),
        ("file:///etc/passwd", "write a whole web address"),
        ("http://127.0.0.1/", "127.0.0.1"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("https://mina:secret@example.org/", "has a user name"),
    ],
)
def test_what_is_no_address_of_the_web_is_not_read(anna: House, editor: TestClient, place: str, problem: str) -> None:
    """Neither files of the server nor its own network; what was typed stands in the field."""
    answer = press(editor, PAGE, page=PAGE, do="address", place=place)

    assert answer.status_code == 422
    assert problem in told(answer)
    assert "root:" not in answer.text
    assert stored(anna) == []
    assert lxml_html.document_fromstring(answer.text).get_element_by_id("place").get("value") == place


def test_a_refusal_of_a_server_is_told(anna: House, editor: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its words."""

    def refuse(url: str, **_: Any) -> Fetched:
        raise FetchRefused(f"{url}: it answered 404")

    monkeypatch.setattr(collect, "fetch", refuse)

    answer = press(editor, PAGE, page=PAGE, do="address", place="https://example.org/gone")
    assert told(answer) == "https://example.org/gone: it answered 404"


def test_an_article_is_written_in_the_form(anna: House, editor: TestClient) -> None:
    """Every field comes in; written again with its address it is the same article, edited."""
    said = {
        "title": "Rope is dear",
        "deck": "The deck.",
        "summary": "What mails say.",
        "text": "Hemp costs twice what it did, and nobody knows why.\n\n## Why\n\nThe harvest was small this year.",
        "topics": "trade",
        "disclaimer": "Written by a machine.",
        "related": "Hemp is back https://example.org/hemp",
        "address": "https://example.org/rope",
        "date": "2026-11-23T08:00",
        "zone": "Asia/Seoul",
    }
    assert told(write(editor, **said)) == "Added Rope is dear"
    (article,) = stored(anna)

    assert (article.deck, article.edited_summary, article.topics) == ("The deck.", "What mails say.", ("trade",))
    assert [each.heading for each in article.sections] == ["", "Why"]
    assert article.disclaimer == "Written by a machine."
    assert [(each.title, each.url) for each in article.related] == [("Hemp is back", "https://example.org/hemp")]
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2026-11-22T23:00:00+00:00"
    assert told(write(editor, **{**said, "deck": "A better deck."})) == "Updated Rope is dear"
    assert [each.deck for each in stored(anna)] == ["A better deck."]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"title": " "}, "give the article a title"),
        ({"text": "", "deck": " "}, "write a text, or at least a deck"),
        ({"topics": "no-such"}, "there is no topic 'no-such'"),
        ({"related": "https://example.org/hemp"}, "write a title before"),
        ({"address": "javascript:alert(1)"}, "the address is no web address"),
        ({"date": "2026-12-24T08:00"}, "the date is still to come"),
        ({"date": "yesterday"}, "is not a time"),
        ({"date": "2026-11-22T08:00", "zone": "Asia/Nowhere"}, "Nowhere"),
        ({"summary": "x" * 5_001}, "the summary is longer than"),
    ],
)
def test_what_is_wrong_in_the_form_is_told_and_nothing_typed_is_lost(
    anna: House, editor: TestClient, wrong: dict[str, str], problem: str
) -> None:
    """The fields come back as they were."""
    answer = write(editor, **{"title": "Rope", "text": "Half an hour of work, kept.", **wrong})

    assert answer.status_code == 422
    assert problem in told(answer)
    assert stored(anna) == []
    if "text" not in wrong:
        assert "Half an hour of work, kept." in answer.text


def test_a_long_korean_text_fits_into_the_form(anna: House, editor: TestClient) -> None:
    """Each letter of it takes nine bytes on the way."""
    answer = write(editor, title="밧줄이 비싸다", text="밧줄 값이 두 배로 올랐다. " * 2_000)

    assert told(answer) == "Added 밧줄이 비싸다"
