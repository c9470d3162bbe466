"""A reader writes what they think of an article, an editor decides, and who follows the article hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from digest.model.stream import Category
from digest.model.thought import ThoughtState
from digest.pipeline.reading.thoughts import decline, publish
from digest.store.engine import reading
from digest.store.thoughts import in_state
from tests.house import House
from tests.pipeline.happenings import stream, tick
from tests.sink import Sink
from tests.web.asking import ANNA

WORDS = Category({"en": "{actors} shared a thought on {object}"}, {"en": "{count} new thoughts on {object}"})


@pytest.fixture
def thinking(anna: House, sink: Sink) -> House:
    """Give an installation in which Anna and Ben were sent an article, and which has a stream for thoughts."""
    stream(anna, slug="thoughts", categories={"thought": WORDS})
    anna.reader("ben@example.org", topics="trade", name="Ben")
    anna.article("trade", "Tariff truce")
    anna.move(hours=2)
    anna.send(sink)
    sink.clear()
    return anna


def path(house: House, who: str) -> str:
    """Return the address of the page about the article in somebody's mail."""
    rows = house.rows("SELECT id FROM deliveries WHERE address = :a ORDER BY id LIMIT 1", a=who)
    (article,) = house.rows("SELECT MAX(id) FROM articles")[0]
    return f"{house.links.view(rows[0][0])}/thoughts/{article}".removeprefix("https://news.example.org")


def test_followers_hear_of_published_thoughts_gathered(thinking: House, ask: TestClient, sink: Sink) -> None:
    """From the link in the mail to one mail about four thoughts; nobody hears of their own."""
    asked = ask.post(path(thinking, ANNA), data={"words": "", "follows": "yes"})
    for number in range(4):
        ask.post(path(thinking, "ben@example.org"), data={"words": f"Thought {number} <b>", "name": "Ben"})
    ask.post(path(thinking, ANNA), data={"words": "My own.", "name": "Anna"})
    with reading(thinking.engine) as connection:
        waiting = in_state(connection, ThoughtState.WAITING)
    told = [publish(thinking.installation, each.thought_id, by="editor") for each in waiting]
    publish(thinking.installation, waiting[0].thought_id, by="editor")
    thinking.clock.at += timedelta(hours=1)
    tick(thinking, "thoughts")
    thinking.dispatch(sink)

    assert asked.status_code == 200
    assert told == [1, 1, 1, 1, 0]
    assert [(mail.recipient, str(mail.parsed["Subject"])) for mail in sink.mails] == [
        (ANNA, "4 new thoughts on Tariff truce")
    ]
    page = ask.get(path(thinking, "ben@example.org"))
    assert "Thought 3 &lt;b&gt;" in page.text
    assert thinking.rows("SELECT source FROM consents WHERE source = 'thoughts page'") == [("thoughts page",)]


def test_a_thought_that_was_declined_is_seen_by_nobody(thinking: House, ask: TestClient) -> None:
    """Nor one that waits."""
    for words in ("Rude words.", "Other words."):
        ask.post(path(thinking, ANNA), data={"words": words})
    decline(thinking.installation, 1, by="editor")

    page = ask.get(path(thinking, ANNA))

    assert "words." not in page.text


@pytest.mark.parametrize("fields", [{"words": " "}, {"words": "x" * 2_001}, {"words": "x", "name": "n" * 81}])
def test_what_is_no_thought_is_told_and_not_kept(thinking: House, ask: TestClient, fields: dict[str, str]) -> None:
    """What was typed stays on the page."""
    answer = ask.post(path(thinking, ANNA), data=fields)

    assert answer.status_code == 422
    assert thinking.rows("SELECT COUNT(*) FROM thoughts") == [(0,)]


def test_one_reader_cannot_fill_the_editors_desk(thinking: House, ask: TestClient) -> None:
    """Five wait at a time."""
    answers = [ask.post(path(thinking, ANNA), data={"words": f"{number}"}).status_code for number in range(6)]

    assert answers == [200] * 5 + [422]


@pytest.mark.parametrize("end", ["0", "999999", "x", "1/2"])
def test_an_article_that_is_not_in_the_mail_has_no_page(thinking: House, ask: TestClient, end: str) -> None:
    """The link speaks for one mail."""
    where = path(thinking, ANNA).rpartition("/")[0]

    assert ask.get(f"{where}/{end}").status_code == 404
    assert ask.get("/v/nonsense/thoughts/1").status_code == 404
